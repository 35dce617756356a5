"""Delivery: to one endpoint one message at a time, in the order of the feed, each at least once.

What was dealt with is written down after each message. A process that dies between the endpoint's answer and that has the message
sent again, under the same id.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final
from uuid import UUID

import structlog
from django.utils import timezone

from golden_records import outbox
from golden_records.change import Change
from golden_records.errors import MdmError
from golden_records.models import ChangeEvent, DeliveryKind, WebhookSubscription
from golden_records.webhooks import dead_letters, secrets, subscriptions, turns
from golden_records.webhooks.addresses import AddressPolicy
from golden_records.webhooks.endpoints import parsed_endpoint
from golden_records.webhooks.envelope import CONTENT_TYPE, Message, message_of, message_of_test
from golden_records.webhooks.hearing import heard
from golden_records.webhooks.log import note
from golden_records.webhooks.posting import SECONDS, Answer, Poster
from golden_records.webhooks.retrying import PATIENCE, Patience, Verdict, after, verdict_on
from golden_records.webhooks.signing import signed_headers
from golden_records.webhooks.turns import Turn, TurnLost

PAGE: Final = 100
GONE: Final = "The endpoint answered 410 Gone: it wants no messages any more."

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Courier:
    """How messages are carried: where they may go, how long one may take, how often they are tried, and when to make a pause.

    After `seconds` the endpoint is left to whoever comes next, so that a slow one holds nobody for ever.
    """

    policy: AddressPolicy
    patience: Patience = PATIENCE
    seconds: float = 5.0
    seconds_per_message: float = SECONDS


class Left(Enum):
    """What a delivery left behind."""

    NOTHING = "nothing"
    MORE = "more"
    TROUBLE = "trouble"


def courier() -> Courier:
    """Carry as the operator has set."""
    return Courier(policy=subscriptions.address_policy())


def deliver(subscription_id: UUID, *, by: Courier) -> Left:
    """Deliver what an endpoint has not heard yet, replays first, until all is delivered, something fails, or time is up.

    May be called by several at once, for the same endpoint too: one delivers, the others find nothing to do.
    """
    turn = turns.take(subscription_id)
    if turn is None:
        return Left.NOTHING
    try:
        with _poster(turn.subscription, by) as poster:
            return _Round(turn, poster, by).run()
    except TurnLost:
        _logger.info("webhook_turn_lost", webhook=str(subscription_id))
        return Left.NOTHING
    finally:
        turns.give_back(turn)


def send_test(subscription: WebhookSubscription, message_id: str, *, by: Courier) -> Answer:
    """Send a message that says nothing, at once, and tell what came of it. Also to an endpoint that is paused or in trouble."""
    message = message_of_test(subscription, message_id)
    with _poster(subscription, by) as poster:
        answer = _post(poster, message, subscription)
    note(subscription.pk, DeliveryKind.TEST, message, answer, attempt=1)
    return answer


def is_delivered(answer: Answer) -> bool:
    """Whether the endpoint took the message."""
    return verdict_on(answer) is Verdict.DELIVERED


class _Round:
    """One turn at one endpoint."""

    def __init__(self, turn: Turn, poster: Poster, by: Courier) -> None:
        self._turn = turn
        self._poster = poster
        self._by = by
        self._ends = time.monotonic() + by.seconds
        self._has_heard_all = False

    def run(self) -> Left:
        for letter in dead_letters.requested(self._turn.subscription.pk):
            self._replay(letter)
            if self._is_over():
                return Left.MORE
        for event in self._unheard():
            if not self._deliver(event):
                return Left.TROUBLE
            if self._is_over():
                return Left.MORE
        return Left.NOTHING if self._has_heard_all else Left.MORE

    def _is_over(self) -> bool:
        return time.monotonic() >= self._ends

    def _unheard(self) -> Iterator[ChangeEvent]:
        while not self._has_heard_all:
            page = outbox.sealed_after(self._turn.position, limit=PAGE)
            yield from heard(page.events, self._turn.subscription)
            if page.seq > self._turn.position:
                self._turn = turns.advance(self._turn, page.seq, delivered=False)
            self._has_heard_all = page.is_last
            if self._is_over():
                return

    def _deliver(self, event: ChangeEvent) -> bool:
        """Deliver one event, or set it aside; False where the endpoint is to be left alone for now."""
        self._turn = turns.keep(self._turn)
        message = message_of(event, self._turn.subscription)
        answer = _post(self._poster, message, self._turn.subscription)
        verdict = verdict_on(answer)
        trouble = after(self._turn.trouble, verdict)
        note(self._turn.subscription.pk, DeliveryKind.EVENT, message, answer, attempt=trouble.tries)
        if verdict is Verdict.DELIVERED:
            self._turn = turns.advance(self._turn, event.seal.seq, delivered=True)
            return True
        if verdict is Verdict.GONE:
            _pause(self._turn.subscription)
            return False
        if self._by.patience.gives_up(trouble):
            dead_letters.set_aside(self._turn.subscription.pk, event.seal.seq, message, answer, attempts=trouble.tries)
            self._turn = turns.skip(self._turn, event.seal.seq)
            return True
        turns.postpone(self._turn, trouble, self._by.patience.pause(trouble, answer.retry_after))
        return False

    def _replay(self, letter: dead_letters.Replay) -> None:
        self._turn = turns.keep(self._turn)
        message = message_of(letter.event, self._turn.subscription)
        answer = _post(self._poster, message, self._turn.subscription)
        note(self._turn.subscription.pk, DeliveryKind.REPLAY, message, answer, attempt=letter.attempts + 1)
        dead_letters.note_replay(letter, answer, delivered=is_delivered(answer))


def _poster(subscription: WebhookSubscription, by: Courier) -> Poster:
    return Poster(parsed_endpoint(subscription.url), by.policy, seconds=by.seconds_per_message)


def _post(poster: Poster, message: Message, subscription: WebhookSubscription) -> Answer:
    """Sign and send; the secrets are read for each message, so that one that ran out signs nothing more."""
    try:
        keys = secrets.in_force(subscription.pk)
    except MdmError as error:
        _logger.warning(error.code, webhook=str(subscription.pk))
        return Answer(status=None, problem=error.code)
    headers = signed_headers(message.id, message.body, at=timezone.now(), secrets_in_force=keys)
    return poster.post(message.body, {"Content-Type": CONTENT_TYPE, **headers})


def _pause(subscription: WebhookSubscription) -> None:
    change = Change(actor="engine:webhooks", reason=GONE)
    subscriptions.pause(subscription.pk, because=GONE, change=change)
    _logger.warning("webhook_gone", webhook=str(subscription.pk))
