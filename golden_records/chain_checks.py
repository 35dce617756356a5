"""What must always hold of a chain. Each check reads the whole chain and names every offence."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Window
from django.db.models.functions import Lag

from golden_records import chained, protection
from golden_records.chain import AUDIT, FEED, Chain, Place, digest_of, hash_of
from golden_records.models import ChangeEvent, EmptiedEntry, EmptiedEvent, EventType
from golden_records.offences import Check, Offence

_RESTORE: Final = "Bring the events and seals back from a backup: what readers were told can't be made again."


def sealed_once(chain: Chain) -> Iterator[Offence]:
    """Each entry has one place, or waits for one."""
    sealed = chain.seals._default_manager.filter(**{chain.entry_id: OuterRef("pk")})
    waiting = chain.waiting._default_manager.filter(pk=OuterRef("pk"))
    entries: Any = chain.entries._default_manager.order_by("pk")
    for entry in entries.filter(~Exists(sealed), ~Exists(waiting)).iterator():
        yield _offence(chain, entry, "It has no place and waits for none.", "Enter it among what waits to be sealed.")
    for entry in entries.filter(Exists(sealed), Exists(waiting)).iterator():
        yield _offence(chain, entry, "It has its place and waits for another.", "Remove it from what waits to be sealed.")
    known: Any = chain.entries._default_manager.filter(pk=OuterRef("pk"))
    for pk in chain.waiting._default_manager.filter(~Exists(known)).values_list("pk", flat=True).iterator():
        yield Offence("", {chain.entry: pk}, "It waits for its place and is gone.", _RESTORE)


def dense(chain: Chain) -> Iterator[Offence]:
    """Places go from 1 on, and none is left out."""
    numbered = chain.seals._default_manager.order_by().annotate(before=Window(Lag("seq", default=0), order_by=F("seq").asc()))
    for seq in numbered.exclude(seq=F("before") + 1).values_list("seq", flat=True).iterator():
        yield Offence("", {"seq": seq}, "The place before it is missing.", _RESTORE)


def broken_links(chain: Chain) -> Iterator[Offence]:
    """Verify a chain from its beginning, and name each place where it does not hold.

    A place whose entry or seal was changed does not hold, nor does one that was put in or whose neighbour was taken out. An entry that
    was erased holds by its digest, where an event tells of the erasure.
    """
    for found in chained.links(chain):
        unsure = {link.seq: link for link in found if not link.verifies}
        seals: dict[int, Any] = chain.seals._default_manager.in_bulk(unsure)
        # Not joined with them: a join would read whole tables.
        entries = chain.entries._default_manager.in_bulk([getattr(seal, chain.entry_id) for seal in seals.values()])
        for seq, seal in sorted(seals.items()):
            yield from _broken(chain, seal, entries[getattr(seal, chain.entry_id)], unsure[seq].previous)


def _broken(chain: Chain, seal: Any, entry: Any, previous: bytes) -> Iterator[Offence]:
    digest = bytes(seal.digest)
    if hash_of(entry, Place(previous, seal.seq, seal.sealed_at), digest, chain) != bytes(seal.hash):
        yield _offence(chain, entry, "It, its place or the one before it was changed, put in or taken out.", _RESTORE, seq=seal.seq)
    elif entry.salt is not None and digest_of(entry, chain) != digest:
        yield _offence(chain, entry, "Its values, its record or its reason were changed.", _RESTORE, seq=seal.seq)
    elif entry.salt is None and not _is_told_erased(entry):
        yield _offence(chain, entry, "Its values are gone, and no erasure was told.", _RESTORE, seq=seal.seq)


def unprotected() -> Iterator[Offence]:
    """The database itself refuses to rewrite the chains."""
    for table in protection.missing():
        yield Offence("", {"table": table}, "The database lets its rows be rewritten.", "Run manage.py prepare, and ask who dropped it.")


def checks_of(chain: Chain) -> tuple[Check, ...]:
    """Give the checks of one chain, named after it."""
    of = "" if chain is FEED else f" of the {chain.name}"
    return (
        Check(f"sealed once{of}", "Each entry has one place, or waits for it.", partial(sealed_once, chain)),
        Check(f"no gap in the {'feed' if chain is FEED else chain.name}", "Places go from 1 on, none is left out.", partial(dense, chain)),
        Check(f"chain{of}", "The chain verifies, from its beginning to its end.", partial(broken_links, chain), effort=34),
    )


CHECKS: Final = (
    *checks_of(FEED),
    *checks_of(AUDIT),
    Check("append-only", "The database refuses to rewrite what was told and done.", unprotected),
)
"""The checks of both chains, in the order in which they are told."""


def _offence(chain: Chain, entry: Any, told: str, remedy: str, **place: int) -> Offence:
    ids: dict[str, str | int] = {**place, chain.entry: entry.pk}
    if chain is FEED:
        return Offence(entry.entity, ids | {"golden": str(entry.golden_id)}, told, remedy)
    return Offence(entry.kind, ids, told, remedy)


def _is_told_erased(entry: Any) -> bool:
    if isinstance(entry, ChangeEvent):
        told = ChangeEvent.objects.filter(golden_id=entry.golden_id, type=EventType.ERASED)
        return told.exists() or EmptiedEvent.objects.filter(pk=entry.pk).exists()
    return EmptiedEntry.objects.filter(pk=entry.pk).exists()
