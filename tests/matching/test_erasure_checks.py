"""What is left, or brought back, of somebody who was erased is found by `manage.py verify`, whatever it is."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from golden_records import protection, sealing
from golden_records.models import ChangeEvent, CustomerRecord, Erasure, GoldenCustomer
from matching.erasure import erase
from matching.models import BlockingKey, MatchAttempt
from matching.verifying import CHECKS, verify
from tests.factories import a_change
from tests.matching.conftest import ACME, CUSTOMER, Submit

pytestmark = pytest.mark.django_db

Plant = Callable[[UUID], Any]


@pytest.fixture
def gone(submitted: Submit) -> UUID:
    """A customer that was erased, and another one."""
    submitted("erp", "2", legal_name="Lefebvre Menuiserie", city="Lyon")
    canonical_id: UUID = submitted("crm", "1", **ACME).canonical_id
    erase(CUSTOMER, canonical_id=canonical_id, change=a_change("request 17"))
    return canonical_id


def offences(name: str) -> list[str]:
    checks = [check for check in CHECKS if check.name == name]
    return [offence.told for finding in verify(checks=checks) for offence in finding.offences]


def history_of_golden(gone: UUID) -> Any:
    history: Any = GoldenCustomer
    return history.history.filter(id=gone)


def history_of_record(gone: UUID) -> Any:
    history: Any = CustomerRecord
    return history.history.filter(golden_id=gone)


def record(gone: UUID) -> Any:
    return CustomerRecord.objects.filter(golden_id=gone)


PLANTED: dict[str, tuple[str, Plant]] = {
    "a value of the golden record": ("erased values", lambda gone: GoldenCustomer.objects.filter(pk=gone).update(city="Paris")),
    "its lineage": ("erased values", lambda gone: GoldenCustomer.objects.filter(pk=gone).update(lineage={"city": {}})),
    "a value in its history": ("erased values", lambda gone: history_of_golden(gone).update(city="Paris")),
    "a value of a record": ("erased values", lambda gone: record(gone).update(city="Paris")),
    "what was sent": ("erased values", lambda gone: record(gone).update(payload={"city": "Paris"})),
    "the source's own id": ("erased values", lambda gone: record(gone).update(external_id="1")),
    "what was sent, in history": ("erased values", lambda gone: history_of_record(gone).update(payload={"city": "Paris"})),
    "a value that was told": ("erased events", lambda gone: ChangeEvent.objects.filter(golden_id=gone).update(after=["Paris"])),
    "the salt of what was told": ("erased events", lambda gone: ChangeEvent.objects.filter(golden_id=gone).update(salt="0")),
    "a record that stands": ("erased together", lambda gone: record(gone).update(state="active")),
    "an erasure that nobody entered": ("erased together", lambda _: Erasure.objects.all().delete()),
    "a golden record that is back": ("erased together", lambda gone: GoldenCustomer.objects.filter(pk=gone).update(state="retired")),
    "an erasure that was not told": ("erased together", lambda gone: ChangeEvent.objects.filter(golden_id=gone, type="erased").delete()),
    "a blocking key": (
        "erased from matching",
        lambda gone: BlockingKey.objects.create(entity="customer", record_id=record(gone).get().pk, rule=0, key=1),
    ),
    "an attempt to match it": (
        "erased from matching",
        lambda gone: MatchAttempt.objects.create(
            entity="customer", record_id=record(gone).get().pk, version=1, attempts=1, lease_until=timezone.now()
        ),
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_left_is_found(gone: UUID, what: str) -> None:
    name, plant = PLANTED[what]
    assert not offences(name)
    with protection.unprotected():
        plant(gone)
    assert offences(name)


def test_an_event_that_was_emptied_without_an_erasure_breaks_the_chain(gone: UUID) -> None:
    sealing.seal()
    assert not offences("chain")
    other = ChangeEvent.objects.exclude(golden_id=gone).order_by("pk")
    ChangeEvent.objects.filter(pk=other[0].pk).update(salt=None, after=None)
    assert offences("chain") == ["Its values are gone, and no erasure was told."]
