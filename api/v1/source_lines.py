"""What a line of `POST /source-records` says: one record of one source, read as `PUT` reads its body."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from rest_framework.request import Request

from api.problems import FieldError, InvalidRequest, PayloadTooLarge, pointer
from api.strict_json import decode
from api.v1.source_body import checked_external_id, read_body, writable_source
from golden_records.entities import entity_type
from golden_records.errors import MdmError, RejectedRecord
from golden_records.keeping import BadRow
from golden_records.mapping import ColumnMapping
from golden_records.models import SourceSystem
from golden_records.source_systems import load_mapping
from golden_records.sources import SourceRecordDraft, understand
from golden_records.taking import Row

NAMES: Final = ("source", "entity", "external_id")
Found = TypeVar("Found")

LINES_AT_ONCE: Final = 500
BYTES_AT_ONCE: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was numbered, the names that it gave (None for one that could not be read), and the row that it is."""

    number: int
    names: tuple[str | None, str | None, str | None]
    row: Row


@dataclass(frozen=True, slots=True)
class LineReader:
    """Reads the lines of one call; what it has looked up in the database is asked for once."""

    request: Request
    _sources: dict[str, SourceSystem | MdmError] = field(default_factory=dict)
    _mappings: dict[tuple[str, str], ColumnMapping | MdmError] = field(default_factory=dict)

    def chunks(self, lines: Iterator[tuple[int, bytes | None]]) -> Iterator[list[Line]]:
        """Give the lines in chunks that are worth a transaction and fit in memory, however long each line is."""
        chunk: list[Line] = []
        size = 0
        for number, line in lines:
            chunk.append(self.read(number, line))
            size += len(line or b"")
            if len(chunk) == LINES_AT_ONCE or size > BYTES_AT_ONCE:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def read(self, number: int, line: bytes | None) -> Line:
        """Say what a line means, or what is wrong with it; never raises for a line."""
        names: tuple[str | None, str | None, str | None] = (None, None, None)
        try:
            sent = _object(line)
            names = (_name(sent, "source"), _name(sent, "entity"), _name(sent, "external_id"))
            return Line(number, names, self._row(sent))
        except MdmError as error:
            return Line(number, names, Row(None, error))

    def _row(self, sent: dict[str, Any]) -> Row:
        source, entity, external_id = _needed(sent)
        kind = entity_type(entity)
        system = self._source(source)
        body = read_body(kind, {name: value for name, value in sent.items() if name not in NAMES})
        draft = SourceRecordDraft(kind, system, checked_external_id(external_id), body.attributes, body.payload, body.source_updated_at)
        as_sent = BadRow(
            source=system,
            entity=kind.name,
            payload=(body.payload if body.payload is not None else body.attributes) or {},
            problems=(),
            external_id=external_id,
            is_mapped=body.payload is None,
            source_updated_at=body.source_updated_at,
        )
        try:
            return Row(as_sent, understand(draft, mapping=self._mapping(draft)))
        except RejectedRecord as error:
            return Row(as_sent, error)

    def _source(self, code: str) -> SourceSystem:
        if code not in self._sources:
            try:
                self._sources[code] = writable_source(self.request, code)
            except MdmError as error:
                self._sources[code] = error
        return _given(self._sources[code])

    def _mapping(self, draft: SourceRecordDraft) -> ColumnMapping | None:
        if draft.payload is None:
            return None
        key = (draft.source.code, draft.entity.name)
        if key not in self._mappings:
            try:
                self._mappings[key] = load_mapping(draft.source, draft.entity.name)
            except MdmError as error:
                self._mappings[key] = error
        return _given(self._mappings[key])


def rows_of(lines: Sequence[Line]) -> list[Row]:
    """Give the rows of the lines."""
    return [line.row for line in lines]


def _given(found: Found | MdmError) -> Found:
    if isinstance(found, MdmError):
        # Without what it was raised with before: a million lines would make a chain of it.
        raise found.with_traceback(None)
    return found


def _object(line: bytes | None) -> dict[str, Any]:
    if line is None:
        raise PayloadTooLarge("The line is longer than 1 MiB.", remedy="Send a shorter record.")
    sent = decode(line)
    if not isinstance(sent, dict):
        raise _invalid([FieldError("", "wrong_type", "The line is not an object.", f"Send {', '.join(NAMES)} and 'attributes'.")])
    return sent


def _name(sent: dict[str, Any], name: str) -> str | None:
    value = sent.get(name)
    return value if isinstance(value, str) else None


def _needed(sent: dict[str, Any]) -> tuple[str, str, str]:
    missing = [
        FieldError(pointer(name), "wrong_type", "The value is missing or not a string.", "Send a string.", sent.get(name))
        for name in NAMES
        if not isinstance(sent.get(name), str)
    ]
    if missing:
        raise _invalid(missing)
    return sent["source"], sent["entity"], sent["external_id"]


def _invalid(errors: list[FieldError]) -> InvalidRequest:
    return InvalidRequest("The line can't be read.", remedy="See 'errors' for each place.", errors=errors)
