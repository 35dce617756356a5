"""Source records as Arrow tables: the way out of the database into the matching core."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
from django.db.models import QuerySet

from golden_records import columns
from golden_records.attributes import AttributeSpec, ValueKind
from golden_records.entities import ENTITIES, EntityType
from golden_records.members import LinkedMember, reference
from golden_records.models import RecordState, SourceRecord
from matching.core.declarations import MatchConfig

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
    references = {_of_reference(spec): reference(spec) for spec in entity.attributes if spec.refers_to}
    names = ["id", "source__code", *entity.attribute_names, *references, *extra]
    rows = records.annotate(**references).order_by("id").values_list(*names)
    types = [pa.int64(), pa.string(), *(_ARROW[spec.value_kind] for spec in entity.attributes)]
    types += [pa.string()] * (len(references) + len(extra))
    schema = pa.schema(list(zip(["id", "source", *names[2:]], types, strict=True)))
    return pa.concat_tables([schema.empty_table(), *columns.tables(rows, schema)]).combine_chunks()


def record_table(entity: EntityType, record: SourceRecord, config: MatchConfig) -> pa.Table:
    """Give the attributes of one record as it is in memory: what `attribute_table` gives, as far as the config asks for it.

    A statement per attribute that refers to golden records, where the config asks what it refers to.
    """
    values = {name: getattr(record, name) for name in entity.attribute_names}
    for spec in compared_references(entity, config):
        records = ENTITIES[str(spec.refers_to)].records.filter(source_id=record.source_id, external_id=values[spec.name])
        values[_of_reference(spec)] = None if values[spec.name] is None else records.values_list("golden_id", flat=True).first()
    return _known_columns(entity, [values], config)


def member_table(entity: EntityType, members: Sequence[LinkedMember], config: MatchConfig) -> pa.Table:
    """Give the attributes of records that were read already, a row per member; else as `record_table`."""
    references = compared_references(entity, config)
    rows = [{**each.member.values, **{_of_reference(spec): each.references[spec.name] for spec in references}} for each in members]
    return _known_columns(entity, rows, config)


def compared_references(entity: EntityType, config: MatchConfig) -> list[AttributeSpec]:
    """Give the attributes that refer to golden records which the config compares."""
    wanted = _compared(config)
    return [spec for spec in entity.attributes if spec.refers_to and _of_reference(spec) in wanted]


def _compared(config: MatchConfig) -> set[str]:
    return {name for field in config.fields for name in field.of}


def _of_reference(spec: AttributeSpec) -> str:
    return f"{spec.name}_canonical_id"


def _known_columns(entity: EntityType, rows: Sequence[Mapping[str, Any]], config: MatchConfig) -> pa.Table:
    """Make a table of what is compared and known of any row: what a table lacks is missing throughout."""
    wanted = _compared(config)
    kinds = {spec.name: _ARROW[spec.value_kind] for spec in entity.attributes if spec.name in wanted}
    kinds |= {_of_reference(spec): None for spec in entity.attributes if spec.refers_to and _of_reference(spec) in wanted}
    columns = {name: [row[name] for row in rows] for name in kinds}
    known = {name: _array(values, kinds[name]) for name, values in columns.items() if any(value is not None for value in values)}
    # A table without columns would have no rows either.
    return pa.table({"row": pa.array(range(len(rows)), pa.int64()), **known})


def _array(values: list[Any], kind: pa.DataType | None) -> pa.Array:
    if kind is None:
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    if kind == pa.string():
        values = [value if value is None or isinstance(value, str) else str(value) for value in values]
    if kind == pa.float64():
        values = [None if value is None else float(value) for value in values]
    return pa.array(values, kind)
