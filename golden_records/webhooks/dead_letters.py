"""Dead letters: events that an endpoint would not take, to be looked at, replayed or dismissed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils import timezone

from golden_records.errors import MdmError
from golden_records.models import ChangeEvent, DeadLetterState, WebhookDeadLetter
from golden_records.webhooks.envelope import Message
from golden_records.webhooks.posting import Answer

_PAGE: Final = 100


class UnknownDeadLetter(MdmError):
    """The webhook has no dead letter with this number."""

    code = "unknown_dead_letter"
    title = "Unknown dead letter"


@dataclass(frozen=True, slots=True)
class Replay:
    """A dead letter that somebody wants sent again, with its event."""

    letter_id: int
    attempts: int
    event: ChangeEvent


def set_aside(subscription_id: UUID, seq: int, message: Message, answer: Answer, *, attempts: int) -> None:
    """Keep an event that is not tried any more. Twice for the same event changes nothing."""
    now = timezone.now()
    letter = WebhookDeadLetter(
        subscription_id=subscription_id,
        seq=seq,
        message_id=message.id,
        message_type=message.type,
        subject=message.subject,
        attempts=attempts,
        status=answer.status,
        problem=answer.problem,
        answer=answer.text,
        set_aside_at=now,
        tried_at=now,
    )
    WebhookDeadLetter.objects.bulk_create([letter], ignore_conflicts=True)


def request_replay(subscription_id: UUID, letter_id: int | None = None) -> int:
    """Have one dead letter of an endpoint sent again, or all that wait, before anything else is; tells how many.

    What was replayed or dismissed already is left alone. Raises `UnknownDeadLetter` for a number that is not there.
    """
    letters = WebhookDeadLetter.objects.filter(subscription_id=subscription_id)
    if letter_id is not None:
        letters = letters.filter(pk=letter_id)
        if not letters.exists():
            raise _unknown(letter_id)
    return letters.filter(state=DeadLetterState.WAITING).update(state=DeadLetterState.REQUESTED)


def dismiss(subscription_id: UUID, letter_id: int) -> None:
    """Say that a dead letter is not needed any more. Raises `UnknownDeadLetter`."""
    letters = WebhookDeadLetter.objects.filter(subscription_id=subscription_id, pk=letter_id)
    if not letters.exists():
        raise _unknown(letter_id)
    open_ones = (DeadLetterState.WAITING, DeadLetterState.REQUESTED)
    letters.filter(state__in=open_ones).update(state=DeadLetterState.DISMISSED)


def requested(subscription_id: UUID) -> Iterator[Replay]:
    """Give the dead letters that are to be sent again, in the order of the feed."""
    letters = WebhookDeadLetter.objects.filter(subscription_id=subscription_id, state=DeadLetterState.REQUESTED).order_by("seq")
    done = 0
    while asked := list(letters.filter(seq__gt=done)[:_PAGE]):
        events = ChangeEvent.objects.select_related("seal").filter(seal__seq__in=[letter.seq for letter in asked])
        by_place = {event.seal.seq: event for event in events}
        for letter in asked:
            yield Replay(letter.pk, letter.attempts, by_place[letter.seq])
        done = asked[-1].seq


def note_replay(replay: Replay, answer: Answer, *, delivered: bool) -> None:
    """Keep what came of a replay: a letter that was refused again waits again."""
    WebhookDeadLetter.objects.filter(pk=replay.letter_id, state=DeadLetterState.REQUESTED).update(
        state=DeadLetterState.REPLAYED if delivered else DeadLetterState.WAITING,
        attempts=replay.attempts + 1,
        status=answer.status,
        problem=answer.problem,
        answer=answer.text,
        tried_at=timezone.now(),
    )


def _unknown(letter_id: int) -> UnknownDeadLetter:
    return UnknownDeadLetter(f"There is no dead letter {letter_id}.", letter=letter_id)
