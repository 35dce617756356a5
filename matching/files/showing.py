"""Records and pairs as a report shows them: labels, values, what differs, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from golden_records.standardising.words import fold
from matching.core.explain import Step, explain
from matching.core.score import Evidence
from matching.files.pairs import reason
from matching.files.running import MatchedFiles
from matching.plots import Plot, waterfall

_LONGEST: Final = 120
ROLES: Final[Mapping[str, str]] = {
    "record_id": "the source's own id of the record", "legal_name": "name", "full_name": "full name of a person",
    "birth_date": "date of birth", "registration_id": "registration number", "vat_id": "VAT number",
    "lei": "legal entity identifier", "email": "e-mail", "address_2": "second address line", "national_id": "national number",
    "kind": "organisation or person", "customer": "customer of the project", "title": "title of the project",
    "code": "code of the project",
}  # fmt: skip
"""What people call the meanings of columns, where the name in the config does not say so."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a record; `differs` where it is not what most of those beside it say."""

    text: str
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One attribute of some records: a cell for each."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """Records side by side: what each is called, and a line per attribute that any of them has."""

    names: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ShownPair:
    """A pair with its values, the reason in words, and its evidence as a picture."""

    records: Beside
    probability: float
    reason: str
    note: str
    plot: Plot


def record_name(matched: MatchedFiles, row: int) -> str:
    """Say where a record stands."""
    together = matched.together
    file = matched.files[int(together.file[row])].name if len(matched.files) > 1 else ""
    return f"{file} row {int(together.number[row]):,}".strip()


def beside(matched: MatchedFiles, rows: Sequence[int]) -> Beside:
    """Put records beside each other; values that differ from the most usual one among them are marked.

    Values are as different as they are to the engine: a phone number written in another way is the same.
    """
    labels = column_labels(matched)
    lines = []
    for attribute, column in matched.sources.items():
        values = [_shown(matched.attributes[attribute][row].as_py()) for row in rows]
        if any(values):
            lines.append(Line(labels[column], _marked(values, _forms(matched, attribute, rows))))
    return Beside(tuple(record_name(matched, row) for row in rows), tuple(lines))


def column_labels(matched: MatchedFiles) -> dict[str, str]:
    """Call each column as its file does, and what stands for columns of two files by its meaning."""
    roles = {column: role for role, columns in matched.together.meaning.roles.items() for column in columns[:1]}
    several = len(matched.files) > 1
    return {column: ROLES.get(roles[column], roles[column].replace("_", " ")) if several and column in roles else column
            for column in matched.sources.values()}  # fmt: skip


def _forms(matched: MatchedFiles, attribute: str, rows: Sequence[int]) -> list[tuple[int, ...]]:
    """Give the match forms that are made of an attribute alone, as codes, per record."""
    fields = [field.name for field in matched.config.fields if attribute in field.of and field.combine == "first"]
    columns = [matched.result.prepared.columns[name] for name in fields]
    return [tuple(int(column.codes[row]) for column in columns) for row in rows]


def _marked(values: Sequence[str], forms: Sequence[tuple[int, ...]]) -> tuple[Cell, ...]:
    # What has no match form, such as a number that is no phone number, is as different as it is written.
    told = [str(form) if any(code >= 0 for code in form) else fold(text) for form, text in zip(forms, values, strict=True)]
    counted = Counter(one for one, text in zip(told, values, strict=True) if text)
    usual, times = counted.most_common(1)[0]
    split = len(counted) > 1 and times == 1
    return tuple(Cell(text, bool(text) and (split or one != usual)) for text, one in zip(values, told, strict=True))


def _shown(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def shown_pair(matched: MatchedFiles, rows: tuple[int, int], found: Evidence, note: str = "") -> ShownPair:
    """Show a pair with the sum of its evidence."""
    model = matched.result.model
    steps = explain(found, model, _values(matched, rows[0]), _values(matched, rows[1]))
    total = steps[-1].bits
    return ShownPair(
        records=beside(matched, rows),
        probability=float(1 / (1 + np.exp2(-total))),
        reason=reason(found.levels.tolist(), found.weights.tolist(), found.vetoes, model),
        note=note,
        plot=waterfall([_told(step) for step in steps], f"Evidence on {' and '.join(record_name(matched, row) for row in rows)}"),
    )


def _told(step: Step) -> Step:
    """Leave out of the words what the bar beside them shows."""
    words = step.words.rpartition(": ")[0] if step.level not in {"prior", "total", "veto", "missing"} else step.words
    return Step(step.comparison, step.level, words or step.words, step.bits)


def _values(matched: MatchedFiles, row: int) -> dict[str, str | None]:
    values = {name: matched.attributes[name][row].as_py() for name in matched.attributes.column_names}
    return {name: None if value is None else str(value) for name, value in values.items()}
