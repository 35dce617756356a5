"""Delivery in foul weather: endpoints that are down, slow or gone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from golden_records import outbox
from golden_records.models import WebhookSubscription
from golden_records.webhooks import subscriptions, turns
from golden_records.webhooks.delivering import Left
from golden_records.webhooks.retrying import Patience
from golden_records.webhooks.standing import Circuit, circuit_of
from golden_records.webhooks.subscriptions import Subscribed
from tests.factories import a_change
from tests.golden_records.webhooks.receiver import Receiver, receiving, replies
from tests.golden_records.webhooks.stories import (
    AN_UPDATE,
    COURIER,
    an_hour_passes,
    delivered,
    delivered_in_turns,
    endpoint,
    happened,
    many,
    places,
    progress_of,
    seen_in_order,
    troubled,
)

pytestmark = pytest.mark.django_db


def _through_foul_weather(events: int, *, rarely: int = 1) -> Receiver:
    """Let an endpoint hear of events while it is troubled, then down, then troubled again."""
    by = replace(COURIER, seconds_per_message=0.2)
    with receiving() as receiver:
        receiver.reply = troubled(slow_for=0.4, rarely=rarely)
        subscribed = endpoint(receiver)
        happened(*many(events // 2))
        delivered_in_turns(subscribed, by=by)
    happened(*many(events - events // 2))
    assert [delivered(subscribed, by=by) for _ in range(3)] == [Left.TROUBLE] * 3
    with receiving(port=receiver.port) as again:
        again.reply = troubled(slow_for=0.4, rarely=rarely)
        delivered_in_turns(subscribed, by=by)
    return Receiver(receiver.url, receiver.port, received=[*receiver.received, *again.received])


def test_through_failures_slowness_and_absence_everything_is_heard_in_order() -> None:
    receiver = _through_foul_weather(300)
    assert seen_in_order(receiver, 300)
    assert len(receiver.received) > 300


@pytest.mark.slow
def test_through_failures_slowness_and_absence_none_of_twenty_thousand_is_missing() -> None:
    assert seen_in_order(_through_foul_weather(20_000, rarely=9), 20_000)


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


def test_the_circuit_opens_lets_one_message_find_out_and_closes(receiver: Receiver) -> None:
    subscribed, by = endpoint(receiver), replace(COURIER, patience=Patience())
    happened(*many(3))
    receiver.reply = replies(500)
    states = []
    for _ in range(Patience().tries):
        delivered(subscribed, by=by)
        states.append(circuit_of(progress_of(subscribed)))
        an_hour_passes()
    assert states == [Circuit.CLOSED] * (Patience().tries - 1) + [Circuit.OPEN]
    assert circuit_of(progress_of(subscribed)) == Circuit.HALF_OPEN
    tried = len(receiver.received)
    assert delivered(subscribed, by=by) is Left.TROUBLE
    assert len(receiver.received) == tried + 1
    assert circuit_of(progress_of(subscribed)) == Circuit.OPEN
    receiver.reply = replies(204)
    an_hour_passes()
    assert delivered(subscribed, by=by) is Left.NOTHING
    assert circuit_of(progress_of(subscribed)) == Circuit.CLOSED
    assert seen_in_order(receiver, 3)


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
