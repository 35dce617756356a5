"""The sealer: gives committed entries of a chain their places, without gaps: change events in the feed, entries in the audit log.

An id drawn from a sequence is no place: of two transactions the one with the greater id may commit first, and a reader that went on from it
would miss the other for good. So events are written unsealed, and whoever seals takes what is committed. Only one does at a time, so
places are dense. What is not visible yet keeps waiting and is found whenever it becomes visible. Where one change was committed before
another began, its id is smaller and it is sealed first; and all changes of one golden record are such, since it is locked while it changes.
"""

import time
from datetime import datetime
from typing import Any, Final, TypeAlias

from django.db import connection, transaction
from django.utils import timezone

from golden_records.chain import BEGINNING, CHAINS, FEED, Chain, Place, digest_of, hash_of

_BATCH: Final = 1_000
# The topmost of the levels into which the numbers of advisory locks are parted: nothing else is locked while one of these is held.
_LOCKS: Final = {chain.name: -(1 << 61) + 1 + number for number, chain in enumerate(CHAINS)}
_PATIENCE: Final = 2.0
_PAUSE: Final = 0.02

_Row: TypeAlias = tuple[int, int, bytes, bytes]


def seal(chain: Chain = FEED, *, most: int | None = None) -> int:
    """Seal what is committed and unsealed, `most` entries of it if given, and tell how many that were.

    Each batch is a transaction of its own: killed on the way, it has sealed a batch wholly or not at all. Whoever comes while another
    seals waits for a turn, for two seconds at most: what was committed before the call is sealed when it returns, unless others are at it.
    """
    sealed, until = 0, time.monotonic() + _PATIENCE
    while most is None or sealed < most:
        done = seal_batch(chain, most=_BATCH if most is None else min(_BATCH, most - sealed))
        if done is None:
            if time.monotonic() > until:
                break
            time.sleep(_PAUSE)
            continue
        if not done:
            break
        sealed += done
    return sealed


def seal_batch(chain: Chain = FEED, *, most: int = _BATCH) -> int | None:
    """Seal one batch in a transaction of its own; None where another sealer is at work."""
    queue: Any = chain.waiting._default_manager
    # Looked for first without a transaction: on SQLite one would keep writers waiting.
    if not queue.exists():
        return 0
    with transaction.atomic():
        if not _is_the_only_one(chain):
            return None
        # A new statement: it sees what the sealer before has committed.
        waiting = list(queue.order_by("pk").values_list("pk", flat=True)[:most])
        if waiting:
            _append(chain, waiting)
            queue.filter(pk__in=waiting).delete()
        return len(waiting)


def _append(chain: Chain, order: list[int]) -> None:
    entries = chain.entries._default_manager.in_bulk(order)
    last = chain.seals._default_manager.order_by("-seq").values_list("seq", "hash").first()
    seq, previous = (last[0], bytes(last[1])) if last else (0, BEGINNING)
    now = timezone.now()
    seals: list[_Row] = []
    for entry_id in order:
        seq += 1
        digest = digest_of(entries[entry_id], chain)
        previous = hash_of(entries[entry_id], Place(previous, seq, now), digest, chain)
        seals.append((seq, entry_id, digest, previous))
    _insert(chain, seals, now)


def _insert(chain: Chain, seals: list[_Row], now: datetime) -> None:
    """Write seals by one short statement: a thousand rows of parameters would take longer to prepare than all the rest of sealing."""
    table = connection.ops.quote_name(chain.seals._meta.db_table)
    into = f"INSERT INTO {table} (seq, {chain.entry_id}, digest, hash, sealed_at)"
    field: Any = chain.seals._meta.get_field("sealed_at")
    at = field.get_db_prep_save(now, connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            given = "unnest(%s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[]) AS given(seq, entry_id, digest, hash)"
            cursor.execute(f"{into} SELECT given.*, %s FROM {given}", [at, *map(list, zip(*seals, strict=True))])  # noqa: S608 - our table
        else:
            cursor.executemany(f"{into} VALUES (%s, %s, %s, %s, %s)", [(*seal, at) for seal in seals])


def _is_the_only_one(chain: Chain) -> bool:
    # SQLite has one writer at a time.
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCKS[chain.name]])
        return bool(cursor.fetchone()[0])
