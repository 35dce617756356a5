"""Comparing pairs of rows: one level per comparison of the config."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from matching.core.comparators import COMPARATORS
from matching.core.compare_places import CITY
from matching.core.declarations import Comparison, MatchConfig
from matching.core.grades import Levels, Operands, Rows
from matching.core.prepare import Prepared, comparable
from matching.core.terms import Terms, TermTable, place_words, value_terms, word_terms

CHUNK = 250_000
"""Pairs compared at a time: bounds the memory, and is no part of the result."""
WORD_COMPARATORS = frozenset({"organisation_name", "values"})


def compare_rows(prepared: Prepared, left: Rows, right: Rows, config: MatchConfig, terms: Terms) -> Levels:
    """Give the levels (pairs x comparisons, uint8) of pairs of rows of one prepared table.

    Symmetric; a pair's levels depend on the two records, the config and the term tables, on no other pair.
    """
    levels = np.zeros((len(left), len(config.comparisons)), np.uint8, order="F")
    comparisons = [
        (place, comparison)
        for place, comparison in enumerate(config.comparisons)
        if comparable(prepared, comparison.fields) or comparison.kind == "person_name"  # it also compares crosswise
    ]

    def compare_part(start: int) -> None:
        part = slice(start, start + CHUNK)
        for place, comparison in comparisons:
            levels[part, place] = _compare(prepared, comparison, left[part], right[part], terms)

    if len(left) <= CHUNK:
        compare_part(0)
        return levels
    # Each part writes rows of its own, and the long work is done in C without the interpreter's lock.
    with ThreadPoolExecutor() as pool:
        list(pool.map(compare_part, range(0, len(left), CHUNK)))
    return levels


def _compare(prepared: Prepared, comparison: Comparison, left: Rows, right: Rows, terms: Terms) -> Levels:
    columns = tuple(prepared.columns[name] for name in comparison.fields)
    operands = Operands(columns, comparison.fields, left, right, terms)
    return COMPARATORS[comparison.kind].compare(operands)


def count_terms(prepared: Prepared, config: MatchConfig) -> Terms:
    """Count the values and words whose rarity the config weighs."""
    weighed = {level.term_frequency for comparison in config.comparisons for level in comparison.levels}
    return Terms(
        values={name: value_terms(prepared.columns[name]) for name in sorted(filter(None, weighed))},
        words={name: count_words(prepared, name, config) for name in worded_fields(config)},
    )


def count_words(prepared: Prepared, name: str, config: MatchConfig, entities: NDArray[np.int64] | None = None) -> TermTable:
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
    column = prepared.columns[config.strata]
    place = {value: number + 1 for number, value in enumerate(config.strata_values)}
    numbers = np.array([place.get(value, 0) for value in column.strings] + [0], np.uint8)[column.codes]
    return np.where(numbers[left] == numbers[right], numbers[left], np.uint8(0))
