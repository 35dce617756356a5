"""Source records as Arrow tables: the way out of the database into the matching core."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
from django.db.models import QuerySet

from golden_records import columns
from golden_records.attributes import AttributeSpec, ValueKind
from golden_records.entities import ENTITIES, EntityType
from golden_records.members import LinkedMember, reference
from golden_records.models import RecordState, SourceRecord
from matching.core.declarations import MatchConfig
from matching.core.encode import as_text
from matching.core.prepare_few import Forms, Texts, forms_of

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


def record_forms(entity: EntityType, record: SourceRecord, config: MatchConfig) -> Forms:
    """Give the match forms of one record as it is in memory: those of its row in `attribute_table`.

    A statement per attribute that refers to golden records, where the config asks what it refers to.
    """
    values = {name: getattr(record, name) for name in entity.attribute_names}
    for spec in compared_references(entity, config):
        records = ENTITIES[str(spec.refers_to)].records.filter(source_id=record.source_id, external_id=values[spec.name])
        values[_of_reference(spec)] = None if values[spec.name] is None else records.values_list("golden_id", flat=True).first()
    return _forms(entity, [values], config)


def member_forms(entity: EntityType, members: Sequence[LinkedMember], config: MatchConfig) -> Forms:
    """Give the match forms of records that were read already, a row per member; else as `record_forms`."""
    references = compared_references(entity, config)
    if not references:
        return _forms(entity, [each.member.values for each in members], config)
    rows = [{**each.member.values, **{_of_reference(spec): each.references[spec.name] for spec in references}} for each in members]
    return _forms(entity, rows, config)


def stored_forms(entity: EntityType, record_ids: Collection[int], config: MatchConfig) -> tuple[list[dict[str, Any]], Forms]:
    """Give active records with their golden record, source and values, in the order of `id`, and their match forms. One statement."""
    references = {_of_reference(spec): reference(spec) for spec in compared_references(entity, config)}
    names = ("id", "golden_id", "external_id", "source__code", *entity.attribute_names, *references)
    found = active_records(entity).filter(pk__in=record_ids, golden__isnull=False).annotate(**references).order_by("id")
    rows = list(found.values(*names))
    return rows, _forms(entity, rows, config)


def compared_references(entity: EntityType, config: MatchConfig) -> list[AttributeSpec]:
    """Give the attributes that refer to golden records which the config compares."""
    wanted = _compared(config)
    return [spec for spec in entity.attributes if spec.refers_to and _of_reference(spec) in wanted]


def _compared(config: MatchConfig) -> set[str]:
    return {name for field in config.fields for name in field.of}


def _of_reference(spec: AttributeSpec) -> str:
    return f"{spec.name}_canonical_id"


def _forms(entity: EntityType, rows: Sequence[Mapping[str, Any]], config: MatchConfig) -> Forms:
    wanted = _compared(config)
    kinds = {spec.name: spec.value_kind for spec in entity.attributes if spec.name in wanted}
    kinds |= {_of_reference(spec): ValueKind.TEXT for spec in entity.attributes if spec.refers_to and _of_reference(spec) in wanted}
    columns = {name: [row[name] for row in rows] for name in kinds}
    # What no row has counts as an attribute that the table lacks.
    texts = {name: _texts(values, kinds[name]) for name, values in columns.items() if any(value is not None for value in values)}
    return forms_of(texts, len(rows), config)


def _texts(values: Sequence[Any], kind: ValueKind) -> Texts:
    """Give values as texts, as those of a column of `attribute_table` are told."""
    if kind is ValueKind.DECIMAL:
        numbers = [None if value is None else float(value) for value in values]
        return as_text(pa.array(numbers, _ARROW[kind])).to_pylist()  # type: ignore[no-any-return]
    return [None if value is None else str(value) for value in values]
