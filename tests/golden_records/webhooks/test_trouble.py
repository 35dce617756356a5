"""Delivery in foul weather: endpoints that are down, slow or wrong, and deliverers that die or meet."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from itertools import count

import pytest
from django.db import connection
from django.utils import timezone

from golden_records import outbox
from golden_records.models import DeadLetterState, WebhookDeadLetter, WebhookDelivery, WebhookProgress, WebhookSubscription
from golden_records.webhooks import dead_letters, subscriptions, turns
from golden_records.webhooks.delivering import Left
from golden_records.webhooks.retrying import Patience
from golden_records.webhooks.standing import Circuit, circuit_of
from golden_records.webhooks.subscriptions import Subscribed
from tests.factories import a_change
from tests.golden_records.webhooks.receiver import Received, Receiver, Reply, hangs_up, receiving, replies
from tests.golden_records.webhooks.stories import (
    AN_UPDATE,
    COURIER,
    delivered,
    delivered_in_turns,
    endpoint,
    envelope,
    happened,
    many,
    places,
    progress_of,
)

pytestmark = pytest.mark.django_db


def _seq(message: Received) -> int:
    place: int = envelope(message)["data"]["seq"]
    return place


def _refuses(seq: int, status: int = 422) -> Reply:
    def reply(message: Received, handler: BaseHTTPRequestHandler) -> None:
        replies(status if _seq(message) == seq else 204)(message, handler)

    return reply


def _troubled(slow_for: float, *, rarely: int = 1) -> Reply:
    """Answer 500, hang up, and sleep, in turn, among answers that are fine."""
    number = count()

    def reply(message: Received, handler: BaseHTTPRequestHandler) -> None:
        turn = next(number)
        if turn % (7 * rarely) == 3:
            return replies(500)(message, handler)
        if turn % (11 * rarely) == 5:
            return hangs_up(message, handler)
        if turn % (41 * rarely) == 20:
            time.sleep(slow_for)
        return replies(204)(message, handler)

    return reply


def _seen_in_order(receiver: Receiver, events: int) -> bool:
    """Whether all were seen, and each for the first time only after those before it."""
    return list(dict.fromkeys(places(receiver))) == list(range(1, events + 1))


def _through_foul_weather(events: int, *, rarely: int = 1) -> Receiver:
    """Let an endpoint hear of events while it is troubled, then down, then troubled again."""
    by = replace(COURIER, seconds_per_message=0.2)
    with receiving() as receiver:
        receiver.reply = _troubled(slow_for=0.4, rarely=rarely)
        subscribed = endpoint(receiver)
        happened(*many(events // 2))
        delivered_in_turns(subscribed, by=by)
    happened(*many(events - events // 2))
    assert [delivered(subscribed, by=by) for _ in range(3)] == [Left.TROUBLE] * 3
    with receiving(port=receiver.port) as again:
        again.reply = _troubled(slow_for=0.4, rarely=rarely)
        delivered_in_turns(subscribed, by=by)
    return Receiver(receiver.url, receiver.port, received=[*receiver.received, *again.received])


def test_through_failures_slowness_and_absence_everything_is_heard_in_order() -> None:
    receiver = _through_foul_weather(300)
    assert _seen_in_order(receiver, 300)
    assert len(receiver.received) > 300


@pytest.mark.slow
def test_through_failures_slowness_and_absence_none_of_twenty_thousand_is_missing() -> None:
    assert _seen_in_order(_through_foul_weather(20_000, rarely=9), 20_000)


def test_nothing_is_sent_before_the_pause_is_over(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(AN_UPDATE)
    receiver.reply = replies(503)
    by = replace(COURIER, patience=Patience())
    assert [delivered(subscribed, by=by) for _ in range(3)] == [Left.TROUBLE, Left.NOTHING, Left.NOTHING]
    assert len(receiver.received) == 1
    assert turns.due(outbox.head()) == []
    assert progress_of(subscribed).next_try_at > timezone.now()


def test_an_endpoint_that_asks_for_time_is_given_it(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(AN_UPDATE)
    receiver.reply = replies(429, Retry_After="600")
    delivered(subscribed, by=replace(COURIER, patience=Patience()))
    assert progress_of(subscribed).next_try_at > timezone.now() + timedelta(seconds=590)


def _an_hour_passes() -> None:
    WebhookProgress.objects.update(next_try_at=timezone.now() - timedelta(seconds=1), lease_until=None)


def test_the_circuit_opens_lets_one_message_find_out_and_closes(receiver: Receiver) -> None:
    subscribed, by = endpoint(receiver), replace(COURIER, patience=Patience())
    happened(*many(3))
    receiver.reply = replies(500)
    states = []
    for _ in range(Patience().tries):
        delivered(subscribed, by=by)
        states.append(circuit_of(progress_of(subscribed)))
        _an_hour_passes()
    assert states == [Circuit.CLOSED] * (Patience().tries - 1) + [Circuit.OPEN]
    assert circuit_of(progress_of(subscribed)) == Circuit.HALF_OPEN
    tried = len(receiver.received)
    assert delivered(subscribed, by=by) is Left.TROUBLE
    assert len(receiver.received) == tried + 1
    assert circuit_of(progress_of(subscribed)) == Circuit.OPEN
    receiver.reply = replies(204)
    _an_hour_passes()
    assert delivered(subscribed, by=by) is Left.NOTHING
    assert circuit_of(progress_of(subscribed)) == Circuit.CLOSED
    assert _seen_in_order(receiver, 3)


def test_an_event_that_the_endpoint_will_not_take_is_set_aside_and_the_others_go_on(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(*many(3))
    receiver.reply = _refuses(2)
    delivered_in_turns(subscribed)
    assert places(receiver) == [1, *[2] * 5, 3]
    [letter] = WebhookDeadLetter.objects.all()
    assert (letter.seq, letter.status, letter.attempts, letter.state) == (2, 422, 5, DeadLetterState.WAITING)
    assert letter.message_id == receiver.ids[1]


def test_a_dead_letter_is_replayed_under_the_same_id_before_what_is_new(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(AN_UPDATE)
    receiver.reply = _refuses(1)
    delivered_in_turns(subscribed)
    [letter] = WebhookDeadLetter.objects.all()
    receiver.reply = replies(204)
    receiver.received.clear()
    happened(AN_UPDATE)
    assert dead_letters.request_replay(subscribed.subscription.pk, letter.pk) == 1
    assert turns.due(outbox.head()) == [subscribed.subscription.pk]
    delivered(subscribed)
    assert places(receiver) == [1, 2]
    assert receiver.ids[0] == letter.message_id
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == (DeadLetterState.REPLAYED, 6)
    assert dead_letters.request_replay(subscribed.subscription.pk) == 0


def test_a_replay_that_is_refused_again_waits_again(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(AN_UPDATE)
    receiver.reply = _refuses(1)
    delivered_in_turns(subscribed)
    dead_letters.request_replay(subscribed.subscription.pk)
    assert delivered(subscribed) is Left.NOTHING
    [letter] = WebhookDeadLetter.objects.all()
    assert (letter.state, letter.attempts) == (DeadLetterState.WAITING, 6)


def test_a_dismissed_letter_is_not_replayed(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(AN_UPDATE)
    receiver.reply = _refuses(1)
    delivered_in_turns(subscribed)
    [letter] = WebhookDeadLetter.objects.all()
    dead_letters.dismiss(subscribed.subscription.pk, letter.pk)
    assert dead_letters.request_replay(subscribed.subscription.pk) == 0
    with pytest.raises(dead_letters.UnknownDeadLetter):
        dead_letters.request_replay(subscribed.subscription.pk, letter.pk + 1)


def test_an_endpoint_that_refuses_everything_loses_little_and_gets_the_rest_when_it_is_mended(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(*many(10))
    receiver.reply = replies(404)
    for _ in range(60):
        delivered(subscribed)
    assert [letter.seq for letter in WebhookDeadLetter.objects.order_by("seq")] == [1, 2, 3]
    assert circuit_of(progress_of(subscribed)) != Circuit.CLOSED
    receiver.reply = replies(204)
    receiver.received.clear()
    dead_letters.request_replay(subscribed.subscription.pk)
    delivered_in_turns(subscribed)
    assert places(receiver) == list(range(1, 11))


def test_an_endpoint_that_is_gone_is_paused_until_a_person_says_otherwise(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(*many(2))
    receiver.reply = replies(410)
    assert delivered(subscribed) is Left.TROUBLE
    row = WebhookSubscription.objects.get()
    assert (row.active, "410" in row.paused_because) == (False, True)
    assert row.history.latest("history_id").actor == "engine:webhooks"
    assert delivered(subscribed) is Left.NOTHING
    receiver.reply = replies(204)
    subscriptions.change_terms(row.pk, {"active": True}, change=a_change())
    delivered(subscribed)
    assert places(receiver) == [1, 1, 2]
    assert WebhookSubscription.objects.get().paused_because == ""


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
    _an_hour_passes()
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
    _an_hour_passes()
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
        _an_hour_passes()
        _at_once(4, lambda: taken.append(turns.take(subscribed.subscription.pk)))
        assert len([turn for turn in taken if turn is not None]) == tried + 1


@pytest.mark.django_db(transaction=True)
def test_several_deliverers_at_once_do_not_disturb_the_order(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(*many(40))
    receiver.reply = _troubled(slow_for=0.0)
    short = replace(COURIER, seconds=0.0)

    def until_all_is_heard() -> None:
        until = time.monotonic() + 60
        while progress_of(subscribed).position < 40 and time.monotonic() < until:
            delivered(subscribed, by=short)

    _at_once(3, until_all_is_heard)
    assert _seen_in_order(receiver, 40)
    # Nothing came twice but what had failed.
    failed = WebhookDelivery.objects.exclude(status=204).count()
    assert len(receiver.received) == 40 + failed


def test_a_dead_endpoint_keeps_no_other_waiting(receiver: Receiver) -> None:
    with receiving() as dead:
        down = endpoint(dead)
    up = endpoint(receiver)
    happened(AN_UPDATE)
    due: list[object] = list(turns.due(outbox.head()))
    assert set(due) == {down.subscription.pk, up.subscription.pk}
    assert delivered(down) is Left.TROUBLE
    assert delivered(up) is Left.NOTHING
    assert places(receiver) == [1]


def _stands(subscribed: Subscribed) -> tuple[int, int, int]:
    progress = progress_of(subscribed)
    return progress.tries, progress.refusals, progress.set_aside


def test_a_mended_address_is_tried_at_once(receiver: Receiver) -> None:
    with receiving() as dead:
        subscribed = endpoint(dead)
    happened(AN_UPDATE)
    delivered(subscribed, by=replace(COURIER, patience=Patience()))
    assert _stands(subscribed) == (1, 0, 0)
    subscriptions.change_terms(subscribed.subscription.pk, {"url": receiver.url}, change=a_change())
    assert _stands(subscribed) == (0, 0, 0)
    delivered(subscribed)
    assert places(receiver) == [1]
