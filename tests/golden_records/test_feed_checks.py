"""What readers were told is checked: nothing is missing, out of order, changed, put in or taken out."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from golden_records import protection, sealing
from golden_records.feed_checks import CHECKS
from golden_records.models import ChangeEvent, CustomerRecord, EventType, GoldenCustomer, Seal, UnsealedEvent
from tests.factories import a_record, into

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _history() -> None:
    """Golden records that were made and merged; all is sealed but the events of the last one."""
    one = a_record("1", legal_name="Acme", city="Lyon")
    into(a_record("2", source="erp", legal_name="Acme", email="a@acme.fr"), one.golden_id)
    sealing.seal()
    a_record("3", legal_name="Boulangerie Dupont")


def broken() -> set[str]:
    return {check.name for check in CHECKS if list(check.find())} - {"append-only"}


def test_what_the_service_tells_has_no_offence() -> None:
    assert broken() == set()
    sealing.seal()
    assert broken() == set()


@pytest.fixture(autouse=True)
def _nothing_is_refused(_history: None) -> Iterator[None]:
    """Whoever tampers has first made the database let them."""
    with protection.unprotected():
        yield


def _change(seq: int = 2, **columns: Any) -> None:
    ChangeEvent.objects.filter(seal__seq=seq).update(**columns)


def _swap() -> None:
    first, second = Seal.objects.get(seq=1), Seal.objects.get(seq=2)
    events = {1: second.event_id, 2: first.event_id}
    Seal.objects.filter(seq__in=(1, 2)).delete()
    for seal in (first, second):
        Seal.objects.create(seq=seal.seq, event_id=events[seal.seq], digest=seal.digest, hash=seal.hash, sealed_at=seal.sealed_at)


def _put_in() -> None:
    copied = ChangeEvent.objects.get(seal__seq=2)
    copied.pk = None
    copied.save()
    last = Seal.objects.order_by("seq").last()
    assert last is not None
    Seal.objects.create(seq=last.seq + 1, event=copied, digest=last.digest, hash=last.hash, sealed_at=last.sealed_at)


PLANTED: tuple[tuple[set[str], Callable[[], object]], ...] = (
    ({"changes are told"}, lambda: GoldenCustomer.objects.filter(state="active").update(version=7)),
    ({"changes are told"}, lambda: (UnsealedEvent.objects.all().delete(), ChangeEvent.objects.filter(seal=None).delete())),
    ({"links are told"}, lambda: CustomerRecord.objects.filter(external_id="3").update(golden=CustomerRecord.objects.first().golden)),  # type: ignore[union-attr]
    ({"sealed once"}, lambda: UnsealedEvent.objects.all().delete()),
    ({"sealed once"}, lambda: UnsealedEvent.objects.create(event=ChangeEvent.objects.get(seal__seq=1))),
    ({"sealed once"}, lambda: UnsealedEvent.objects.create(event_id=1 << 40)),
    ({"no gap in the feed", "chain", "sealed once"}, lambda: Seal.objects.filter(seq=3).delete()),
    ({"no gap in the feed", "sealed once"}, lambda: Seal.objects.filter(seq=1).delete()),
    ({"chain"}, lambda: _change(actor="api:somebody-else")),
    ({"chain"}, lambda: _change(config="v99")),
    ({"chain"}, lambda: _change(1, after=["another value"])),
    ({"chain"}, lambda: _change(reason="another reason")),
    ({"chain"}, lambda: _change(1, salt=None, after=None, before=None, external_id=None, reason=None)),
    ({"chain"}, lambda: _change(type="retired")),
    ({"chain"}, _swap),
    ({"chain"}, _put_in),
    ({"chain"}, lambda: Seal.objects.filter(seq=3).update(hash=b"\0" * 32)),
    ({"chain"}, lambda: Seal.objects.filter(seq=3).update(digest=b"\0" * 32)),
)


@pytest.mark.parametrize(("names", "plant"), PLANTED)
def test_a_planted_offence_is_found(names: set[str], plant: Callable[[], object]) -> None:
    plant()
    assert names & broken()


def test_what_was_erased_holds_where_the_erasure_was_told() -> None:
    told = ChangeEvent.objects.get(seal__seq=1)
    _change(1, salt=None, after=None, before=None, external_id=None, reason=None)
    assert "chain" in broken()
    told.pk, told.type = None, EventType.ERASED
    told.save()
    assert "chain" not in broken()


def test_each_changed_place_is_named_and_no_other() -> None:
    _change(2, reason="another reason")
    (chain,) = [check for check in CHECKS if check.name == "chain"]
    assert [offence.ids["seq"] for offence in chain.find()] == [2]
