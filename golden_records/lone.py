"""Golden records of one source record each, checked by the database: most of what there is, far quicker than one by one.

Of one record alone everything survives, and its lineage says so. What is found to be so needs no further look; whatever is not, or is not
written as is expected here, is for survivorship itself to judge.
"""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.db import connection

from golden_records.entities import EntityType
from golden_records.models import GoldenState, MatchState, RecordState, SourceSystem
from golden_records.rulebook import rules_of
from golden_records.survivorship.survive import ONLY_VALUE

_AT_ONCE: Final = 50_000
_GREATEST: Final = UUID(int=2**128 - 1)


def to_look_at(entity: EntityType) -> Iterator[list[UUID]]:
    """Give the ids of the active golden records that are not plainly what their one source record says, ascending, in many parts."""
    active = entity.goldens.filter(state=GoldenState.ACTIVE).order_by("id").values_list("id", flat=True)
    after = UUID(int=0)
    while after != _GREATEST:
        rest = active.filter(id__gt=after)
        last = next(iter(rest[_AT_ONCE - 1 : _AT_ONCE]), _GREATEST)
        # SQLite keeps documents in another spelling.
        yield _not_plain(entity, after, last) if connection.vendor == "postgresql" else list(rest.filter(id__lte=last))
        after = last


def _not_plain(entity: EntityType, after: UUID, last: UUID) -> list[UUID]:
    golden, record, source = (model._meta.db_table for model in (entity.golden, entity.record, SourceSystem))
    span = [after, last]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT g.id FROM {golden} g "  # noqa: S608 - names of our own tables
            f"LEFT JOIN (SELECT * FROM {record} WHERE state = %s AND golden_id > %s AND golden_id <= %s) r ON r.golden_id = g.id "
            f"LEFT JOIN {source} s ON s.id = r.source_id WHERE g.state = %s AND g.id > %s AND g.id <= %s "
            f"GROUP BY g.id HAVING count(r.id) <> 1 OR NOT bool_and({_is_plain(entity)}) ORDER BY g.id",
            [RecordState.ACTIVE, *span, GoldenState.ACTIVE, *span, _winner(entity)],
        )
        return [golden_id for (golden_id,) in cursor]


def _is_plain(entity: EntityType) -> str:
    """Say in SQL whether golden record `g` holds what source record `r` (of source `s`) says, and nothing else."""
    names = entity.attribute_names
    said = ", ".join(f'r."{name}"' for name in names)
    complete = ", ".join(str(round(count / len(names), 4)) for count in range(len(names) + 1))
    return " AND ".join(
        (
            "g.member_count = 1",
            "g.successor_id IS NULL",
            f"r.match_state = '{MatchState.MATCHED}'",
            f"g.completeness = ('{{{complete}}}'::float8[])[1 + num_nonnulls({said})]",
            *(f'g."{name}" IS NOT DISTINCT FROM r."{name}"' for name in names),
            f"g.lineage::text = {_lineage(entity)}",
        )
    )


def _lineage(entity: EntityType) -> str:
    """Write the lineage as PostgreSQL does: of the keys of an object the shorter come first, then in the order of their letters."""
    names = sorted(entity.attribute_names, key=lambda name: (len(name), name))
    told = ", ".join(f"""CASE WHEN r."{name}" IS NOT NULL THEN '"{name}": $' END""" for name in names)
    # What each attribute names is the same: it is written once, and put in everywhere.
    return f"'{{' || replace(concat_ws(', ', {told}), '$', replace(replace(%s, '#', r.id::text), '$', s.code)) || '}}'"


def _winner(entity: EntityType) -> str:
    """Write what is said of each attribute, with `#` for the number of the record and `$` for the code of its source."""
    return f'{{"rule": "{ONLY_VALUE}", "rules": "{rules_of(entity).version}", "record": #, "source": "$"}}'
