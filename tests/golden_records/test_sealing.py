"""Committed events get dense places; whoever reads by place misses none."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event as Signal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError, connection, connections, transaction

from golden_records import outbox, sealing
from golden_records.chain import BEGINNING, Place, digest_of, hash_of
from golden_records.models import ChangeEvent, EventType, Seal, UnsealedEvent
from golden_records.outbox import Event, Filters
from golden_records.tasks import seal_events
from tests.factories import a_change


def published(count: int, *, golden_id: UUID | None = None, first: int = 1, **told: object) -> None:
    whose = golden_id or uuid4()
    events = [Event("customer", EventType.UPDATED, whose, first + number, **told) for number in range(count)]  # type: ignore[arg-type]
    with transaction.atomic():
        outbox.publish(events, change=a_change())


def places() -> list[int]:
    return list(Seal.objects.order_by("seq").values_list("seq", flat=True))


@pytest.mark.django_db
def test_places_begin_at_one_and_have_no_gaps() -> None:
    published(3)
    assert sealing.seal() == 3
    published(2)
    assert sealing.seal() == 2
    assert places() == [1, 2, 3, 4, 5]
    assert not UnsealedEvent.objects.exists()


@pytest.mark.django_db
def test_sealing_what_is_sealed_is_no_work() -> None:
    published(3)
    sealing.seal()
    before = list(Seal.objects.values_list("seq", "event_id"))
    assert sealing.seal() == 0
    assert list(Seal.objects.values_list("seq", "event_id")) == before


@pytest.mark.django_db
def test_many_are_sealed_in_batches() -> None:
    published(7)
    assert sealing.seal_batch(most=3) == 3
    assert sealing.seal(most=2) == 2
    assert sealing.seal() == 2
    assert places() == list(range(1, 8))


@pytest.mark.django_db
def test_each_link_of_the_chain_holds_the_one_before() -> None:
    published(3, attributes=["email"], before=["a@acme.fr"], after=["b@acme.fr"])
    sealing.seal()
    previous = BEGINNING
    for seal in Seal.objects.select_related("event").order_by("seq"):
        assert bytes(seal.digest) == digest_of(seal.event)
        assert bytes(seal.hash) == hash_of(seal.event, Place(previous, seal.seq, seal.sealed_at), bytes(seal.digest))
        previous = bytes(seal.hash)
    assert previous != BEGINNING


@pytest.mark.django_db
def test_the_same_values_under_another_salt_have_another_digest() -> None:
    published(2, attributes=["email"], after=["b@acme.fr"])
    one, other = ChangeEvent.objects.all()
    assert digest_of(one) != digest_of(other)


@pytest.mark.django_db
def test_a_reader_goes_on_from_where_it_was() -> None:
    published(5)
    sealing.seal()
    first = outbox.sealed_after(0, limit=2)
    second = outbox.sealed_after(first.seq, limit=10)
    assert [event.golden_version for event in (*first.events, *second.events)] == [1, 2, 3, 4, 5]
    assert (first.is_last, second.is_last, second.seq) == (False, True, 5)
    assert outbox.sealed_after(5, limit=10) == outbox.FeedPage((), 5, is_last=True)


@pytest.mark.django_db
def test_a_reader_goes_on_past_what_its_filters_leave_out() -> None:
    published(3, source="crm", external_id="1")
    published(2, caused_by="erp")
    sealing.seal()
    assert [event.caused_by for event in outbox.sealed_after(0, limit=9, filters=Filters(source="erp")).events] == ["erp", "erp"]
    page = outbox.sealed_after(0, limit=9, filters=Filters(entity="project"))
    assert (list(page.events), page.seq) == ([], 5)
    assert len(outbox.sealed_after(0, limit=9, filters=Filters(types=frozenset({"updated"}))).events) == 5


@pytest.mark.django_db
def test_what_is_rolled_back_is_never_told() -> None:
    published(1)
    with transaction.atomic():
        outbox.publish([Event("customer", EventType.UPDATED, uuid4(), 1)], change=a_change())
        transaction.set_rollback(True)
    published(1)
    assert sealing.seal() == 2
    assert places() == [1, 2]


@pytest.mark.django_db
def test_a_sealer_that_fails_on_the_way_has_sealed_nothing_of_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    published(3)
    sealing.seal_batch(most=1)
    with monkeypatch.context() as broken:
        broken.setattr(UnsealedEvent.objects, "filter", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            sealing.seal_batch()
    assert places() == [1]
    sealing.seal()
    assert places() == [1, 2, 3]


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_sealer_whose_connection_is_killed_is_replaced_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal_events, "delay", lambda: None)
    published(3)
    backends: list[int] = []
    half_done, killed = Signal(), Signal()

    def stopped(*about: Any) -> bytes:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backends.append(cursor.fetchone()[0])
        half_done.set()
        killed.wait(10)
        return hash_of(*about)

    def seal() -> None:
        try:
            with pytest.raises(OperationalError):
                sealing.seal()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool, monkeypatch.context() as slow:
        slow.setattr(sealing, "hash_of", stopped)
        doomed = pool.submit(seal)
        assert half_done.wait(10)
        assert sealing.seal_batch() is None, "one seals, and only one"
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", backends)
        killed.set()
        doomed.result()
    assert places() == []
    assert sealing.seal() == 3
    assert places() == [1, 2, 3]


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_after_one_with_a_greater_id_is_not_missed() -> None:
    drawn, others_done = Signal(), Signal()

    def slow() -> None:
        with transaction.atomic():
            outbox.publish([Event("customer", EventType.UPDATED, UUID(int=1), 1)], change=a_change())
            drawn.set()
            others_done.wait(10)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(slow)
        drawn.wait(10)
        published(2, golden_id=UUID(int=2))
        sealing.seal()
        seen = outbox.sealed_after(0, limit=10)
        others_done.set()
        writer.result()
    sealing.seal()
    late = outbox.sealed_after(seen.seq, limit=10)
    assert {event.golden_id.int for event in seen.events} == {2}
    assert [event.golden_id.int for event in late.events] == [1]
    assert late.events[0].pk < seen.events[0].pk
