"""Source systems and their mappings: loading, and saving with history."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection

from golden_records.attributes import AttributeSpec, attributes_of
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.errors import MdmError, NoMapping, UnknownSource
from golden_records.history import ChangeKind, write_history
from golden_records.lately import Lately
from golden_records.mapping import ColumnMapping, parse_mapping
from golden_records.models import Given, ProjectFactAttributes, SourceMapping, SourceSystem
from golden_records.remembered import Remembered

PROJECT_FACT: Final = "project_fact"
FACT_ATTRIBUTES: Final = attributes_of(ProjectFactAttributes)
_SETTINGS: Final = ("name", "trust", "country", "owner", "is_active")
_COLUMNS: Final = [field.attname for field in SourceSystem._meta.concrete_fields]
_NAMED: Final = Remembered(lambda: SourceSystem.objects.order_by().filter(code__any=Given("codes")).values_list(*_COLUMNS))

known_sources: Final = Lately[str, SourceSystem]()


class InvalidSource(MdmError):
    """The description of a source system has mistakes."""

    code = "invalid_source"
    title = "The source system can't be saved"


class InactiveSource(MdmError):
    """Nothing more is taken from this source system: a person switched it off."""

    code = "inactive_source"
    title = "The source system sends no more records"


def check_active(source: SourceSystem) -> SourceSystem:
    """Give a source system if its records are taken; raises `InactiveSource`."""
    if not source.is_active:
        message = f"The source system '{source.code}' was switched off: nothing more is taken from it."
        raise InactiveSource(message, remedy="Switch it on again on its page in the admin.", source=source.code)
    return source


def source_system(code: str) -> SourceSystem:
    """Find a source system by its code; raises `UnknownSource`, which lists the known ones."""
    rows = _NAMED.rows(codes=[code])
    if not rows:
        known = ", ".join(SourceSystem.objects.values_list("code", flat=True)) or "none yet: manage.py load_sources FILE.yml"
        message = f"There is no source system '{code}'."
        raise UnknownSource(message, remedy=f"Known are: {known}.", source=code)
    return SourceSystem.from_db(connection.alias, _COLUMNS, rows[0])


def lately_known_source(code: str) -> SourceSystem:
    """Find a source system as `source_system` does, as it was within the last second: for what is sent by it all day.

    A key that is bound to a source has it no newer. Survivorship reads how far a source is trusted by itself, under its locks.
    """
    known = known_sources.get(code)
    if known is None:
        known = source_system(code)
        known_sources.remember(code, known)
    return known


def attributes_for(kind: str) -> Sequence[AttributeSpec]:
    """Give the attributes of what a mapping is about: an entity type, or the facts of projects."""
    return FACT_ATTRIBUTES if kind == PROJECT_FACT else entity_type(kind).attributes


def load_mapping(source: SourceSystem, kind: str) -> ColumnMapping:
    """Read how a source's own columns of an entity type (or of "project_fact") are understood; raises `NoMapping`."""
    row = SourceMapping.objects.filter(source=source, entity=kind).first()
    if row is None:
        message = f"The source '{source.code}' has no mapping for {kind}."
        remedy = f"manage.py load_mapping {source.code} {kind} FILE.yml"
        raise NoMapping(message, remedy=remedy, source=source.code, entity=kind)
    return parse_mapping(row.document, attributes_for(kind))


def save_source(code: str, settings: Mapping[str, Any], *, change: Change) -> SourceSystem:
    """Make a source system, or change its name, trust or country; nothing is written where all is as it was.

    The caller owns the transaction. Raises `InvalidSource` with everything that is wrong.
    """
    unknown = sorted(str(name) for name in settings if name not in _SETTINGS)
    if unknown:
        raise InvalidSource(f"Source '{code}': {', '.join(unknown)} can't be set.", remedy=f"Use {', '.join(_SETTINGS)}.")
    held = SourceSystem.objects.filter(code=code).first()
    source = held or SourceSystem(code=code, name=code)
    before = [getattr(source, name) for name in _SETTINGS]
    for name, value in settings.items():
        setattr(source, name, value)
    try:
        source.full_clean()
    except ValidationError as error:
        raise InvalidSource(f"Source '{code}': {'; '.join(error.messages)}", remedy="Correct the file.", source=code) from None
    if held is None:
        SourceSystem.objects.bulk_create([source])
        write_history(SourceSystem, [source], change=change, kind=ChangeKind.CREATED)
    elif before != [getattr(source, name) for name in _SETTINGS]:
        SourceSystem.objects.bulk_update([source], _SETTINGS)
        write_history(SourceSystem, [source], change=change, kind=ChangeKind.CHANGED)
    return source


def save_mapping(source: SourceSystem, kind: str, document: Mapping[str, object], *, change: Change) -> SourceMapping:
    """Keep the mapping of an entity type (or of "project_fact"); nothing is written where it is as it was.

    The caller owns the transaction. Raises `MappingErrors` with everything that is wrong with the document.
    """
    parse_mapping(document, attributes_for(kind))
    row = SourceMapping.objects.filter(source=source, entity=kind).first()
    if row is None:
        row = SourceMapping.objects.bulk_create([SourceMapping(source=source, entity=kind, document=document)])[0]
        write_history(SourceMapping, [row], change=change, kind=ChangeKind.CREATED)
    elif row.document != document:
        row.document = document
        SourceMapping.objects.bulk_update([row], ["document"])
        write_history(SourceMapping, [row], change=change, kind=ChangeKind.CHANGED)
    return row
