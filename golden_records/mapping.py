"""Mappings: how one source's own columns, formats and codes are read as the data dictionary.

A mapping is a document (YAML, or the same as JSON):

    external_id: KUNNR                     # or {join: [MANDT, KUNNR], with: "-"}
    updated_at: {column: AEDAT, format: dd/mm/yyyy HH:MM}
    timezone: Europe/Paris                 # of moments without a zone; UTC by default
    decimal: ","                           # of all numbers; "." by default
    format: dd/mm/yyyy                     # of all dates; a list where there are several; ISO by default
    attributes:
      legal_name: {column: NAME1, when: {TYPE: [1, 2]}}
      given_name: {column: NAME1, split: family_given, unless: {TYPE: [1, 2]}}
      address_lines: {join: [STRAS, STR_SUPPL]}
      status: {column: AUFSD, values: {"": active, X: blocked}, otherwise: active}
      satisfaction: {column: NOTE, scale: [0, 5]}
      country: {constant: FR}
      website: {column: URL, optional: true}
      email: SMTP_ADDR                     # a column alone

No Django here and no database: a mapping takes a row and gives a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Final
from zoneinfo import ZoneInfo

import yaml

from golden_records.errors import MdmError
from golden_records.standardising.column_rules import (
    Defaults,
    Faults,
    MappingFault,
    did_you_mean,
    read_columns,
    read_decimal_mark,
    read_formats,
    read_rule,
    read_separator,
)
from golden_records.standardising.columns import ColumnRule, Row, is_sent_empty, read_attribute
from golden_records.standardising.dates import parse_moment, with_zone
from golden_records.standardising.folding import fold
from golden_records.standardising.problems import Problem, Remark, Severity
from golden_records.standardising.record import AttributeLike
from golden_records.standardising.texts import clean_text, text_of
from golden_records.standardising.words import PLACEHOLDERS

DOCUMENT_KEYS: Final = ("external_id", "updated_at", "timezone", "decimal", "format", "attributes")
EXTERNAL_ID: Final = "external_id"
UPDATED_AT: Final = "updated_at"
_UTC: Final = ZoneInfo("UTC")


class MappingErrors(MdmError):
    """A mapping document can't be used; `faults` has everything that is wrong with it, each with its remedy."""

    code = "bad_mapping"
    title = "The mapping can't be used"

    def __init__(self, faults: Sequence[MappingFault]) -> None:
        """Keep all the faults, and name them in the message, a line for each."""
        self.faults = tuple(faults)
        problems = [{"field": fault.where, "value": "", "reason": fault.reason, "remedy": fault.remedy} for fault in faults]
        super().__init__("\n".join(map(str, faults)), remedy="Mend the mapping.", problems=problems)


@dataclass(frozen=True, slots=True)
class MissingColumn:
    """A column that a mapping needs and a file does not have, what needs it, and what the file has that is like it."""

    column: str
    needed_by: str
    suggestions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappedRow:
    """A row in the names of the data dictionary. With a problem of severity error it goes to quarantine.

    `external_id` is empty where the row has none; `updated_at` is in UTC. `sent_empty` names the attributes of which the row has the
    columns, and nothing in them.
    """

    external_id: str
    updated_at: datetime | None
    attributes: Mapping[str, object]
    problems: tuple[Problem, ...]
    sent_empty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """How one source's columns of one entity type are read; made by `parse_mapping`, which leaves nothing to go wrong."""

    external_id: ColumnRule
    updated_at: ColumnRule | None
    timezone: ZoneInfo
    rules: Mapping[str, ColumnRule] = field(default_factory=dict)

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Name the columns without which a file can't be read, in the document's order; `optional` ones are not among them."""
        return tuple(self._needed())

    def missing_columns(self, header: Sequence[str]) -> tuple[MissingColumn, ...]:
        """List the columns that a file with this header lacks, with the names in it that may be meant."""
        lowered = {name.lower(): name for name in header}
        return tuple(
            MissingColumn(column, attribute, tuple(lowered[name] for name in get_close_matches(column.lower(), lowered, n=3)))
            for column, attribute in self._needed().items()
            if column not in header
        )

    def apply(self, row: Row) -> MappedRow:
        """Read a row in the source's own columns. Never raises for what the row holds: its problems are in the result."""
        problems: list[Problem] = []
        attributes: dict[str, object] = {}
        emptied: list[str] = []
        for name, rule in self.rules.items():
            reading = read_attribute(rule, row)
            if reading.value is not None:
                attributes[name] = reading.value
            elif reading.remark is None and is_sent_empty(rule, row):
                emptied.append(name)
            if reading.remark is not None:
                problems.append(_about_columns(reading.remark, name, rule, row))
        return MappedRow(
            external_id=self._external_id(row, problems),
            updated_at=self._updated_at(row, problems),
            attributes=attributes,
            problems=tuple(problems),
            sent_empty=tuple(emptied),
        )

    def _needed(self) -> Mapping[str, str]:
        needed = dict.fromkeys(self.external_id.columns, EXTERNAL_ID)
        rules = {UPDATED_AT: self.updated_at, **self.rules} if self.updated_at else dict(self.rules)
        for name, rule in rules.items():
            if not rule.optional:
                for column in (*rule.columns, *(condition.column for condition in rule.conditions)):
                    needed.setdefault(column, name)
        return needed

    def _external_id(self, row: Row, problems: list[Problem]) -> str:
        # Every part of a joined id is needed: without one, two rows could have one id.
        parts = [clean_text(text_of(row.get(column)) or "") for column in self.external_id.columns]
        if any(not part or (fold(part) in PLACEHOLDERS and not part.isdigit()) for part in parts):
            remark = Remark("The row has no id of its source.", "Fill in the source's own id.", Severity.ERROR)
            problems.append(_about_columns(remark, EXTERNAL_ID, self.external_id, row))
            return ""
        return self.external_id.separator.join(parts)

    def _updated_at(self, row: Row, problems: list[Problem]) -> datetime | None:
        if self.updated_at is None:
            return None
        raw = row.get(self.updated_at.columns[0])
        if isinstance(raw, date):
            moment = raw if isinstance(raw, datetime) else datetime.combine(raw, time.min)
            return with_zone(moment, self.timezone)
        text = clean_text(text_of(raw) or "")
        if not fold(text).replace(" ", "").strip("0"):
            return None
        moment_or_none = parse_moment(text, self.updated_at.date_formats)
        if moment_or_none is None:
            formats = " or ".join(self.updated_at.date_formats)
            remedy = "Mend it, or the `format` of `updated_at` in the mapping."
            remark = Remark(f"This is no moment written {formats}.", remedy, Severity.ERROR)
            problems.append(_about_columns(remark, UPDATED_AT, self.updated_at, row))
            return None
        return with_zone(moment_or_none, self.timezone)


