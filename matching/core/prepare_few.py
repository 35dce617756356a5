"""The match forms of few rows, text by text: in real time most texts were met before, and to look them up is quicker than any column."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import pyarrow as pa

from matching.core.columns import Column
from matching.core.declarations import Field, MatchConfig
from matching.core.encode import as_text, encode_few
from matching.core.forms import formed
from matching.core.met_columns import MetTable

Texts: TypeAlias = Sequence[str | None]
"""A text per row; what is missing is None or empty."""
ORGANISATION_WORDS: Final = ("organisation", "organization", "company", "o", "b", "societe", "firma", "business")
PERSON_WORDS: Final = ("person", "individual", "p", "i", "c", "personne", "particulier", "consumer")


@dataclass(frozen=True, slots=True)
class Forms:
    """The match forms of some records, a text per record and field."""

    size: int
    texts: Mapping[str, Texts]

    def below(self, other: "Forms") -> "Forms":
        """Put the records of another table below."""
        return Forms(self.size + other.size, {name: [*own, *other.texts[name]] for name, own in self.texts.items()})

    def of(self, row: int) -> dict[str, str | None]:
        """Give the forms of one record."""
        return {name: column[row] for name, column in self.texts.items()}


def forms_of(attributes: Mapping[str, Texts], size: int, config: MatchConfig) -> Forms:
    """Make the match forms of `size` records of the texts of their attributes; what is not among them is missing throughout."""
    made: dict[str, Texts] = {}
    for field in config.fields:
        # A base is declared before.
        texts = _raw(field, attributes, size) if field.base is None else made[field.base]
        made[field.name] = form_few(field.form, texts)
    return Forms(size, made)


def forms_of_table(attributes: pa.Table, config: MatchConfig) -> Forms:
    """Make the match forms of the rows of a small table."""
    wanted = {name for field in config.fields for name in field.of}
    texts = {name: as_text(attributes[name]).to_pylist() for name in attributes.column_names if name in wanted}
    return forms_of(texts, attributes.num_rows, config)


def _raw(field: Field, raw: Mapping[str, Texts], size: int) -> Texts:
    present = {name: raw[name] for name in field.of if name in raw}
    if not present:
        return [None] * size
    return COMBINERS_OF_FEW[field.combine](present)


def form_few(form: str, texts: Texts) -> Texts:
    """Give the form of each text; those met before are looked up."""
    if not any(texts):
        return [None] * len(texts)
    known = _KNOWN.get(form)
    if known is None or len(known) > _MOST_REMEMBERED:
        # A new one, not emptied: another thread may be reading the old one.
        known = _KNOWN[form] = {}
    try:
        return [known[text] if text else None for text in texts]
    except KeyError:
        new = [text for text in dict.fromkeys(texts) if text and text not in known]
        known.update(zip(new, formed(form, new), strict=True))
        return [known[text] if text else None for text in texts]


_MOST_REMEMBERED: Final = 100_000
_KNOWN: Final[dict[str, dict[str, str | None]]] = {}


def _first(columns: Mapping[str, Texts]) -> Texts:
    several = list(columns.values())
    return (
        several[0] if len(several) == 1 else [next((text for text in row if text is not None), None) for row in zip(*several, strict=True)]
    )


def _join(columns: Mapping[str, Texts]) -> Texts:
    return [" ".join(text or "" for text in row).strip() for row in zip(*columns.values(), strict=True)]


def _kind(columns: Mapping[str, Texts]) -> Texts:
    none: Texts = [None] * len(next(iter(columns.values())))
    several = (columns.get(name, none) for name in ("kind", "legal_name", "trade_name", "given_name", "family_name"))
    return [_kind_of(kind, *names) for kind, *names in zip(*several, strict=True)]


def _kind_of(kind: str | None, *names: str | None) -> str | None:
    """Say what kind of party a record is of, by what it says or by which names it has: of a firm two, of a person two."""
    # Arrow lowers this letter to one, Python to two.
    word = kind.replace("İ", "i").lower() if kind else ""
    if word in ORGANISATION_WORDS or word in PERSON_WORDS:
        return "organisation" if word in ORGANISATION_WORDS else "person"
    organisation, person = (any(name is not None for name in some) for some in (names[:2], names[2:]))
    return None if organisation == person else "organisation" if organisation else "person"


COMBINERS_OF_FEW: Final[Mapping[str, Callable[[Mapping[str, Texts]], Texts]]] = {"first": _first, "join": _join, "kind": _kind}
"""How several attributes become one text, as `prepare.COMBINERS` do it to columns."""


class FewColumns(Mapping[str, Column]):
    """The columns of few rows, each made when it is first asked for: most are only compared, which needs none."""

    def __init__(self, texts: Mapping[str, Texts], table: MetTable) -> None:
        """Keep the texts of each field, and where they are among those met."""
        self._texts = texts
        self._table = table
        self._made: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        """Give the column of a field."""
        made = self._made.get(name)
        if made is None:
            made = encode_few(self._texts[name])
            made.look_up(self._table.known, self._table.known.places(made.strings))
            self._made[name] = made
        return made

    def __iter__(self) -> Iterator[str]:
        """Go through the names of the fields."""
        return iter(self._texts)

    def __len__(self) -> int:
        """Count the fields."""
        return len(self._texts)


def texts_of(column: Column) -> Texts:
    """Give the text of each row."""
    strings: list[str | None] = [*column.strings, None]
    return [strings[code] for code in column.codes.tolist()]
