"""A person's word that an event which keeps an endpoint waiting is to be left for later, so that the others go on."""

from uuid import UUID

from django.db import transaction

from golden_records import outbox
from golden_records.change import Change
from golden_records.errors import MdmError
from golden_records.history import ChangeKind, write_history
from golden_records.models import ChangeEvent, WebhookDelivery, WebhookSubscription
from golden_records.webhooks import dead_letters, subscriptions, turns
from golden_records.webhooks.delivering import PAGE
from golden_records.webhooks.envelope import Message, message_of
from golden_records.webhooks.hearing import heard
from golden_records.webhooks.posting import Answer


class NotNext(MdmError):
    """The event is not the one that the endpoint waits at: it came through meanwhile, or never failed."""

    code = "not_the_next_event"
    title = "The event does not hold the webhook up"


def held_up(subscription: WebhookSubscription) -> ChangeEvent | None:
    """Give the event that an endpoint waits at, which was tried and did not come through; None where it waits at none."""
    progress = subscription.progress
    if not progress.tries:
        return None
    # Delivery notes how far it came at the end of each page: the event is in the one that begins there.
    page = outbox.sealed_after(progress.position, limit=PAGE)
    return next(iter(heard(page.events, subscription)), None)


@transaction.atomic
def set_aside_next(subscription_id: UUID, seq: int, *, change: Change) -> None:
    """Make the event at the place `seq`, which an endpoint waits at, a dead letter, and let the others go on at once.

    The history of the subscription tells who did it and why. Where the endpoint takes the event at this very moment after all, it is
    delivered and a dead letter as well. Raises `UnknownSubscription`, and `NotNext`.
    """
    row = subscriptions.locked(subscription_id)
    event = held_up(row)
    if event is None or event.seal.seq != seq or not turns.go_on_after(row.progress, seq):
        message = f"The event {seq} does not hold the webhook up any more."
        raise NotNext(message, remedy="Look at the page again.", seq=seq)
    sent = message_of(event, row)
    dead_letters.set_aside(row.pk, seq, sent, _last_answer(row, sent), attempts=row.progress.tries)
    write_history(WebhookSubscription, [row], change=change, kind=ChangeKind.CHANGED)


def _last_answer(row: WebhookSubscription, sent: Message) -> Answer:
    last = WebhookDelivery.objects.filter(subscription=row, message_id=sent.id).order_by("-id").first()
    # The log is kept for a month only.
    return Answer(status=None) if last is None else Answer(status=last.status, problem=last.problem, text=last.answer)
