"""Which of two versions of a source record is the newer one: the same rules by whatever road a version comes.

A source's own time decides where both versions have one. Of two versions with the same time, the one that came last
stands: the times of many sources are whole days, and a correction on the same day must not be lost. A version without a
time follows what is held, and keeps its time, so that what is older than that stays out. A withdrawal is a version like
any other, and stands against one of the same time: a message that comes twice does not bring a record back.
"""

from datetime import datetime, timedelta
from typing import Final

from golden_records.models import RecordState, SourceRecord

LONGEST_AHEAD: Final = timedelta(days=1)
"""How far a source's time may be ahead of the arrival. Further ahead, the clock is wrong and would win for ever: it counts as none."""


def is_overtaken(held: SourceRecord, *, sent_at: datetime | None, waited_since: datetime | None) -> bool:
    """Say whether what is held stands against what was sent.

    `sent_at` is the source's own time of what was sent; `waited_since` when it came, where it was set aside (quarantined)
    then: it never brings back what was withdrawn since, nor replaces what came since where no time tells more.
    """
    was_set_aside_before = waited_since is not None and waited_since < held.updated_at
    stands = time_of(held)
    if sent_at is None or stands is None:
        return was_set_aside_before
    if held.state == RecordState.WITHDRAWN:
        return was_set_aside_before or sent_at <= stands
    return sent_at < stands


def is_late_withdrawal(held: SourceRecord, *, withdrawn_at: datetime | None) -> bool:
    """Say whether the source changed the record after it withdrew it, by its own time: it has it again."""
    stands = time_of(held)
    return withdrawn_at is not None and stands is not None and withdrawn_at < stands


def time_of(held: SourceRecord) -> datetime | None:
    """Give the source's time of what is held; None where it has none that can be believed."""
    at = held.source_updated_at
    return None if at is None or at > held.updated_at + LONGEST_AHEAD else at
