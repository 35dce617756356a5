"""A golden record as it was at any moment: what the history keeps gives what the service answered then."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from golden_records import merging, selectors
from golden_records.as_of import golden_as_of
from golden_records.entities import entity_type
from golden_records.errors import UnknownGoldenRecord
from golden_records.models import GoldenCustomer
from golden_records.sources import SourceRecordDraft
from matching.intake import submit_source_record
from matching.withdrawal import withdraw_source_record
from tests.factories import a_change, a_record, a_source, into

pytestmark = pytest.mark.django_db
CUSTOMER = entity_type("customer")


def now_told(golden_id: UUID) -> dict[str, Any]:
    """What the service answers of a golden record now, as plain values."""
    view = selectors.golden(CUSTOMER, golden_id)
    members = selectors.members(view.golden)
    return told(view.golden, members, selectors.lineage(CUSTOMER, view.golden))


def then_told(golden_id: UUID, moment: datetime) -> dict[str, Any]:
    found = golden_as_of(CUSTOMER, golden_id, moment)
    return told(found.golden, found.members, found.lineage)


def told(golden: Any, members: Any, lineage: Any) -> dict[str, Any]:
    return {
        "id": golden.id,
        "version": golden.version,
        "state": golden.state,
        "values": {name: getattr(golden, name) for name in CUSTOMER.attribute_names},
        "members": [(record.id, record.state, record.linked_at) for record in members],
        "lineage": dict(lineage),
    }


def sent(external_id: str, *, source: str = "crm", **attributes: object) -> UUID:
    draft = SourceRecordDraft(CUSTOMER, a_source(source), external_id, attributes)
    golden_id: UUID = submit_source_record(draft, change=a_change("sent")).canonical_id
    return golden_id


def test_values_are_those_of_then() -> None:
    golden_id = sent("1", legal_name="Acme", city="Lyon")
    moment = timezone.now()
    sent("1", legal_name="Acme", city="Paris")
    assert then_told(golden_id, moment)["values"]["city"] == "Lyon"
    assert then_told(golden_id, timezone.now())["values"]["city"] == "Paris"


def test_before_its_birth_there_was_none() -> None:
    moment = timezone.now()
    golden_id = sent("1", legal_name="Acme")
    with pytest.raises(UnknownGoldenRecord, match="There was no golden customer"):
        golden_as_of(CUSTOMER, golden_id, moment - timedelta(seconds=1))


def test_one_that_was_merged_since_answers_for_itself_and_one_that_was_by_then_with_its_successor() -> None:
    one = a_record("1", legal_name="Acme", city="Lyon").golden_id
    other = a_record("2", source="erp", legal_name="Acme France", email="a@acme.fr").golden_id
    before = timezone.now()
    with transaction.atomic():
        merging.merge(CUSTOMER, survivor_id=one, absorbed_id=other, change=a_change("the same"), terms=merging.Terms({"judgement": 1}))
    assert then_told(other, before)["id"] == other
    found = golden_as_of(CUSTOMER, other, timezone.now())
    assert (found.golden.id, found.followed, len(found.members)) == (one, True, 2)


def test_what_left_since_was_a_member_then() -> None:
    golden_id = sent("1", legal_name="Acme", registration_id="732829320")
    assert sent("2", source="erp", legal_name="Acme", registration_id="732829320") == golden_id
    moment = timezone.now()
    withdraw_source_record(CUSTOMER, source="erp", external_id="2", withdrawn_at=None, change=a_change("gone"))
    assert [state for _, state, _ in then_told(golden_id, moment)["members"]] == ["active", "active"]
    assert [state for _, state, _ in then_told(golden_id, timezone.now())["members"]] == ["active", "withdrawn"]


def test_the_winner_and_the_others_are_those_of_then() -> None:
    a_source("erp", trust=90)
    record = a_record("1", legal_name="Acme")
    into(a_record("2", source="erp", legal_name="Acme France"), record.golden_id)
    moment = timezone.now()
    sent("2", source="erp", legal_name="Acme Conseil France")
    lineage = golden_as_of(CUSTOMER, record.golden_id, moment).lineage["legal_name"]
    assert (lineage.value, [other.value for other in lineage.others]) == ("Acme France", ["Acme"])


STEPS: tuple[Callable[[int], object], ...] = (
    lambda number: sent(f"{number % 3}", legal_name="Acme", registration_id="732829320", city=f"City {number}"),
    lambda number: sent(f"{number % 3}", source="erp", legal_name=f"Acme {number}", registration_id="732829320"),
    lambda number: withdraw_source_record(
        CUSTOMER, source=("crm", "erp")[number % 2], external_id="0", withdrawn_at=None, change=a_change("gone")
    ),
)


@pytest.mark.parametrize("seed", range(12))
def test_every_moment_gives_what_was_answered_then(seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311  # picks steps, keeps no secret
    for source in ("crm", "erp"):
        sent("0", source=source, legal_name="Acme", registration_id="732829320")
    answered: list[tuple[datetime, dict[UUID, dict[str, Any]]]] = []
    for _ in range(8):
        chosen.choice(STEPS)(chosen.randrange(100))
        active = GoldenCustomer.objects.filter(state="active").values_list("pk", flat=True)
        answered.append((timezone.now(), {golden_id: now_told(golden_id) for golden_id in active}))
    for moment, answers in answered:
        assert {golden_id: then_told(golden_id, moment) for golden_id in answers} == answers


def test_a_long_history_costs_no_more_than_a_short_one() -> None:
    golden_id = sent("1", legal_name="Acme", city="City 0")

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            golden_as_of(CUSTOMER, golden_id, timezone.now())
        return len(captured)

    before = statements()
    for number in range(40):
        sent("1", legal_name="Acme", city=f"City {number}")
    assert statements() == before <= 7
