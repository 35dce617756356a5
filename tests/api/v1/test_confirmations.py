"""Golden records are confirmed through the API: by whom, as they were at which version, and that this no longer holds."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from api.scopes import CONFIRMATIONS, INGEST, MERGES, READ
from golden_records.models import AuditEntry, SourceSystem
from tests.api.calling import ACME, Caller, problem_of
from tests.api.conftest import MakeCaller
from tests.matching.eyes import a_rule

pytestmark = pytest.mark.django_db
RIGHT = {"version": 1, "reason": "checked with the register"}


@pytest.fixture
def program(crm: SourceSystem, erp: SourceSystem, caller_with: MakeCaller) -> Caller:
    """A program that may do all of this."""
    del crm, erp
    return caller_with(None, INGEST, READ, MERGES, CONFIRMATIONS, name="program")


@pytest.fixture
def customer(program: Caller) -> str:
    """The address of a golden customer."""
    answer = program.put("/source-records/erp/customer/C-1", {"attributes": ACME})
    return f"/customers/{answer.json()['canonical_id']}"


def marks(program: Caller, customer: str, **query: str) -> Any:
    return program.get(customer, query=query).json()["confirmations"]


def test_a_golden_record_is_confirmed_shown_so_and_no_longer(program: Caller, customer: str) -> None:
    assert marks(program, customer) == []
    before = timezone.now()
    answer = program.post(f"{customer}/confirmation", RIGHT)
    assert (answer.status_code, answer.json()["confirmed"], answer.json()["said_by"]) == (200, True, "api:program")
    (mark,) = marks(program, customer)
    assert mark["canonical_id"] == customer.rpartition("/")[2]
    assert (mark["version"], mark["changes_since"], mark["confirmed_by"]) == (1, 0, "api:program")
    assert mark["reason"] == RIGHT["reason"]
    program.put("/source-records/erp/customer/C-1", {"attributes": ACME | {"city": "Paris"}})
    assert [each["changes_since"] for each in marks(program, customer)] == [1]
    set_alone = timezone.now()
    assert program.post(f"{customer}/confirmation/end", {"reason": "it moved"}).json()["confirmed"] is False
    assert marks(program, customer) == []
    assert marks(program, customer, as_of=before.isoformat()) == []
    assert [each["version"] for each in marks(program, customer, as_of=set_alone.isoformat())] == [1]
    problem_of(program.post(f"{customer}/confirmation/end", {"reason": "again"}), 409, "nothing_to_undo")
    assert AuditEntry.objects.filter(kind="endorsement", actor="api:program").count() == 2


def test_the_mark_of_what_was_merged_away_is_shown_with_the_survivor_and_is_taken_off_under_its_own_id(
    program: Caller, customer: str
) -> None:
    other = program.put("/source-records/crm/customer/9", {"attributes": {"legal_name": "Lefebvre"}}).json()["canonical_id"]
    program.post(f"/customers/{other}/confirmation", RIGHT)
    wish = {"entity": "customer", "canonical_ids": [customer.rpartition("/")[2], other]}
    seen = program.post("/merge-previews", wish).json()["fingerprint"]
    program.post("/merges", wish | {"preview": seen, "reason": "one firm"})
    (mark,) = marks(program, customer)
    assert (mark["canonical_id"], mark["changes_since"]) == (other, None)
    assert program.post(f"/customers/{other}/confirmation/end", {"reason": "no longer"}).status_code == 200
    assert marks(program, customer) == []


def test_where_it_takes_two_a_program_neither_takes_the_mark_off_nor_merges(program: Caller, customer: str) -> None:
    other = program.put("/source-records/crm/customer/9", {"attributes": {"legal_name": "Lefebvre"}}).json()["canonical_id"]
    program.post(f"{customer}/confirmation", RIGHT)
    a_rule("customer", only_confirmed=True)
    problem_of(program.post(f"{customer}/confirmation/end", {"reason": "out of my way"}), 409, "needs_second_steward")
    wish = {"entity": "customer", "canonical_ids": [customer.rpartition("/")[2], other]}
    seen = program.post("/merge-previews", wish).json()
    assert seen["takes_two_stewards"] is True
    problem_of(program.post("/merges", wish | {"preview": seen["fingerprint"], "reason": "one firm"}), 409, "needs_second_steward")
    assert len(marks(program, customer)) == 1


def test_the_same_request_twice_is_one(program: Caller, customer: str) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first, again = (program.post(f"{customer}/confirmation", RIGHT, **key) for _ in range(2))
    assert first.json() == again.json()
    assert AuditEntry.objects.filter(kind="endorsement").count() == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ([], 400, "invalid_request"),
        ({"version": 1}, 400, "invalid_request"),
        (RIGHT | {"version": "1"}, 400, "invalid_request"),
        (RIGHT | {"version": True}, 400, "invalid_request"),
        (RIGHT | {"colour": "red"}, 400, "invalid_request"),
        (RIGHT | {"version": 7}, 409, "stale_write"),
        (RIGHT | {"reason": " "}, 422, "missing_reason"),
    ],
)
def test_what_can_not_be_is_refused(program: Caller, customer: str, body: Any, status: int, code: str) -> None:
    problem_of(program.post(f"{customer}/confirmation", body), status, code)
    assert marks(program, customer) == []


def test_confirming_takes_a_scope_of_its_own(program: Caller, customer: str, caller_with: MakeCaller) -> None:
    problem_of(caller_with(None, READ, name="reader").post(f"{customer}/confirmation", RIGHT), 403, "insufficient_scope")
    problem_of(program.post(f"/customers/{uuid4()}/confirmation", RIGHT), 404, "unknown_golden_record")
