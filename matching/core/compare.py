"""Comparing pairs of rows: one level per comparison of the config."""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from matching.core.comparators import COMPARATORS
from matching.core.compare_few import FEW_PAIRS, compare_few
from matching.core.compare_places import CITY
from matching.core.declarations import Comparison, MatchConfig
from matching.core.grades import Levels, Operands, Rows
from matching.core.parallel import each, spans
from matching.core.prepare import Prepared
from matching.core.terms import Entities, Terms, TermTable, place_words, value_terms, word_terms

CHUNK = 300_000
"""Pairs compared at a time: bounds the memory, and is no part of the result."""
_FIRST: Final = 50_000
"""Pairs that are compared first, a comparison per core."""
WORD_COMPARATORS = frozenset({"organisation_name", "values"})


def compare_rows(prepared: Prepared, left: Rows, right: Rows, config: MatchConfig, terms: Terms) -> Levels:
    """Give the levels (pairs x comparisons, uint8) of pairs of rows of one prepared table.

    Symmetric; a pair's levels depend on the two records, the config and the term tables, on no other pair.
    """
    levels: Levels = prepared.memory.zeros((len(left), len(config.comparisons)), np.uint8)  # type: ignore[assignment]
    _fill(levels, prepared, (left, right), range(len(config.comparisons)), (config, terms))
    return levels


def compare_words(prepared: Prepared, left: Rows, right: Rows, levels: Levels, config: MatchConfig, terms: Terms) -> Levels:
    """Give the levels of pairs that were compared with other terms: only what is compared by words may differ."""
    again = prepared.memory.keep(levels.copy(order="F"))
    worded = [number for number, comparison in enumerate(config.comparisons) if comparison.kind in WORD_COMPARATORS]
    _fill(again, prepared, (left, right), worded, (config, terms))
    return again


def _fill(levels: Levels, prepared: Prepared, rows: tuple[Rows, Rows], wanted: Iterable[int], by: tuple[MatchConfig, Terms]) -> None:
    """Compare pairs by some comparisons of the config (their places), in place. Each part writes rows of its own."""
    config, terms = by
    if prepared.met is not None and len(rows[0]) <= FEW_PAIRS:
        compare_few(levels, prepared.met, rows, [(number, config.comparisons[number]) for number in wanted], terms)
        return
    comparisons: list[_Wanted] = [(number, config.comparisons[number], {}) for number in wanted]
    fields = list(dict.fromkeys(name for _, comparison, _ in comparisons for name in comparison.fields))
    # All codes of a row side by side: a pair costs two far places in memory, whatever is compared.
    codes = prepared.codes(tuple(fields)) if fields else np.empty((0, 0), np.int32)

    def gathered(part: slice) -> tuple[Rows, Rows]:
        one, other = (np.ascontiguousarray(codes.take(side[part], axis=0).T) for side in rows)
        return one, other

    def compare_part(part: slice, some: list[_Wanted], sides: tuple[Rows, Rows]) -> None:
        for place, comparison, memo in some:
            columns = tuple(prepared.columns[name] for name in comparison.fields)
            rows = _rows(fields, comparison.fields)
            operands = Operands(columns, comparison.fields, sides[0][rows], sides[1][rows], terms, memo)
            levels[part, place] = COMPARATORS[comparison.kind].compare(operands)

    size = len(rows[0])
    first = slice(0, min(size, _FIRST))
    sides = gathered(first)
    if size <= _FIRST:
        compare_part(first, comparisons, sides)
        return
    # Each core its own comparisons at first: what these make of the distinct values is then there for all parts.
    each(lambda one: compare_part(first, [one], sides), comparisons)
    others = [slice(part.start + _FIRST, part.stop + _FIRST) for part in spans(size - _FIRST, CHUNK)]
    each(lambda part: compare_part(part, comparisons, gathered(part)), others)


def _rows(fields: list[str], names: tuple[str, ...]) -> slice | list[int]:
    """Give where fields stand among all: as a slice, which copies nothing, where they stand in a row."""
    places = [fields.index(name) for name in names]
    return slice(places[0], places[-1] + 1) if places == list(range(places[0], places[-1] + 1)) else places


_Wanted: TypeAlias = tuple[int, Comparison, dict[str, Any]]


def count_terms(prepared: Prepared, config: MatchConfig) -> Terms:
    """Count the values and words whose rarity the config weighs."""
    weighed = {level.term_frequency for comparison in config.comparisons for level in comparison.levels}
    names, worded = sorted(filter(None, weighed)), worded_fields(config)
    return Terms(
        values=dict(zip(names, each(lambda name: value_terms(prepared.columns[name]), names), strict=True)),
        words=dict(zip(worded, each(lambda name: count_words(prepared, name, config), worded), strict=True)),
    )


def count_words(prepared: Prepared, name: str, config: MatchConfig, entities: Entities | None = None) -> TermTable:
    """Count the words of a field among its values or among entities; words that name the own town count as weak."""
    column = prepared.columns[name]
    towns = [c.fields[CITY] for c in config.comparisons if c.kind == "address"]
    weak = place_words(column, prepared.columns[towns[0]]) if towns else None
    return word_terms(column, entities, weak)


def worded_fields(config: MatchConfig) -> list[str]:
    """Name the fields that are compared by their words."""
    return sorted({c.fields[0] for c in config.comparisons if c.kind in WORD_COMPARATORS})


def strata(prepared: Prepared, left: Rows, right: Rows, config: MatchConfig) -> NDArray[np.uint8]:
    """Give the stratum of each pair: 0 where the sides differ or one is not known, else 1 + the place of their value."""
    if config.strata is None:
        return np.zeros(len(left), np.uint8)
    if prepared.met is None:
        column = prepared.columns[config.strata]
        codes = column.codes
    else:
        field = prepared.met.field[config.strata]
        column, codes = prepared.met.column(field), prepared.met.codes[field]
    place = {value: number + 1 for number, value in enumerate(config.strata_values)}
    each = column.padded(f"strata {config.strata_values}", lambda own: np.array([place.get(value, 0) for value in own.strings], np.uint8))
    numbers = each[codes]
    mine, yours = numbers[left], numbers[right]
    result: NDArray[np.uint8] = mine * (mine == yours)
    return result
