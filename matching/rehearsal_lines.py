"""What a rehearsal would do, line by line, as people read it in a file or on a page."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

from golden_records.change import Change
from golden_records.entities import EntityType
from matching.foreseen import Foreseen
from matching.reports.writers import csv_cell

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that would happen: `change` is merge, split or value; what says nothing of it is empty.

    Of a merge, `other` absorbs; of a split, the source records go to `other`, or to a new golden record where there is none.
    """

    change: str
    golden_id: UUID
    name: str
    other_id: UUID | None = None
    other_name: str = ""
    source_records: str = ""
    attribute: str = ""
    before: Any = None
    after: Any = None


def lines(found: Foreseen, change: Change) -> Iterator[Line]:
    """Give every merge, then every split, then every change of a value; a few statements per 500."""
    yield from merges(found)
    yield from splits(found)
    yield from values(found, change)


def merges(found: Foreseen, limit: int | None = None) -> Iterator[Line]:
    """Give the merges, or the first so many."""
    for some in _parts(islice(found.merges, limit)):
        names = _names(found.entity, [golden_id for each in some for golden_id in (each.absorbed, each.survivor)])
        for each in some:
            yield Line("merge", each.absorbed, names[each.absorbed], each.survivor, names[each.survivor])


def splits(found: Foreseen, limit: int | None = None) -> Iterator[Line]:
    """Give the splits, or the first so many."""
    for some in _parts(islice(found.splits, limit)):
        names = _names(found.entity, [golden_id for each in some for golden_id in (each.golden_id, each.into) if golden_id])
        records = _records(found.entity, [pk for each in some for pk in each.record_ids])
        for each in some:
            told = ", ".join(records.get(pk, str(pk)) for pk in each.record_ids)
            yield Line("split", each.golden_id, names[each.golden_id], each.into, names[each.into] if each.into else "", told)


def values(found: Foreseen, change: Change, limit: int | None = None) -> Iterator[Line]:
    """Give the changes of values, or those of the first so many golden records."""
    for some in _parts(islice(found.values(change), limit)):
        names = _names(found.entity, [golden_id for golden_id, _ in some])
        for golden_id, changed in some:
            for attribute, (before, after) in changed.items():
                yield Line("value", golden_id, names[golden_id], attribute=attribute, before=before, after=after)


def _parts(things: Iterable[Any]) -> Iterator[Sequence[Any]]:
    rest = iter(things)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _names(entity: EntityType, golden_ids: Sequence[UUID]) -> dict[UUID, str]:
    found = entity.goldens.in_bulk(golden_ids)
    return {golden_id: str(found.get(golden_id, golden_id)) for golden_id in golden_ids}


def _records(entity: EntityType, record_ids: Sequence[int]) -> dict[int, str]:
    named = entity.records.filter(pk__in=record_ids).values_list("pk", "source__code", "external_id")
    return {pk: f"{source} {external_id}" for pk, source, external_id in named}


COLUMNS: Final = ("change", "golden_id", "name", "other_id", "other_name", "source_records", "attribute", "before", "after")


def csv_lines(told: Iterable[Line]) -> Iterator[str]:
    """Write lines as CSV (RFC 4180, UTF-8), the names of the columns first. Cells that begin as a formula does are led by an apostrophe."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for line in told:
        yield writer.writerow([csv_cell(getattr(line, name)) for name in COLUMNS])


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text
