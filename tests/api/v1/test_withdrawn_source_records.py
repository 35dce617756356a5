"""A source withdraws its records."""

import pytest

from api.scopes import INGEST, READ
from golden_records.models import CustomerRecord
from tests.api.calling import ACME, Caller, problem_of, record_address
from tests.api.conftest import MakeCaller

pytestmark = pytest.mark.django_db

ADDRESS = record_address("crm", "customer", "0042")


def test_a_record_that_is_withdrawn_says_so_and_its_canonical_id_goes_on_answering(caller: Caller) -> None:
    sent = caller.send_customer("crm", "0042", **ACME).json()
    gone = caller.delete(ADDRESS)
    assert (gone.status_code, gone.content) == (204, b"")
    assert caller.delete(ADDRESS).status_code == 204
    record = caller.get(ADDRESS).json()
    assert (record["state"], record["canonical_id"]) == ("withdrawn", sent["canonical_id"])
    assert record["withdrawn"] == {"at": record["updated_at"], "by": "api:everything", "reason": "withdrawn by its source"}
    golden = caller.get(f"/customers/{sent['canonical_id']}").json()
    assert (golden["state"], golden["retired"], golden["canonical_id"]) == ("retired", True, sent["canonical_id"])
    assert caller.get("/customers").json()["results"] == []


def test_what_was_sent_before_its_withdrawal_comes_late_and_changes_nothing(caller: Caller) -> None:
    caller.put(ADDRESS, {"attributes": ACME, "source_updated_at": "2026-03-01T10:00:00Z"})
    caller.delete(ADDRESS, query={"source_updated_at": "2026-03-01T14:00:00+02:00"})
    late = caller.put(ADDRESS, {"attributes": ACME | {"city": "Nice"}, "source_updated_at": "2026-03-01T11:00:00Z"})
    assert (late.status_code, late.json()["outcome"]) == (200, "unchanged")
    assert caller.get(ADDRESS).json()["state"] == "withdrawn"
    caller.put(ADDRESS, {"attributes": ACME | {"city": "Nice"}, "source_updated_at": "2026-03-01T13:00:00Z"})
    assert caller.get(ADDRESS).json()["state"] == "active"


def test_a_withdrawal_is_refused_as_any_write_is(caller: Caller, caller_with: MakeCaller) -> None:
    problem_of(caller.delete(record_address("sap", "customer", "0042")), 404, "unknown_source")
    caller.send_customer("crm", "0042", **ACME)
    problem_of(caller.delete(ADDRESS, query={"source_updated_at": "yesterday"}), 400, "invalid_request")
    problem_of(caller_with("erp", INGEST).delete(ADDRESS), 403, "foreign_source")
    problem_of(caller_with("crm", READ).delete(ADDRESS), 403, "insufficient_scope")
    assert CustomerRecord.objects.get().state == "active"


def test_what_was_sent_before_a_withdrawal_that_overtook_it_brings_nothing(caller: Caller) -> None:
    assert caller.delete(ADDRESS, query={"source_updated_at": "2026-03-01T12:00:00Z"}).status_code == 204
    record = caller.get(ADDRESS).json()
    assert (record["state"], record["canonical_id"]) == ("withdrawn", None)
    assert record["withdrawn"] == {"at": record["updated_at"], "by": "api:everything", "reason": "withdrawn by its source"}
    for moment in ("2026-03-01T10:00:00Z", "2026-03-01T13:00:00+01:00"):
        late = caller.put(ADDRESS, {"attributes": ACME, "source_updated_at": moment})
        assert (late.status_code, late.json()["outcome"], late.json()["canonical_id"]) == (200, "unchanged", None)
        later = caller.put(ADDRESS, {"attributes": ACME, "source_updated_at": moment}, Prefer="respond-async")
        assert later.json()["canonical_id"] is None
    assert caller.get(ADDRESS).json()["state"] == "withdrawn"
    assert caller.get("/customers").json()["results"] == []
    anew = caller.put(ADDRESS, {"attributes": ACME, "source_updated_at": "2026-03-01T12:00:01Z"}).json()
    assert anew["outcome"] == "created"
    assert caller.get(f"/customers/{anew['canonical_id']}").json()["state"] == "active"


def test_a_withdrawal_without_a_time_holds_until_the_source_sends_the_record(caller: Caller) -> None:
    assert caller.delete(ADDRESS).status_code == 204
    assert caller.delete(ADDRESS).status_code == 204
    assert CustomerRecord.history.count() == 1
    assert caller.send_customer("crm", "0042", **ACME).json()["outcome"] == "created"


def test_a_record_whose_withdrawal_came_first_was_known_when_it_comes(caller: Caller) -> None:
    caller.delete(ADDRESS)
    sent = caller.put(ADDRESS, {"attributes": ACME})
    assert (sent.status_code, sent.json()["outcome"]) == (200, "created")
