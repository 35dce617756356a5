"""What an answer means, when to try again, and when to stop trying: the rules of delivery, without clock and database."""

import random
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from http import HTTPStatus
from typing import Final

from golden_records.webhooks.posting import Answer

# These say "not now", unlike the other answers from 400 to 499, which say "not this".
_NOT_NOW: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class Verdict(Enum):
    """What an endpoint's answer says."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    """It takes messages, but not this one."""
    FAILED = "failed"
    """It takes none at present."""
    GONE = "gone"
    """It wants none any more."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong since the last delivery: for the event that is next, and how many were set aside before it."""

    tries: int = 0
    refusals: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try.

    The pause after the n-th try is `first` times `factor` to the power n - 1, at most `longest`, less up to half by chance so
    that endpoints which fell over together do not get everything back at once. With the defaults: 2 s, 6 s, 18 s ... 1 h.

    An event that was refused `refusals` times is set aside. The circuit opens after `tries` tries of one event, or once
    `set_aside` events in a row were set aside: then it is the endpoint that is wrong and not its events, none is set aside any
    more, and one try at a time finds out whether it is well again. An event that comes through closes the circuit.
    """

    first: timedelta = timedelta(seconds=2)
    factor: float = 3.0
    longest: timedelta = timedelta(hours=1)
    tries: int = 6
    refusals: int = 5
    set_aside: int = 3

    def is_open(self, trouble: Trouble) -> bool:
        """Whether the circuit is open."""
        return trouble.tries >= self.tries or trouble.set_aside >= self.set_aside

    def gives_up(self, trouble: Trouble) -> bool:
        """Whether the event that is next is set aside."""
        return trouble.refusals >= self.refusals and trouble.set_aside < self.set_aside

    def pause(self, trouble: Trouble, retry_after: float | None = None) -> timedelta:
        """Give how long to wait after a try that failed; as long as the endpoint asks for, within `longest`."""
        exponent = max(trouble.tries, self.tries if trouble.set_aside >= self.set_aside else 1) - 1
        seconds = min(self.longest.total_seconds(), self.first.total_seconds() * self.factor ** min(exponent, 60))
        by_chance = seconds * random.uniform(0.5, 1.0)  # noqa: S311 - spreads endpoints, protects nothing
        return timedelta(seconds=max(by_chance, min(retry_after or 0.0, self.longest.total_seconds())))


PATIENCE: Final = Patience()


def verdict_on(answer: Answer) -> Verdict:
    """Say what an answer means. A redirect is a failure: nothing is sent to where nobody was asked."""
    status = answer.status
    if status is None:
        return Verdict.FAILED
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Verdict.DELIVERED
    if status == HTTPStatus.GONE:
        return Verdict.GONE
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _NOT_NOW:
        return Verdict.REFUSED
    return Verdict.FAILED


def after(trouble: Trouble, verdict: Verdict) -> Trouble:
    """Give the trouble after one more try that did not come through."""
    return Trouble(tries=trouble.tries + 1, refusals=trouble.refusals + (verdict is Verdict.REFUSED), set_aside=trouble.set_aside)
