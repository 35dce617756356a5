"""Events that an endpoint will not take: set aside, replayed, dismissed."""

import pytest

from golden_records import outbox
from golden_records.models import DeadLetterState, WebhookDeadLetter
from golden_records.webhooks import dead_letters, setting_aside, subscriptions, turns
from golden_records.webhooks.delivering import Left
from golden_records.webhooks.retrying import Patience
from golden_records.webhooks.standing import Circuit, circuit_of
from golden_records.webhooks.subscriptions import Subscribed
from tests.factories import a_change
from tests.golden_records.webhooks.receiver import Receiver, replies
from tests.golden_records.webhooks.stories import (
    AN_UPDATE,
    delivered,
    delivered_in_turns,
    endpoint,
    happened,
    many,
    places,
    progress_of,
    refuses,
)

pytestmark = pytest.mark.django_db


def test_an_event_that_the_endpoint_will_not_take_is_set_aside_and_the_others_go_on(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(*many(3))
    receiver.reply = refuses(2)
    delivered_in_turns(subscribed)
    assert places(receiver) == [1, *[2] * 5, 3]
    [letter] = WebhookDeadLetter.objects.all()
    assert (letter.seq, letter.status, letter.attempts, letter.state) == (2, 422, 5, DeadLetterState.WAITING)
    assert letter.message_id == receiver.ids[1]


def test_a_dead_letter_is_replayed_under_the_same_id_before_what_is_new(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(AN_UPDATE)
    receiver.reply = refuses(1)
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
    receiver.reply = refuses(1)
    delivered_in_turns(subscribed)
    dead_letters.request_replay(subscribed.subscription.pk)
    assert delivered(subscribed) is Left.NOTHING
    [letter] = WebhookDeadLetter.objects.all()
    assert (letter.state, letter.attempts) == (DeadLetterState.WAITING, 6)


def test_a_dismissed_letter_is_not_replayed(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(AN_UPDATE)
    receiver.reply = refuses(1)
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


def _held_up_at_the_second(receiver: Receiver) -> Subscribed:
    subscribed = endpoint(receiver)
    happened(*many(3))
    receiver.reply = refuses(2, status=500)
    delivered(subscribed)
    return subscribed


def test_an_event_that_fails_for_ever_is_set_aside_by_a_person_and_replayed_later(receiver: Receiver) -> None:
    subscribed = _held_up_at_the_second(receiver)
    row = subscriptions.subscription(subscribed.subscription.pk)
    assert [delivered(subscribed) for _ in range(20)] == [Left.TROUBLE] * 20
    event = setting_aside.held_up(row)
    assert event is not None
    setting_aside.set_aside_next(row.pk, event.seal.seq, change=a_change("their receiver can't read it"))
    delivered(subscribed)
    assert list(dict.fromkeys(places(receiver))) == [1, 2, 3]
    [letter] = WebhookDeadLetter.objects.all()
    assert (letter.seq, letter.status, letter.attempts, letter.state) == (2, 500, 21, DeadLetterState.WAITING)
    told = row.history.latest("history_id")
    assert (told.actor, told.history_change_reason) == ("command:test", "their receiver can't read it")
    receiver.reply = replies(204)
    dead_letters.request_replay(row.pk)
    delivered(subscribed)
    assert places(receiver)[-1] == 2


def test_only_the_event_that_is_next_and_failed_can_be_set_aside(receiver: Receiver) -> None:
    subscribed = _held_up_at_the_second(receiver)
    for seq in (1, 3, 4):
        with pytest.raises(setting_aside.NotNext):
            setting_aside.set_aside_next(subscribed.subscription.pk, seq, change=a_change())
    receiver.reply = replies(204)
    delivered(subscribed)
    with pytest.raises(setting_aside.NotNext):
        setting_aside.set_aside_next(subscribed.subscription.pk, 2, change=a_change())
    assert not WebhookDeadLetter.objects.exists()


def test_who_delivers_while_an_event_is_set_aside_writes_nothing_more(receiver: Receiver) -> None:
    subscribed = _held_up_at_the_second(receiver)
    turn = turns.take(subscribed.subscription.pk)
    assert turn is not None
    setting_aside.set_aside_next(subscribed.subscription.pk, 2, change=a_change())
    with pytest.raises(turns.TurnLost):
        turns.postpone(turn, turn.trouble, Patience().longest)
    delivered(subscribed)
    assert places(receiver) == [1, 2, 3]
