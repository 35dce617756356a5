"""Comparing few pairs: the same comparators, given what is known of texts met before, and only where there is something to compare."""

from collections.abc import Sequence
from itertools import compress
from typing import Final

from matching.core.comparators import COMPARATORS
from matching.core.declarations import Comparison
from matching.core.grades import Levels, Operands, Rows, equality, text_grades
from matching.core.met_columns import MetColumn, MetTable
from matching.core.terms import Terms

FEW_PAIRS: Final = 512
"""Pairs up to which it pays to look first at what there is to compare, and to grade texts of all fields in one go."""


def compare_few(levels: Levels, table: MetTable, rows: tuple[Rows, Rows], wanted: Sequence[tuple[int, Comparison]], terms: Terms) -> None:
    """Compare pairs of rows by some comparisons (with their columns in `levels`), in place."""
    one, other = (table.codes.take(side, axis=1) for side in rows)
    left, right = (frozenset(compress(table.field, (codes.max(axis=1, initial=-1) >= 0).tolist())) for codes in (one, other))
    # Where one side has none of the fields, no pair has a level.
    some = [
        (number, comparison, [table.field[name] for name in comparison.fields])
        for number, comparison in wanted
        if not (left.isdisjoint(comparison.fields) or right.isdisjoint(comparison.fields))
    ]
    equal = equality(one, other)
    texts = [comparison.fields[text] for _, comparison, _ in some for text in COMPARATORS[comparison.kind].texts]
    graded = _graded(table, texts, (one, other), equal) if texts else {}
    for number, comparison, fields in some:
        columns = tuple(table.column(field) for field in fields)
        # Fields that stand in a row are no copy.
        own = slice(fields[0], fields[-1] + 1) if fields[-1] - fields[0] == len(fields) - 1 else fields
        operands = Operands(columns, comparison.fields, one[own], other[own], terms, {}, graded, equal[own])
        levels[:, number] = COMPARATORS[comparison.kind].compare(operands)


def _graded(table: MetTable, texts: list[str], sides: tuple[Rows, Rows], equal: Levels) -> dict[str, Levels]:
    """Grade the texts of several fields in one go."""
    fields = [table.field[name] for name in texts]
    together = MetColumn.together([table.column(field) for field in fields])
    one, other = (side[fields].ravel() for side in sides)
    grades = text_grades(together, one, other, equal[fields].ravel())
    return dict(zip(texts, grades.reshape(len(texts), -1), strict=True))
