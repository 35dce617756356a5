"""Who was given personal data through the API is kept in the audit log: which attributes of which golden records, never the values."""

from typing import Any

import pytest

from api.scopes import CHANGES, INGEST, READ
from golden_records import sealing
from golden_records.models import AuditAction, AuditEntry, SourceSystem
from tests.api.calling import ACME, Caller, record_address
from tests.api.conftest import MakeCaller

pytestmark = pytest.mark.django_db

ANNA = {"kind": "person", "given_name": "Anna", "family_name": "Weber", "email": "anna.weber@posteo.de", "city": "Metz"}


def readings() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=AuditAction.READ).order_by("pk"))


@pytest.fixture
def anna(caller: Caller) -> str:
    return str(caller.send_customer("crm", "A-1", **ANNA).json()["canonical_id"])


def test_a_golden_record_that_was_given_is_told_by_its_attributes(caller: Caller, anna: str) -> None:
    answer = caller.get(f"/customers/{anna}")
    (entry,) = readings()
    assert (entry.actor, entry.kind, entry.golden_ids) == ("api:everything", "customer", [anna])
    assert entry.attributes == ["city", "email", "family_name", "given_name"]
    assert entry.correlation_id == answer.headers["X-Request-ID"]
    assert "Anna" not in str(vars(entry))


def test_who_has_it_already_is_given_nothing(caller: Caller, anna: str) -> None:
    tag = caller.get(f"/customers/{anna}").headers["ETag"]
    assert caller.get(f"/customers/{anna}", If_None_Match=tag).status_code == 304
    assert len(readings()) == 1


def test_what_tells_nothing_of_a_person_is_no_reading(caller: Caller) -> None:
    firm = {name: value for name, value in ACME.items() if name in {"kind", "legal_name", "registration_id", "website"}}
    canonical_id = caller.send_customer("crm", "0042", **firm).json()["canonical_id"]
    caller.get(f"/customers/{canonical_id}")
    caller.post("/cross-references/resolve", {"references": [{"source": "crm", "entity": "customer", "external_id": "0042"}]})
    assert readings() == []


def test_a_page_of_golden_records_is_one_reading(caller: Caller, anna: str) -> None:
    other = caller.send_customer("erp", "B-7", kind="person", given_name="Paul", family_name="Martin", city="Nice").json()["canonical_id"]
    caller.get("/customers")
    (entry,) = readings()
    assert entry.golden_ids == [anna, str(other)]


def test_a_source_that_reads_its_own_record_learns_nothing(anna: str, erp: SourceSystem, caller_with: MakeCaller) -> None:
    del anna, erp
    address = record_address("crm", "customer", "A-1")
    assert caller_with("crm", READ).get(address).status_code == 200
    assert readings() == []
    assert caller_with("erp", READ).get(address).status_code == 200
    (entry,) = readings()
    assert (entry.actor, entry.subject) == ("api:erp-read", "crm/A-1")


def test_values_in_the_change_feed_are_read_where_the_key_may_see_them(anna: str, caller_with: MakeCaller) -> None:
    sealing.seal()
    caller_with(None, CHANGES).get("/changes")
    assert readings() == []
    caller_with(None, CHANGES, READ).get("/changes")
    (entry,) = readings()
    assert entry.golden_ids == [anna]


def test_an_explanation_shows_both_records(caller: Caller, anna: str) -> None:
    del anna
    caller.send_customer("erp", "B-7", **ANNA)
    sides: dict[str, Any] = {"left": {"source": "crm", "external_id": "A-1"}, "right": {"source": "erp", "external_id": "B-7"}}
    assert caller.post("/match-explanations", {"entity": "customer", **sides}).status_code == 200
    assert [entry.subject for entry in readings()] == ["crm/A-1", "erp/B-7"]


def test_keys_themselves_are_told_of(caller_with: MakeCaller) -> None:
    caller_with(None, INGEST, name="loader")
    entry = AuditEntry.objects.get(kind="apikey")
    assert (entry.action, entry.actor) == ("created", "command:test")
    assert entry.content == {"name": "loader", "source_id": None, "scopes": [INGEST], "revoked_at": None}
