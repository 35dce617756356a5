"""Source records as Arrow tables: the way out of the database into the matching core."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pyarrow as pa
from django.db.models import OuterRef, QuerySet, Subquery

from golden_records.attributes import ValueKind
from golden_records.entities import ENTITIES, EntityType
from golden_records.models import RecordState

_CHUNK: Final = 20_000
_ARROW: Final = {ValueKind.TEXT: pa.string(), ValueKind.DATE: pa.date32(), ValueKind.DECIMAL: pa.float64()}


def active_records(entity: EntityType) -> "QuerySet[Any]":
    """The records that a source still has."""
    records: QuerySet[Any] = entity.records.filter(state=RecordState.ACTIVE)
    return records


def attribute_table(entity: EntityType, records: "QuerySet[Any]", *, extra: Sequence[str] = ()) -> pa.Table:
    """Give the records' attributes as the core wants them: `id`, `source` (its code), a column per attribute.

    An attribute that refers to another entity type comes with a column `<attribute>_canonical_id`: the golden record that the
    source's own id stands for, which is evidence of its own. `extra` names further columns of the record to bring along.
    Rows are in the order of `id`. One statement.
    """
    references = {f"{spec.name}_canonical_id": _reference(spec.name, spec.refers_to) for spec in entity.attributes if spec.refers_to}
    names = ["id", "source__code", *entity.attribute_names, *references, *extra]
    rows = records.annotate(**references).order_by("id").values_list(*names)
    types = [pa.int64(), pa.string(), *(_ARROW[spec.value_kind] for spec in entity.attributes), *(pa.string() for _ in references)]
    return _table(rows.iterator(chunk_size=_CHUNK), ["id", "source", *names[2:]], [*types, *(None for _ in extra)])


def _reference(attribute: str, entity_name: str) -> Subquery:
    records = ENTITIES[entity_name].records
    return Subquery(records.filter(source=OuterRef("source"), external_id=OuterRef(attribute)).values("golden_id")[:1])


def _table(rows: Iterable[tuple[Any, ...]], names: list[str], types: list[pa.DataType | None]) -> pa.Table:
    batches: list[list[pa.Array]] = []
    chunk: list[tuple[Any, ...]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            batches.append(_columns(chunk, types))
            chunk = []
    if chunk or not batches:
        batches.append(_columns(chunk, types))
    columns = [pa.chunked_array(list(parts)) for parts in zip(*batches, strict=True)]
    return pa.table(columns, names=names).combine_chunks()


def _columns(rows: list[tuple[Any, ...]], types: list[pa.DataType | None]) -> list[pa.Array]:
    columns = zip(*rows, strict=True) if rows else ([] for _ in types)
    return [_array(list(values), kind) for values, kind in zip(columns, types, strict=True)]


def _array(values: list[Any], kind: pa.DataType | None) -> pa.Array:
    if kind is None:
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    if kind == pa.string():
        values = [value if value is None or isinstance(value, str) else str(value) for value in values]
    if kind == pa.float64():
        values = [None if value is None else float(value) for value in values]
    return pa.array(values, kind)
