"""From attributes to match forms: each field of the config becomes a dictionary-encoded column, once per table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from matching.core.columns import MISSING, Column
from matching.core.declarations import MatchConfig
from matching.core.encode import FEW, as_text, encode, encode_few, join, recode, whole
from matching.core.forms import FORMS
from matching.core.hashing import Hashes, mix
from matching.core.memory import Memory
from matching.core.met import met
from matching.core.met_columns import MetTable
from matching.core.parallel import each, spans
from matching.core.prepare_few import ORGANISATION_WORDS, PERSON_WORDS, FewColumns, Forms, form_few, forms_of_table, texts_of

Texts: TypeAlias = pa.StringArray
Values: TypeAlias = pa.Array | pa.ChunkedArray
"""A column of a table: texts, dictionary-encoded or not, or what can be told as texts."""
ROWS_AT_ONCE: Final = 32_768
"""Rows whose numbers are put side by side at a time: they stay in the processor's cache. No part of a result."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A table in match forms: `size` rows, one column per field of the config. What is made of its pairs is kept in `memory`.

    Of a small table, `met` has the same with the texts looked up among those met.
    """

    size: int
    columns: Mapping[str, Column]
    memory: Memory = field(default_factory=Memory, compare=False, repr=False)
    _codes: dict[tuple[str, ...], NDArray[np.int32]] = field(default_factory=dict, compare=False, repr=False)
    _latest: list[tuple[object, Any]] = field(default_factory=list, compare=False, repr=False)
    met: MetTable | None = field(default=None, compare=False, repr=False)

    def codes(self, names: tuple[str, ...]) -> NDArray[np.int32]:
        """Give the codes of some columns side by side (rows x columns): a row is one place in memory. Made once."""
        if names not in self._codes:
            self._codes[names] = _side_by_side([self.columns[name].codes for name in names])
        return self._codes[names]

    def latest(self, key: object, make: Callable[[], Any] | None = None) -> Any:
        """Give what was made for a key (by identity) last time, else make it anew and forget what was before; None without `make`."""
        if not self._latest or self._latest[0][0] is not key:
            if make is None:
                return None
            self._latest[:] = [(key, make())]
        return self._latest[0][1]

    def fingerprints(self) -> Hashes:
        """Give a number per row that rows of equal match forms share."""
        total = np.zeros(self.size, np.uint64)
        for number, name in enumerate(sorted(self.columns)):
            column = self.columns[name]
            own = mix(np.append(column.hashes, np.uint64(0)) + np.uint64(number))
            total += own[column.codes]
        return total

    def rows(self, rows: np.ndarray) -> "Prepared":
        """Give some rows, in this order."""
        met = None if self.met is None else self.met.rows(rows)
        return Prepared(len(rows), {name: column.take(rows) for name, column in self.columns.items()}, self.memory, met=met)


def _side_by_side(columns: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    if len(columns[0]) <= ROWS_AT_ONCE:
        return np.stack(columns, axis=1)
    whole = np.empty((len(columns[0]), len(columns)), np.int32)

    def fill(rows: slice) -> None:
        for place, column in enumerate(columns):
            whole[rows, place] = column[rows]

    each(fill, spans(len(whole), ROWS_AT_ONCE))
    return whole


def prepare(attributes: pa.Table, config: MatchConfig) -> Prepared:
    """Make the match forms of a table with a column per attribute; attributes that it lacks are missing throughout.

    Forms are made once per distinct value. A table of one row and the table of a million give a record equal forms.
    """
    if attributes.num_rows <= FEW:
        return prepared(forms_of_table(attributes, config))
    spread = each if attributes.num_rows >= _THREADED_FROM else map
    made = [field for field in config.fields if field.base is None]
    texts = list(dict.fromkeys((field.of, field.combine) for field in made))
    raw = dict(zip(texts, spread(lambda text: _raw(attributes, *text), texts), strict=True))
    columns = spread(lambda field: _formed(raw[field.of, field.combine], field.form), made)
    named = dict(zip([field.name for field in made], columns, strict=True))
    derived = [(field.name, field.base, field.form) for field in config.fields if field.base is not None]
    while derived:
        ready = [one for one in derived if one[1] in named]
        columns = spread(lambda one: _formed(named[one[1]], one[2]), ready)
        named.update(zip([name for name, _, _ in ready], list(columns), strict=True))
        derived = [one for one in derived if one[0] not in named]
    if attributes.num_rows >= _THREADED_FROM:
        # What was needed on the way is as much as what is kept.
        pa.default_memory_pool().release_unused()
    return Prepared(attributes.num_rows, named)


def joined(left: Prepared, right: Prepared) -> Prepared:
    """Put the rows of two prepared tables one below the other, with common dictionaries."""
    if left.size + right.size <= FEW:
        return prepared(_forms(left).below(_forms(right)))
    return Prepared(left.size + right.size, {name: join(column, right.columns[name]) for name, column in left.columns.items()})


def prepared(forms: Forms) -> Prepared:
    """Make a table of match forms; of few rows, the texts are looked up among those met."""
    if forms.size > FEW or not forms.texts:
        return Prepared(forms.size, {name: encode_few(texts) for name, texts in forms.texts.items()})
    table = MetTable.of(forms.texts, met())
    return Prepared(forms.size, FewColumns(forms.texts, table), met=table)


def _forms(prepared: Prepared) -> Forms:
    return Forms(prepared.size, {name: texts_of(column) for name, column in prepared.columns.items()})


def _raw(attributes: pa.Table, of: tuple[str, ...], combine: str) -> Column:
    """Encode the text that attributes make; several fields may be forms of one text."""
    present = [name for name in of if name in attributes.column_names]
    if not present:
        return Column(np.full(attributes.num_rows, MISSING, np.int32), pa.array([], pa.string()))
    if combine == "join":
        return _combined([_coded(attributes[name]) for name in present])
    if combine == "first" and len(present) == 1:
        return _coded(attributes[present[0]])
    return encode(COMBINERS[combine](present, [attributes[name] for name in present]))


def _coded(values: Values) -> Column:
    """Give the codes of a dictionary as they are, though it may hold a text twice: the forms are encoded anyway."""
    if len(values) <= FEW or not pa.types.is_dictionary(values.type):
        return encode(values)
    values = whole(values)
    return Column(
        values.indices.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int32, copy=False),
        pc.fill_null(as_text(values.dictionary), ""),
    )


def _combined(columns: list[Column]) -> Column:
    """Join the texts of columns: each distinct combination once."""
    number = np.zeros(len(columns[0].codes), np.int64)
    for column in columns:
        number = number * (column.size + 1) + (column.codes + 1)
    every = pa.array(number).dictionary_encode()
    rest, texts = every.dictionary.to_numpy(), []
    for column in reversed(columns):
        rest, place = np.divmod(rest, column.size + 1)
        texts.append(column.values.take(pa.array(place - 1, mask=place == 0)))
    names = [str(place) for place in range(len(columns))]
    return Column(every.indices.to_numpy(), _join(names, list(reversed(texts))))


def _formed(column: Column, form: str) -> Column:
    # Of nothing every form is nothing.
    return recode(column, form_of(form, column)) if column.size else column


def form_of(form: str, column: Column) -> Texts | Sequence[str | None]:
    """Give the form of distinct texts. Few texts are looked up among those met before."""
    if column.size <= FEW:
        return form_few(form, column.strings)
    # Parts that stay in the processor's cache: several times as fast as all at once.
    return pa.concat_arrays([FORMS[form](column.values[part]) for part in spans(column.size, _FORMED_AT_ONCE)])


_THREADED_FROM: Final = 50_000
_FORMED_AT_ONCE: Final = 32_768


def _first(_: list[str], columns: list[Values]) -> Texts:
    return pc.coalesce(*map(as_text, columns))


def _join(_: list[str], columns: list[Values]) -> Texts:
    texts = map(as_text, columns)
    return pc.utf8_trim_whitespace(pc.binary_join_element_wise(*texts, " ", null_handling="replace"))


def _kind(names: list[str], columns: list[Values]) -> Texts:
    known = dict(zip(names, columns, strict=True))
    size = len(columns[0])
    word = pc.utf8_lower(as_text(known["kind"])) if "kind" in known else pa.nulls(size, pa.string())
    organisation, person = _any_of(known, ("legal_name", "trade_name")), _any_of(known, ("given_name", "family_name"))
    return pc.case_when(
        pc.make_struct(
            pc.is_in(word, value_set=pa.array(ORGANISATION_WORDS)),
            pc.is_in(word, value_set=pa.array(PERSON_WORDS)),
            pc.and_not(_array(organisation, size), _array(person, size)),
            pc.and_not(_array(person, size), _array(organisation, size)),
        ),
        "organisation", "person", "organisation", "person",
    )  # fmt: skip


def _any_of(known: Mapping[str, Values], names: tuple[str, ...]) -> pa.BooleanArray | None:
    found = [pc.is_valid(whole(known[name])) for name in names if name in known]
    return None if not found else found[0] if len(found) == 1 else pc.or_(found[0], found[1])


def _array(mask: pa.BooleanArray | None, size: int) -> pa.BooleanArray:
    return pa.repeat(pa.scalar(value=False), size) if mask is None else mask


COMBINERS: Final[Mapping[str, Callable[[list[str], list[Values]], Texts]]] = {
    "first": _first, "join": _join, "kind": _kind,
}  # fmt: skip
"""How several attributes become one text: the first that is known, all of them, or what kind of party they tell of."""
