"""Whose turn it is to deliver to an endpoint, how far it has heard, and when it is called again.

The row is the queue: whoever delivers takes the row of the endpoint by a conditional update, for a minute, by the clock of the
database. So one delivers at a time, in order; a process that died is followed by another; and what is written after each message
is written only by the one who holds the row.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import DateTimeField, Exists, ExpressionWrapper, OuterRef, Q, Value
from django.db.models.functions import Now

from golden_records.models import DeadLetterState, WebhookDeadLetter, WebhookProgress, WebhookSubscription
from golden_records.webhooks.retrying import Trouble

LEASE: Final = timedelta(seconds=60)
# No message is begun whose end would not be well within the lease: the clocks of two machines need not run alike.
_MARGIN_SECONDS: Final = 30.0


class TurnLost(Exception):
    """Somebody else delivers to this endpoint now, or nobody is to."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to deliver to one endpoint: the subscription as it was when the turn began, and what is next."""

    subscription: WebhookSubscription
    holder: str
    position: int
    trouble: Trouble
    renew_at: float


def take(subscription_id: UUID) -> Turn | None:
    """Take the turn of an endpoint; None where somebody has it, where it is not to be called now, or is paused."""
    holder = uuid.uuid4().hex
    renew_at = _renewal()
    mine = WebhookProgress.objects.filter(_free(), pk=subscription_id)
    if mine.update(holder=holder, lease_until=_from_now(LEASE)) != 1:
        return None
    row = WebhookProgress.objects.select_related("subscription__system").filter(pk=subscription_id, holder=holder).first()
    if row is None:
        return None
    trouble = Trouble(tries=row.tries, refusals=row.refusals, set_aside=row.set_aside)
    return Turn(row.subscription, holder, row.position, trouble, renew_at)


def keep(turn: Turn) -> Turn:
    """Make sure that the turn lasts for one more message. Raises `TurnLost`."""
    if time.monotonic() < turn.renew_at:
        return turn
    renewed = replace(turn, renew_at=_renewal())
    _write(turn, lease_until=_from_now(LEASE))
    return renewed


def advance(turn: Turn, position: int, *, delivered: bool) -> Turn:
    """Note that all up to `position` is dealt with; `delivered` where the last of it came through. Raises `TurnLost`."""
    trouble = Trouble() if delivered else turn.trouble
    noted: dict[str, Any] = {"delivered_at": Now()} if delivered else {}
    _write(turn, position=position, **_columns(trouble), **noted)
    return replace(turn, position=position, trouble=trouble)


def skip(turn: Turn, position: int) -> Turn:
    """Note that the event at `position` was set aside, and go on after it. Raises `TurnLost`."""
    trouble = Trouble(set_aside=turn.trouble.set_aside + 1)
    _write(turn, position=position, **_columns(trouble))
    return replace(turn, position=position, trouble=trouble)


def postpone(turn: Turn, trouble: Trouble, pause: timedelta) -> None:
    """Note that the next event did not come through, and give the turn back until the pause is over. Raises `TurnLost`."""
    _write(turn, **_columns(trouble), next_try_at=_from_now(pause), holder="", lease_until=None)


def give_back(turn: Turn) -> None:
    """Let others deliver; does nothing where the turn is lost."""
    WebhookProgress.objects.filter(pk=turn.subscription.pk, holder=turn.holder).update(holder="", lease_until=None)


def begin(subscription: WebhookSubscription, *, position: int) -> None:
    """Let a new endpoint hear what comes after `position`; the caller owns the transaction."""
    now = subscription.created_at
    WebhookProgress.objects.bulk_create([WebhookProgress(subscription=subscription, position=position, next_try_at=now)])


def start_over(subscription_id: UUID) -> None:
    """Forget the trouble that an endpoint made, and try at once: somebody has mended something. Whoever delivers just now stops."""
    WebhookProgress.objects.filter(pk=subscription_id).update(**_columns(Trouble()), next_try_at=Now(), holder="", lease_until=None)


def interrupt(subscription_id: UUID) -> None:
    """Have whoever delivers just now stop after the message in hand."""
    WebhookProgress.objects.filter(pk=subscription_id).update(holder="", lease_until=None)


def go_on_after(seen: WebhookProgress, position: int) -> bool:
    """Go on at once after the event at `position`; False where the endpoint is not any more where it was `seen`."""
    held = WebhookProgress.objects.filter(pk=seen.pk, position=seen.position, tries__gt=0)
    return held.update(position=position, **_columns(Trouble()), next_try_at=Now(), holder="", lease_until=None) == 1


def due(head: int) -> Sequence[UUID]:
    """Name the endpoints that something is to be sent to now, `head` being the last place of the feed, and that nobody serves."""
    requested = WebhookDeadLetter.objects.filter(subscription_id=OuterRef("pk"), state=DeadLetterState.REQUESTED)
    found = WebhookProgress.objects.filter(_free()).filter(Q(position__lt=head) | Exists(requested))
    return list(found.order_by("next_try_at").values_list("pk", flat=True))


def _free() -> Q:
    # Not by a join: an update would then look for its rows in a subquery, and PostgreSQL, having waited for somebody else's update
    # of the row, would not ask the subquery again. Of two who take the turn at once, both would have it.
    nobody = Q(lease_until=None) | Q(lease_until__lt=Now())
    is_active = Q(Exists(WebhookSubscription.objects.filter(pk=OuterRef("pk"), active=True)))
    # Written as it was stored: SQLite compares moments as texts, of which `Now()` has three decimals and a sum six.
    return nobody & is_active & Q(next_try_at__lte=_from_now(timedelta(0)))


def _write(turn: Turn, **columns: Any) -> None:
    if WebhookProgress.objects.filter(pk=turn.subscription.pk, holder=turn.holder).update(**columns) != 1:
        raise TurnLost


def _columns(trouble: Trouble) -> dict[str, int]:
    return {"tries": trouble.tries, "refusals": trouble.refusals, "set_aside": trouble.set_aside}


def _from_now(delay: timedelta) -> Any:
    return ExpressionWrapper(Now() + Value(delay), output_field=DateTimeField())


def _renewal() -> float:
    return time.monotonic() + LEASE.total_seconds() - _MARGIN_SECONDS
