"""Deliverers that die, and that meet."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection

from golden_records.models import WebhookDelivery
from golden_records.webhooks import turns
from golden_records.webhooks.delivering import Left
from tests.golden_records.webhooks.receiver import Receiver
from tests.golden_records.webhooks.stories import (
    COURIER,
    an_hour_passes,
    delivered,
    endpoint,
    happened,
    many,
    places,
    progress_of,
    seen_in_order,
    troubled,
)

pytestmark = pytest.mark.django_db


class _Killed(BaseException):
    """The process ends here."""


def test_a_process_that_dies_before_it_could_note_a_delivery_has_it_sent_again_under_the_same_id(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed = endpoint(receiver)
    happened(*many(3))
    with monkeypatch.context() as dying:
        dying.setattr(turns, "advance", _dies)
        dying.setattr(turns, "give_back", lambda _turn: None)
        with pytest.raises(_Killed):
            delivered(subscribed)
    assert delivered(subscribed) is Left.NOTHING  # the dead process holds the turn until its lease is over
    assert places(receiver) == [1]
    an_hour_passes()
    delivered(subscribed)
    assert places(receiver) == [1, 1, 2, 3]
    assert receiver.ids[0] == receiver.ids[1]
    assert receiver.received[0].body == receiver.received[1].body


def _dies(_turn: turns.Turn, _position: int, *, delivered: bool) -> None:
    assert delivered
    raise _Killed


def test_a_process_that_was_thought_dead_writes_nothing_more(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(*many(4))
    thought_dead = turns.take(subscribed.subscription.pk)
    assert thought_dead is not None
    an_hour_passes()
    delivered(subscribed)
    with pytest.raises(turns.TurnLost):
        turns.advance(thought_dead, 1, delivered=True)
    assert progress_of(subscribed).position == 4


def _at_once(workers: int, work: Callable[[], object]) -> None:
    barrier = threading.Barrier(workers)

    def run() -> None:
        barrier.wait()
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_a_turn_at_once_one_has_it(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    taken: list[turns.Turn | None] = []
    for tried in range(10):
        an_hour_passes()
        _at_once(4, lambda: taken.append(turns.take(subscribed.subscription.pk)))
        assert len([turn for turn in taken if turn is not None]) == tried + 1


@pytest.mark.django_db(transaction=True)
def test_several_deliverers_at_once_do_not_disturb_the_order(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(*many(40))
    receiver.reply = troubled(slow_for=0.0)
    short = replace(COURIER, seconds=0.0)

    def until_all_is_heard() -> None:
        until = time.monotonic() + 60
        while progress_of(subscribed).position < 40 and time.monotonic() < until:
            delivered(subscribed, by=short)

    _at_once(3, until_all_is_heard)
    assert seen_in_order(receiver, 40)
    # Nothing came twice but what had failed.
    failed = WebhookDelivery.objects.exclude(status=204).count()
    assert len(receiver.received) == 40 + failed
