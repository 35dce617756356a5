"""The sealer: gives committed change events their places in the feed, without gaps, and chains them.

An id drawn from a sequence is no place: of two transactions the one with the greater id may commit first, and a reader that went on from it
would miss the other for good. So events are written unsealed, and whoever seals takes what is committed. Only one does at a time, so
places are dense. What is not visible yet keeps waiting and is found whenever it becomes visible. Where one change was committed before
another began, its id is smaller and it is sealed first; and all changes of one golden record are such, since it is locked while it changes.
"""

import time
from datetime import datetime
from typing import Final, TypeAlias

from django.db import connection, transaction
from django.utils import timezone

from golden_records.chain import BEGINNING, Place, digest_of, hash_of
from golden_records.models import ChangeEvent, Seal, UnsealedEvent

_BATCH: Final = 1_000
# The topmost of the levels into which the numbers of advisory locks are parted: nothing else is locked while this is held.
_LOCK: Final = -(1 << 61) + 1
_PATIENCE: Final = 2.0
_PAUSE: Final = 0.02

_Row: TypeAlias = tuple[int, int, bytes, bytes]


def seal(*, most: int | None = None) -> int:
    """Seal what is committed and unsealed, `most` events of it if given, and tell how many that were.

    Each batch is a transaction of its own: killed on the way, it has sealed a batch wholly or not at all. Whoever comes while another
    seals waits for a turn, for two seconds at most: what was committed before the call is sealed when it returns, unless others are at it.
    """
    sealed, until = 0, time.monotonic() + _PATIENCE
    while most is None or sealed < most:
        done = seal_batch(most=_BATCH if most is None else min(_BATCH, most - sealed))
        if done is None:
            if time.monotonic() > until:
                break
            time.sleep(_PAUSE)
            continue
        if not done:
            break
        sealed += done
    return sealed


def seal_batch(*, most: int = _BATCH) -> int | None:
    """Seal one batch in a transaction of its own; None where another sealer is at work."""
    # Looked for first without a transaction: on SQLite one would keep writers waiting.
    if not UnsealedEvent.objects.exists():
        return 0
    with transaction.atomic():
        if not _is_the_only_one():
            return None
        # A new statement: it sees what the sealer before has committed.
        waiting = list(UnsealedEvent.objects.order_by("event_id").values_list("event_id", flat=True)[:most])
        if waiting:
            _append(ChangeEvent.objects.in_bulk(waiting), waiting)
            UnsealedEvent.objects.filter(event_id__in=waiting).delete()
        return len(waiting)


def _append(events: dict[int, ChangeEvent], order: list[int]) -> None:
    last = Seal.objects.order_by("-seq").values_list("seq", "hash").first()
    seq, previous = (last[0], bytes(last[1])) if last else (0, BEGINNING)
    now = timezone.now()
    seals: list[_Row] = []
    for event_id in order:
        seq += 1
        digest = digest_of(events[event_id])
        previous = hash_of(events[event_id], Place(previous, seq, now), digest)
        seals.append((seq, event_id, digest, previous))
    _insert(seals, now)


def _insert(seals: list[_Row], now: datetime) -> None:
    """Write seals by one short statement: a thousand rows of parameters would take longer to prepare than all the rest of sealing."""
    table = connection.ops.quote_name(Seal._meta.db_table)
    into = f"INSERT INTO {table} (seq, event_id, digest, hash, sealed_at)"
    at = Seal._meta.get_field("sealed_at").get_db_prep_save(now, connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            given = "unnest(%s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[]) AS given(seq, event_id, digest, hash)"
            cursor.execute(f"{into} SELECT given.*, %s FROM {given}", [at, *map(list, zip(*seals, strict=True))])  # noqa: S608 - our table
        else:
            cursor.executemany(f"{into} VALUES (%s, %s, %s, %s, %s)", [(*seal, at) for seal in seals])


def _is_the_only_one() -> bool:
    # SQLite has one writer at a time.
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])
