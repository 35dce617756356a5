"""Who may call: keys, scopes, and sources that a key is bound to."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver
from rest_framework.request import Request

from api import auth, keys
from api.auth import ApiKeyAuthentication
from api.keys import revoke_key
from api.scopes import CHANGES, CONFIRMATIONS, ERASE, INGEST, MERGES, OVERRIDES, READ, REPORTS, SCOPES, WEBHOOKS
from golden_records import lately
from golden_records.change import Change
from golden_records.models import SourceSystem
from tests.api.calling import Caller, problem_of, record_address
from tests.api.conftest import MakeCaller

pytestmark = pytest.mark.django_db

ADDRESS = record_address("crm", "customer", "0042")
BODY = {"attributes": {"legal_name": "Aperture"}}
UNKNOWN_ID = "0196a0b0-0000-7000-8000-000000000000"

# One row per address of the API: the scope that each method needs; None where no key is needed at all.
MATRIX: dict[str, dict[str, str | None]] = {
    "customer-record": {"GET": READ, "PUT": INGEST, "DELETE": INGEST},
    "project-record": {"GET": READ, "PUT": INGEST, "DELETE": INGEST},
    "unknown-entity": {"GET": READ, "PUT": INGEST, "DELETE": INGEST},
    "customers": {"GET": READ},
    "projects": {"GET": READ},
    "customer": {"GET": READ},
    "project": {"GET": READ},
    "customer-erasure": {"POST": ERASE},
    "project-erasure": {"POST": ERASE},
    "project-facts": {"GET": READ},
    "resolve-cross-references": {"POST": READ},
    "match-explanations": {"POST": READ},
    "changes": {"GET": CHANGES},
    "customer-overrides": {"GET": READ, "POST": OVERRIDES},
    "project-overrides": {"GET": READ, "POST": OVERRIDES},
    "customer-confirmation": {"POST": CONFIRMATIONS},
    "project-confirmation": {"POST": CONFIRMATIONS},
    "end-customer-confirmation": {"POST": CONFIRMATIONS},
    "end-project-confirmation": {"POST": CONFIRMATIONS},
    "overrides": {"GET": READ},
    "override": {"GET": READ},
    "end-override": {"POST": OVERRIDES},
    "merge-previews": {"POST": READ},
    "merges": {"GET": READ, "POST": MERGES},
    "merge": {"GET": READ},
    "undo-merge": {"POST": MERGES},
    "split-previews": {"POST": READ},
    "splits": {"GET": READ, "POST": MERGES},
    "split": {"GET": READ},
    "undo-split": {"POST": MERGES},
    "move-previews": {"POST": READ},
    "moves": {"GET": READ, "POST": MERGES},
    "move": {"GET": READ},
    "undo-move": {"POST": MERGES},
    "customer-hierarchy": {"GET": READ},
    "customer-children": {"GET": READ},
    "customer-group": {"GET": READ},
    "customer-parent": {"POST": OVERRIDES},
    "customer-parent-clear": {"POST": OVERRIDES},
    "customer-refused-parents": {"GET": READ},
    "reports": {"GET": REPORTS},
    "report": {"POST": REPORTS},
    "report-jobs": {"GET": REPORTS},
    "report-job": {"GET": REPORTS},
    "report-file": {"GET": REPORTS},
    "source-records": {"POST": INGEST},
    "job": {"GET": READ},
    "webhooks": {"GET": WEBHOOKS, "POST": WEBHOOKS},
    "webhook": {"GET": WEBHOOKS, "PATCH": WEBHOOKS, "DELETE": WEBHOOKS},
    "webhook-secret": {"POST": WEBHOOKS},
    "webhook-test": {"POST": WEBHOOKS},
    "webhook-deliveries": {"GET": WEBHOOKS},
    "webhook-dead-letters": {"GET": WEBHOOKS},
    "webhook-replay": {"POST": WEBHOOKS},
    "schema": {"GET": None},
    "docs": {"GET": None},
    "unknown-address": {"GET": None, "PUT": None, "POST": None, "DELETE": None},
}
ADDRESSES = {
    "customer-record": ADDRESS,
    "project-record": record_address("crm", "project", "P-1"),
    "unknown-entity": record_address("crm", "supplier", "1"),
    "customers": "/customers",
    "projects": "/projects",
    "customer": f"/customers/{UNKNOWN_ID}",
    "project": f"/projects/{UNKNOWN_ID}",
    "customer-erasure": f"/customers/{UNKNOWN_ID}/erasure",
    "project-erasure": f"/projects/{UNKNOWN_ID}/erasure",
    "project-facts": f"/projects/{UNKNOWN_ID}/facts",
    "resolve-cross-references": "/cross-references/resolve",
    "match-explanations": "/match-explanations",
    "changes": "/changes",
    "customer-overrides": f"/customers/{UNKNOWN_ID}/overrides",
    "project-overrides": f"/projects/{UNKNOWN_ID}/overrides",
    "customer-confirmation": f"/customers/{UNKNOWN_ID}/confirmation",
    "project-confirmation": f"/projects/{UNKNOWN_ID}/confirmation",
    "end-customer-confirmation": f"/customers/{UNKNOWN_ID}/confirmation/end",
    "end-project-confirmation": f"/projects/{UNKNOWN_ID}/confirmation/end",
    "overrides": "/overrides",
    "override": f"/overrides/{UNKNOWN_ID}",
    "end-override": f"/overrides/{UNKNOWN_ID}/end",
    "merge-previews": "/merge-previews",
    "merges": "/merges",
    "merge": "/merges/1",
    "undo-merge": "/merges/1/undo",
    "split-previews": "/split-previews",
    "splits": "/splits",
    "split": "/splits/1",
    "undo-split": "/splits/1/undo",
    "move-previews": "/move-previews",
    "moves": "/moves",
    "move": "/moves/1",
    "undo-move": "/moves/1/undo",
    "customer-hierarchy": f"/customers/{UNKNOWN_ID}/hierarchy",
    "customer-children": f"/customers/{UNKNOWN_ID}/children",
    "customer-group": f"/customers/{UNKNOWN_ID}/group",
    "customer-parent": f"/customers/{UNKNOWN_ID}/parent",
    "customer-parent-clear": f"/customers/{UNKNOWN_ID}/parent/clear",
    "customer-refused-parents": "/customers/refused-parents",
    "reports": "/reports",
    "report": "/reports/changes",
    "report-jobs": "/report-jobs",
    "report-job": f"/report-jobs/{UNKNOWN_ID}",
    "report-file": f"/report-jobs/{UNKNOWN_ID}/file",
    "source-records": "/source-records",
    "job": f"/jobs/{UNKNOWN_ID}",
    "webhooks": "/webhook-subscriptions",
    "webhook": f"/webhook-subscriptions/{UNKNOWN_ID}",
    "webhook-secret": f"/webhook-subscriptions/{UNKNOWN_ID}/rotate-secret",
    "webhook-test": f"/webhook-subscriptions/{UNKNOWN_ID}/test",
    "webhook-deliveries": f"/webhook-subscriptions/{UNKNOWN_ID}/deliveries",
    "webhook-dead-letters": f"/webhook-subscriptions/{UNKNOWN_ID}/dead-letters",
    "webhook-replay": f"/webhook-subscriptions/{UNKNOWN_ID}/dead-letters/1/replay",
    "schema": "/schema",
    "docs": "/docs",
    "unknown-address": "/nowhere",
}
METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE")
CELLS = [(name, method, scope) for name, row in MATRIX.items() for method, scope in row.items()]


def call(caller: Caller, method: str, name: str) -> int:
    send = getattr(caller.client, method.lower())
    headers = {"Authorization": f"Bearer {caller.key}"} if caller.key else {}
    return int(send(f"/api/v1{ADDRESSES[name]}", content_type="application/json", headers=headers).status_code)


def api_routes() -> Iterator[URLPattern]:
    for entry in get_resolver("api.urls").url_patterns:
        assert isinstance(entry, URLPattern)
        yield entry


def test_every_route_has_a_row_in_the_matrix() -> None:
    assert {route.name for route in api_routes()} == set(MATRIX)


@pytest.mark.parametrize(("name", "method", "scope"), CELLS)
def test_each_method_of_each_address_asks_for_its_scope_and_no_other(
    crm: SourceSystem, caller_with: MakeCaller, name: str, method: str, scope: str | None
) -> None:
    del crm
    answers = {held: call(caller_with(None, held), method, name) for held in SCOPES}
    answers["no key"] = call(Caller(), method, name)
    allowed = {held for held, status in answers.items() if status not in (401, 403)}
    assert allowed == (set(answers) if scope is None else {scope}), answers
    assert scope is None or answers["no key"] == 401


@pytest.mark.parametrize("name", sorted(set(MATRIX) - {"unknown-address"}))
def test_methods_without_a_cell_are_not_offered(caller: Caller, name: str) -> None:
    for method in set(METHODS) - set(MATRIX[name]):
        assert call(caller, method, name) == 405


def test_a_request_without_a_key_is_told_how_to_bring_one(crm: SourceSystem) -> None:
    del crm
    answer = Caller().get(ADDRESS)
    problem = problem_of(answer, 401, "missing_key")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="mdm"'
    assert "Authorization: Bearer" in problem["remedy"]


@pytest.mark.parametrize(
    "header", ["Bearer nonsense", "Bearer", "Bearer a b", "Basic dXNlcjpwYXNz", "Bearer " + "x" * 5_000, "Bearer \xff\xfe"]
)
def test_a_key_that_nobody_has_is_refused(crm: SourceSystem, header: str) -> None:
    del crm
    answer = Caller().get(ADDRESS, Authorization=header)
    problem_of(answer, 401, "invalid_key")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="mdm", error="invalid_token"'


def test_a_revoked_key_is_refused_within_a_second(crm: SourceSystem, caller_with: MakeCaller, monkeypatch: pytest.MonkeyPatch) -> None:
    del crm
    now = 1_000.0
    monkeypatch.setattr(auth, "known_keys", auth.KnownKeys(clock=lambda: now))
    caller = caller_with(None, READ, name="leaver")
    assert caller.get("/customers").status_code == 200
    revoke_key(name="leaver", change=Change(actor="command:test", reason="left"))
    now += 1.01
    problem_of(caller.get("/customers"), 401, "invalid_key")


def test_a_key_without_the_scope_learns_which_one_it_lacks(crm: SourceSystem, caller_with: MakeCaller) -> None:
    del crm
    problem = problem_of(caller_with(None, READ).put(ADDRESS, BODY), 403, "insufficient_scope")
    assert problem["scope"] == INGEST


def test_a_key_of_one_source_may_not_write_another(crm: SourceSystem, erp: SourceSystem, caller_with: MakeCaller) -> None:
    del crm, erp
    caller = caller_with("erp", INGEST, READ)
    problem = problem_of(caller.put(ADDRESS, BODY), 403, "foreign_source")
    assert "'erp'" in problem["detail"]
    assert caller.put(record_address("erp", "customer", "1"), BODY).status_code == 201
    assert caller.get(record_address("erp", "customer", "1")).status_code == 200


def test_authenticating_takes_one_query_and_then_none_for_a_second(crm: SourceSystem, caller_with: MakeCaller) -> None:
    del crm
    request = Request(RequestFactory().get("/", headers={"Authorization": f"Bearer {caller_with('crm', READ).key}"}))
    with CaptureQueriesContext(connection) as first:
        client, _ = ApiKeyAuthentication().authenticate(request) or pytest.fail("not authenticated")
        assert client.source is not None
        assert (client.actor, client.source.code) == ("api:crm-read", "crm")
    with CaptureQueriesContext(connection) as second:
        ApiKeyAuthentication().authenticate(request)
    assert (len(first), len(second)) == (1, 0)


def test_the_memory_of_keys_is_bounded() -> None:
    memory = auth.KnownKeys()
    client = auth.ApiClient(name="x", scopes=frozenset(), source=None)
    for number in range(3 * lately.MOST):
        memory.remember(keys.digest_of(str(number)), client)
    assert memory.get(keys.digest_of("0")) is None
    assert memory.get(keys.digest_of(str(3 * lately.MOST - 1))) is client
