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
from golden_records.rulebook import in_force, rules_of
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
        # SQLite keeps documents in another spelling; and of some rules, what stands of a record alone is for survivorship to say.
        by_columns = connection.vendor == "postgresql" and rules_of(entity).alone_all_stands
        yield _not_plain(entity, after, last) if by_columns else list(rest.filter(id__lte=last))
        after = last


def _not_plain(entity: EntityType, after: UUID, last: UUID) -> list[UUID]:
    golden, record, source = (model._meta.db_table for model in (entity.golden, entity.record, SourceSystem))
    span, winners = [after, last], _winners(entity)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT g.id FROM {golden} g "  # noqa: S608 - names of our own tables
            f"LEFT JOIN (SELECT * FROM {record} WHERE state = %s AND golden_id > %s AND golden_id <= %s) r ON r.golden_id = g.id "
            f"LEFT JOIN {source} s ON s.id = r.source_id WHERE g.state = %s AND g.id > %s AND g.id <= %s "
            f"GROUP BY g.id HAVING count(r.id) <> 1 OR NOT bool_and({_is_plain(entity, len(winners))}) ORDER BY g.id",
            [RecordState.ACTIVE, *span, GoldenState.ACTIVE, *span, *winners],
        )
        return [golden_id for (golden_id,) in cursor]


def _is_plain(entity: EntityType, versions: int) -> str:
    """Say in SQL whether golden record `g` holds what source record `r` (of source `s`) says, and nothing else.

    Its lineage may be told by any of so many versions of the rules.
    """
    names = entity.attribute_names
    said = ", ".join(f'r."{name}"' for name in names)
    complete = ", ".join(str(round(count / len(names), 4)) for count in range(len(names) + 1))
    return " AND ".join(
        (
            "g.member_count = 1",
            "num_nonnulls(g.successor_id, g.pins, g.due_on) = 0",
            f"r.match_state = '{MatchState.MATCHED}'",
            f"g.completeness = ('{{{complete}}}'::float8[])[1 + num_nonnulls({said})]",
            *(f'g."{name}" IS NOT DISTINCT FROM r."{name}"' for name in names),
            f"g.lineage::text IN ({', '.join([_lineage(entity)] * versions)})",
        )
    )


def _lineage(entity: EntityType) -> str:
    """Write the lineage as PostgreSQL does: of the keys of an object the shorter come first, then in the order of their letters."""
    names = sorted(entity.attribute_names, key=lambda name: (len(name), name))
    told = ", ".join(f"""CASE WHEN r."{name}" IS NOT NULL THEN '"{name}": $' END""" for name in names)
    # What each attribute names is the same: it is written once, and put in everywhere.
    return f"'{{' || replace(concat_ws(', ', {told}), '$', replace(replace(%s, '#', r.id::text), '$', s.code)) || '}}'"


def _winners(entity: EntityType) -> list[str]:
    """Write what is said of each attribute, with `#` for the number of the record and `$` for the code of its source.

    Of one record alone every version of the rules says the same, and lineage names the one by which it was said.
    """
    versions = [rules_of(entity).version, *in_force(entity).values_list("version", flat=True)[1:]]
    return [f'{{"rule": "{ONLY_VALUE}", "rules": "{version}", "record": #, "source": "$"}}' for version in versions]
