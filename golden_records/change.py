"""Who changes what and why: handed explicitly to every function that writes, and kept in history."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone


def _correlation_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Change:
    """The author, the reason and the moment of one change; every history row of that change carries the same.

    `actor` is "steward:NAME", "api:KEY NAME", "engine:ENTITY@CONFIG VERSION" or "command:NAME"; `user_id` is
    set where a person with a log-in acts. `correlation_id` ties together the rows written by one request or task. `config` is the
    version of the match config that decided, where an engine did.
    """

    actor: str
    reason: str
    user_id: int | None = None
    correlation_id: str = field(default_factory=_correlation_id)
    at: datetime = field(default_factory=timezone.now)
    config: str | None = None
