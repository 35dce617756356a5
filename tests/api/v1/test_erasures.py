"""Erasing by the API: what it answers, and what everything else answers from then on."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.scopes import ERASE, INGEST, READ
from golden_records.models import CustomerRecord, Erasure, QuarantinedRow
from tests.api.calling import Caller, problem_of, record_address
from tests.api.conftest import MakeCaller

pytestmark = pytest.mark.django_db

ADDRESS = record_address("crm", "customer", "0042")
ACME = {"legal_name": "Acme SAS", "email": "contact@acme.fr"}
REQUEST = {"reason": "request 17"}


@pytest.fixture
def eraser(caller: Caller, caller_with: MakeCaller) -> Caller:
    """A program that may erase, and do everything else."""
    del caller
    return caller_with(None, INGEST, READ, ERASE, name="eraser")


def sent(caller: Caller) -> Any:
    return caller.send_customer("crm", "0042", **ACME).json()["canonical_id"]


def test_an_erasure_says_what_was_erased(eraser: Caller) -> None:
    canonical_id = sent(eraser)
    answer = eraser.post(f"/customers/{canonical_id}/erasure", REQUEST)
    assert answer.status_code == 201
    assert (answer.json()["erased_id"], answer.json()["other_ids"]) == (canonical_id, [])
    assert answer.json()["counts"]["source records"] > 0
    entered = Erasure.objects.get()
    assert (entered.reason, entered.actor, entered.when_sent_again) == ("request 17", "api:eraser", "suppress")


def test_everything_that_names_it_answers_410(eraser: Caller) -> None:
    canonical_id = sent(eraser)
    eraser.post(f"/customers/{canonical_id}/erasure", REQUEST)
    other = record_address("crm", "customer", "0043")
    eraser.send_customer("crm", "0043", legal_name="Other SARL")
    named = {"source": "crm", "external_id": "0042"}
    question = {"entity": "customer", "left": named, "right": named | {"external_id": "0043"}}
    for answer in (
        eraser.get(f"/customers/{canonical_id}"),
        eraser.get(ADDRESS),
        eraser.put(ADDRESS, {"attributes": ACME}),
        eraser.put(ADDRESS, {"attributes": ACME}, Prefer="respond-async"),
        eraser.put(ADDRESS, {"attributes": {"birth_date": "no day"}}),
        eraser.delete(ADDRESS),
        eraser.post("/match-explanations", question),
        eraser.post(f"/customers/{canonical_id}/erasure", REQUEST),
    ):
        told = problem_of(answer, 410, "erased")
        # A request's id is drawn at random: it may hold any four digits.
        assert "0042" not in str({name: told[name] for name in told.keys() - {"instance"}})
    assert eraser.get(other).status_code == 200
    assert CustomerRecord.objects.exclude(state="erased").count() == 1
    assert not QuarantinedRow.objects.exists()


def test_a_cross_reference_says_that_it_was_erased(eraser: Caller) -> None:
    eraser.post(f"/customers/{sent(eraser)}/erasure", REQUEST)
    asked = [{"source": "crm", "entity": "customer", "external_id": each} for each in ("0042", "7")]
    results = eraser.post("/cross-references/resolve", {"references": asked}).json()["results"]
    assert [(each["canonical_id"], each["reason"]) for each in results] == [(None, "erased"), (None, "unknown_source_record")]


def test_lines_of_what_was_erased_are_suppressed_and_counted(eraser: Caller) -> None:
    eraser.post(f"/customers/{sent(eraser)}/erasure", REQUEST)
    line = b'{"source":"crm","entity":"customer","external_id":"%s","attributes":{%s}}'
    fields = {b"0042": b'"legal_name":"Acme"', b"7": b'"legal_name":"Seven"'}
    body = b"\n".join([line % each for each in fields.items()] + [line % (b"0042", b'"birth_date":"no day"')])
    headers = {"Authorization": f"Bearer {eraser.key}"}
    answer = eraser.client.post("/api/v1/source-records", data=body, content_type="application/x-ndjson", headers=headers)
    told = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # a streaming answer
    assert told.count('"suppressed"') == 2
    job = eraser.get(answer.headers["Location"].removeprefix("/api/v1")).json()
    assert (job["received"], job["created"], job["suppressed"], job["quarantined"]) == (3, 1, 2, 0)
    assert not QuarantinedRow.objects.exists()


def test_what_may_come_again_is_a_new_customer(eraser: Caller) -> None:
    canonical_id = sent(eraser)
    eraser.post(f"/customers/{canonical_id}/erasure", REQUEST | {"when_sent_again": "new"})
    problem_of(eraser.get(ADDRESS), 410, "erased")
    again = eraser.put(ADDRESS, {"attributes": ACME})
    assert (again.status_code, again.json()["canonical_id"] != canonical_id) == (201, True)
    problem_of(eraser.get(f"/customers/{canonical_id}"), 410, "erased")


def test_a_request_that_is_repeated_is_answered_as_the_first_time(eraser: Caller) -> None:
    address = f"/customers/{sent(eraser)}/erasure"
    first, again = (eraser.post(address, REQUEST, Idempotency_Key="17") for _ in range(2))
    assert (again.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (201, first.json(), "true")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/reason"),
        ({"reason": " "}, "/reason"),
        ({"reason": "x" * 501}, "/reason"),
        ({"reason": "17", "when_sent_again": "never"}, "/when_sent_again"),
        ({"reason": "17", "when_sent_again": ["new"]}, "/when_sent_again"),
        ({"reason": "17", "who": "me"}, "/who"),
        ([], ""),
    ],
)
def test_a_request_that_does_not_say_why_or_what_is_refused(eraser: Caller, body: Any, pointer: str) -> None:
    problem = problem_of(eraser.post(f"/customers/{sent(eraser)}/erasure", body), 400, "invalid_request")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert not Erasure.objects.exists()


def test_a_key_of_one_source_may_not_erase_what_all_sources_sent(eraser: Caller, caller_with: MakeCaller) -> None:
    canonical_id = sent(eraser)
    answer = caller_with("crm", ERASE).post(f"/customers/{canonical_id}/erasure", REQUEST)
    problem_of(answer, 403, "foreign_source")
    assert not Erasure.objects.exists()


def test_an_id_that_never_was_is_unknown(eraser: Caller) -> None:
    answer = eraser.post("/customers/0196a0b0-0000-7000-8000-000000000000/erasure", REQUEST)
    problem_of(answer, 404, "unknown_golden_record")


def test_looking_for_what_was_erased_costs_a_known_record_no_statement(eraser: Caller) -> None:
    counts = []
    for number in range(2):
        eraser.send_customer("crm", f"k{number}", legal_name=f"Firm {number}")
        with CaptureQueriesContext(connection) as queries:
            eraser.send_customer("crm", f"k{number}", legal_name=f"Firm {number} Bis")
        counts.append(len(queries))
        if number == 0:
            eraser.post(f"/customers/{sent(eraser)}/erasure", REQUEST)
    assert counts[0] == counts[1]