def _about_columns(remark: Remark, name: str, rule: ColumnRule, row: Row) -> Problem:
    sent = " ".join(text_of(row.get(column)) or "" for column in rule.columns).strip()
    named = f"Column {', '.join(rule.columns)}: " if rule.columns else ""
    return Remark(named + remark.reason, remark.remedy, remark.severity).about(name, sent)


def load_document(text: str) -> Mapping[str, object]:
    """Read a mapping document out of YAML (or JSON, which is YAML); raises `MappingErrors` for a text that is neither."""
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise MappingErrors([MappingFault("document", "This is not YAML.", str(error))]) from None
    if not isinstance(document, dict):
        raise MappingErrors([_NO_DOCUMENT])
    return document


_NO_DOCUMENT: Final = MappingFault("document", "A mapping has the keys `external_id` and `attributes`.", "Start from an example.")


def parse_mapping(document: object, attributes: Sequence[AttributeLike]) -> ColumnMapping:
    """Make a mapping out of its document, for an entity type with these attributes.

    Raises `MappingErrors` with every fault of the document at once. The document is not changed, and the same document
    always gives an equal mapping.
    """
    faults = Faults()
    if not isinstance(document, Mapping):
        raise MappingErrors([_NO_DOCUMENT])
    for key in document:
        if key not in DOCUMENT_KEYS:
            faults.add(str(key), "A mapping has no such key.", did_you_mean(str(key), DOCUMENT_KEYS))
    defaults = Defaults(read_decimal_mark(document, "", faults), read_formats(document, "document", faults))
    mapping = ColumnMapping(
        external_id=_external_id_rule(document, faults),
        updated_at=_updated_at_rule(document, defaults, faults),
        timezone=_timezone(document, faults),
        rules=_rules(document, attributes, defaults, faults),
    )
    if faults.found:
        raise MappingErrors(faults.found)
    return mapping


def _as_rule(entry: object) -> Mapping[str, object]:
    return entry if isinstance(entry, Mapping) else {"column": entry}


def _external_id_rule(document: Mapping[str, object], faults: Faults) -> ColumnRule:
    if EXTERNAL_ID not in document:
        faults.add(EXTERNAL_ID, "The mapping does not say which column holds the source's own id.", "Write `external_id: COLUMN`.")
        return ColumnRule()
    entry = _as_rule(document[EXTERNAL_ID])
    return ColumnRule(columns=read_columns(entry, EXTERNAL_ID, faults), separator=read_separator(entry, "-"))


def _updated_at_rule(document: Mapping[str, object], defaults: Defaults, faults: Faults) -> ColumnRule | None:
    if UPDATED_AT not in document:
        return None
    entry = _as_rule(document[UPDATED_AT])
    formats = read_formats(entry, UPDATED_AT, faults) or defaults.date_formats or ("iso",)
    return ColumnRule(
        columns=read_columns(entry, UPDATED_AT, faults),
        date_formats=formats,
        optional=entry.get("optional") is True,
    )


def _timezone(document: Mapping[str, object], faults: Faults) -> ZoneInfo:
    name = document.get("timezone", "UTC")
    try:
        return ZoneInfo(str(name))
    except (ValueError, LookupError, OSError):
        faults.add("timezone", f"'{name}' is no time zone.", "Use a name such as Europe/Paris.")
        return _UTC


def _rules(
    document: Mapping[str, object], attributes: Sequence[AttributeLike], defaults: Defaults, faults: Faults
) -> Mapping[str, ColumnRule]:
    entries = document.get("attributes")
    if not isinstance(entries, Mapping) or not entries:
        faults.add("attributes", "The mapping fills no attribute.", "Write `attributes: {legal_name: COLUMN}`.")
        return {}
    targets = {attribute.name: attribute for attribute in attributes}
    rules: dict[str, ColumnRule] = {}
    for name, entry in entries.items():
        if name in targets:
            rules[name] = read_rule(targets[name], entry, defaults, faults)
        else:
            faults.add(f"attributes.{name}", "The data dictionary has no such attribute.", did_you_mean(str(name), targets))
    for name, target in targets.items():
        if target.required and name not in entries:
            faults.add(f"attributes.{name}", "This attribute is required and not mapped.", f"Write `{name}: COLUMN`.")
    return rules
