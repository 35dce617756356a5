"""What must always hold of change events and of the chain over them. Each check reads the whole database and names every offence."""

from collections.abc import Iterator
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, F, OuterRef, Window
from django.db.models.functions import Lag

from golden_records.chain import BEGINNING, Place, digest_of, hash_of
from golden_records.entities import ENTITIES
from golden_records.models import ChangeEvent, EmptiedEvent, EventType, MatchState, RecordState, Seal, SourceSystem, UnsealedEvent
from golden_records.offences import Check, Offence

_AT_ONCE: Final = 1_000
_BESIDE: Final = "Somebody wrote to the database beside the service: compare it with a backup, and put right what is wrong."
_RESTORE: Final = "Bring the events and seals back from a backup: what readers were told can't be made again."


def _told() -> Iterator[Offence]:
    quote = connection.ops.quote_name
    events = quote(ChangeEvent._meta.db_table)
    for entity in ENTITIES.values():
        sql = (
            f"SELECT g.id FROM {quote(entity.golden._meta.db_table)} g LEFT JOIN "  # noqa: S608 - names of our own tables
            f"(SELECT golden_id, max(golden_version) AS version FROM {events} WHERE entity = %s GROUP BY golden_id) e "
            f"ON e.golden_id = g.id WHERE e.version IS NULL OR e.version <> g.version ORDER BY g.id"
        )
        for golden in _rows(sql, [entity.name]):
            yield Offence(entity.name, {"golden": str(golden)}, "Its newest version was not told, or one that it never had.", _BESIDE)
        told = ChangeEvent.objects.filter(entity=entity.name).order_by()
        before = Window(Lag("golden_version"), partition_by=F("golden_id"), order_by=F("id").asc())
        for pk, golden in told.annotate(earlier=before).filter(golden_version__lt=F("earlier")).values_list("pk", "golden_id").iterator():
            yield Offence(entity.name, {"event": pk, "golden": str(golden)}, "Its changes are not told in their order.", _BESIDE)


def _links_told() -> Iterator[Offence]:
    quote = connection.ops.quote_name
    for entity in ENTITIES.values():
        sql = (
            f"SELECT r.id FROM {quote(entity.record._meta.db_table)} r JOIN {quote(SourceSystem._meta.db_table)} s ON s.id = r.source_id "  # noqa: S608 - as above
            f"LEFT JOIN (SELECT source, external_id, type, golden_id, "
            f"row_number() OVER (PARTITION BY source, external_id ORDER BY id DESC) AS number FROM {quote(ChangeEvent._meta.db_table)} "
            f"WHERE entity = %s AND type IN (%s, %s)) e ON e.number = 1 AND e.source = s.code AND e.external_id = r.external_id "
            f"WHERE r.state = %s AND r.golden_id IS NOT NULL AND (r.linked_at IS NOT NULL OR r.match_state = %s) "
            f"AND (e.type IS NULL OR e.type <> %s OR e.golden_id <> r.golden_id)"
        )
        linked, unlinked = EventType.LINKED.value, EventType.UNLINKED.value
        # One that was withdrawn, is there again and waits is nowhere yet: where it is kept may have been merged away meanwhile.
        for record in _rows(sql, [entity.name, linked, unlinked, RecordState.ACTIVE.value, MatchState.MATCHED.value, linked]):
            yield Offence(entity.name, {"record": record}, "Where it belongs is not what was told last.", _BESIDE)


def _sealed_once() -> Iterator[Offence]:
    sealed, waiting = Seal.objects.filter(event_id=OuterRef("pk")), UnsealedEvent.objects.filter(event_id=OuterRef("pk"))
    events = ChangeEvent.objects.order_by("pk")
    for pk, entity in events.filter(~Exists(sealed), ~Exists(waiting)).values_list("pk", "entity").iterator():
        yield Offence(entity, {"event": pk}, "It has no place in the feed and waits for none.", "Enter it among the unsealed events.")
    for pk, entity in events.filter(Exists(sealed), Exists(waiting)).values_list("pk", "entity").iterator():
        yield Offence(entity, {"event": pk}, "It has its place and waits for another.", "Remove it from the unsealed events.")
    known = ChangeEvent.objects.filter(pk=OuterRef("event_id"))
    for pk in UnsealedEvent.objects.filter(~Exists(known)).values_list("event_id", flat=True).iterator():
        yield Offence("", {"event": pk}, "It waits for its place and is gone.", _RESTORE)


def _dense() -> Iterator[Offence]:
    numbered = Seal.objects.order_by().annotate(before=Window(Lag("seq", default=0), order_by=F("seq").asc()))
    for seq in numbered.exclude(seq=F("before") + 1).values_list("seq", flat=True).iterator():
        yield Offence("", {"seq": seq}, "The place before it is missing.", _RESTORE)


def broken_links() -> Iterator[Offence]:
    """Verify the chain from its beginning, and name each place where it does not hold.

    A place whose event or seal was changed does not hold, nor does one that was put in or whose neighbour was taken out. An event that
    was erased holds by its digest, where an event tells of the erasure.
    """
    previous = BEGINNING
    for seal in _seals():
        event, digest = seal.event, bytes(seal.digest)
        place = Place(previous, seal.seq, seal.sealed_at)
        ids: dict[str, str | int] = {"seq": seal.seq, "event": event.pk, "golden": str(event.golden_id)}
        if hash_of(event, place, digest) != bytes(seal.hash):
            yield Offence(event.entity, ids, "It, its place or the one before it was changed, put in or taken out.", _RESTORE)
        elif event.salt is not None and digest_of(event) != digest:
            yield Offence(event.entity, ids, "Its values, its record or its reason were changed.", _RESTORE)
        elif event.salt is None and not _is_told_erased(event):
            yield Offence(event.entity, ids, "Its values are gone, and no erasure was told.", _RESTORE)
        previous = bytes(seal.hash)


def _is_told_erased(event: ChangeEvent) -> bool:
    told = ChangeEvent.objects.filter(golden_id=event.golden_id, type=EventType.ERASED)
    return told.exists() or EmptiedEvent.objects.filter(pk=event.pk).exists()


def _seals() -> Iterator[Any]:
    seals, last = Seal.objects.select_related("event").order_by("seq"), 0
    while chunk := list(seals.filter(seq__gt=last)[:_AT_ONCE]):
        yield from chunk
        last = chunk[-1].seq


def _rows(sql: str, parameters: list[str]) -> Iterator[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        while found := cursor.fetchmany(_AT_ONCE):
            yield from (key for (key,) in found)


CHECKS: Final = (
    Check("changes are told", "The newest event of each golden record names its version, and its events come in their order.", _told),
    Check("links are told", "Each source record belongs where it was told last.", _links_told),
    Check("sealed once", "Each event has one place in the feed, or waits for it.", _sealed_once),
    Check("no gap in the feed", "Places go from 1 on, and none is left out.", _dense),
    Check("chain", "The chain over the events verifies, from its beginning to its end.", broken_links),
)
"""The checks of the feed, in the order in which they are told."""
