"""Golden records of one source record each, checked by columns: most of what there is, far quicker than one by one.

Of one record alone everything survives, and its lineage says so. What is found to be so needs no further look; whatever is not, or is not
written as is expected here, is for survivorship itself to judge.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from numpy.typing import NDArray

from golden_records import columns
from golden_records.entities import EntityType
from golden_records.models import GoldenState, MatchState, RecordState
from golden_records.rulebook import in_force, rules_of
from golden_records.survivorship.survive import ONLY_VALUE

_AT_ONCE: Final = 50_000
_GOLDEN: Final = {
    "id": pa.string(),
    "lineage": pa.string(),
    "completeness": pa.float64(),
    "member_count": pa.int64(),
    "successor_id": pa.string(),
    "pins": pa.string(),
    "due_on": pa.string(),
}
_RECORD: Final = {"golden_id": pa.string(), "id": pa.int64(), "source__code": pa.string(), "match_state": pa.string()}


def to_look_at(entity: EntityType) -> Iterator[list[UUID]]:
    """Give the ids of the active golden records that are not plainly what their one source record says, ascending, in many parts."""
    active = entity.goldens.filter(state=GoldenState.ACTIVE).order_by("id")
    rest = active
    while ids := list(rest.values_list("id", flat=True)[:_AT_ONCE]):
        span = (ids[0], ids[-1])
        # SQLite keeps documents in another spelling; and of some rules, what stands of a record alone is for survivorship to say.
        plain = _plain(entity, span) if connection.vendor == "postgresql" and rules_of(entity).alone_all_stands else set()
        yield [each for each in ids if str(each) not in plain]
        rest = active.filter(id__gt=ids[-1])


def _plain(entity: EntityType, span: tuple[UUID, UUID]) -> set[str]:
    goldens = _table(entity, entity.goldens.filter(state=GoldenState.ACTIVE, id__range=span), _GOLDEN)
    records = _table(entity, entity.records.filter(state=RecordState.ACTIVE, golden_id__gte=span[0], golden_id__lte=span[1]), _RECORD)
    home = pc.fill_null(pc.index_in(records["golden_id"], value_set=goldens["id"]), len(goldens)).to_numpy()
    counts = np.bincount(home, minlength=len(goldens) + 1)[: len(goldens)]
    row_of = np.zeros(len(goldens) + 1, np.int64)
    row_of[home] = np.arange(len(home))
    lone = np.flatnonzero(counts == 1)
    golden, record = goldens.take(pa.array(lone)), records.take(pa.array(row_of[lone]))
    return set(golden["id"].filter(pa.array(_says(entity, golden, record))).to_pylist())


def _table(entity: EntityType, rows: Any, head: dict[str, pa.DataType]) -> pa.Table:
    schema = pa.schema([*head.items(), *((name, pa.string()) for name in entity.attribute_names)])
    return pa.concat_tables([schema.empty_table(), *columns.tables(rows.order_by().values_list(*schema.names), schema)]).combine_chunks()


def _says(entity: EntityType, golden: pa.Table, record: pa.Table) -> NDArray[np.bool_]:
    """Say of each row whether the golden record holds what the source record says, and nothing else."""
    names = entity.attribute_names
    said = np.array([pc.is_valid(record[name]).to_numpy() for name in names]).sum(axis=0)
    complete = np.array([round(count / len(names), 4) for count in range(len(names) + 1)])
    same = np.asarray(golden["completeness"].to_numpy() == complete[said])
    same &= golden["member_count"].to_numpy() == 1
    for empty in ("successor_id", "pins", "due_on"):
        same &= pc.is_null(golden[empty]).to_numpy()
    same &= pc.equal(record["match_state"], MatchState.MATCHED.value).to_numpy()
    for name in names:
        same &= _equal(golden[name], record[name])
    versions = [rules_of(entity).version, *in_force(entity).values_list("version", flat=True)[1:]]
    # Of one record alone every version says the same, and lineage names the one by which it was said.
    told = np.any([_equal(golden["lineage"], _lineage(names, record, version)) for version in versions], axis=0)
    return np.asarray(same & told)


def _equal(one: pa.ChunkedArray, other: pa.ChunkedArray) -> NDArray[np.bool_]:
    neither = pc.and_(pc.is_null(one), pc.is_null(other))
    return np.asarray(pc.or_(pc.fill_null(pc.equal(one, other), fill_value=False), neither).to_numpy())


def _lineage(names: Sequence[str], record: pa.Table, version: str) -> pa.ChunkedArray:
    """Write the lineage as PostgreSQL does: of the keys of an object the shorter come first, then in the order of their letters."""
    ids, sources = record["id"].cast(pa.string()), record["source__code"]
    winner = pc.binary_join_element_wise(
        f'{{"rule": "{ONLY_VALUE}", "rules": "{version}", "record": ', ids, ', "source": "', sources, '"}', ""
    )
    missing = pa.scalar(None, pa.string())
    parts = [
        pc.if_else(pc.is_valid(record[name]), pc.binary_join_element_wise(f'"{name}": ', winner, ""), missing)
        for name in sorted(names, key=lambda name: (len(name), name))
    ]
    return pc.binary_join_element_wise("{", pc.binary_join_element_wise(*parts, ", ", null_handling="skip"), "}", "")
