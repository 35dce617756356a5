"""What must always hold of change events: what they tell is what the tables hold. `golden_records.chain_checks` sees to their chain."""

from collections.abc import Iterator
from typing import Any, Final

from django.db import connection
from django.db.models import F, Window
from django.db.models.functions import Lag

from golden_records import chain_checks
from golden_records.entities import ENTITIES
from golden_records.models import ChangeEvent, EventType, MatchState, RecordState, SourceSystem
from golden_records.offences import Check, Offence

_AT_ONCE: Final = 1_000
_BESIDE: Final = "Somebody wrote to the database beside the service: compare it with a backup, and put right what is wrong."


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


def _rows(sql: str, parameters: list[str]) -> Iterator[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        while found := cursor.fetchmany(_AT_ONCE):
            yield from (key for (key,) in found)


CHECKS: Final = (
    Check("changes are told", "The newest event of each golden record names its version, and its events come in their order.", _told),
    Check("links are told", "Each source record belongs where it was told last.", _links_told),
    *chain_checks.CHECKS,
)
"""The checks of the feed and of the chains, in the order in which they are told."""
