"""What becomes of a golden record when what one of its records says has changed: pure rules, told in words in `docs/evidence.md`."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.core.components import components
from matching.core.decide import Outcome


@dataclass(frozen=True, slots=True)
class Grid:
    """What every record of a golden record says of every other: square, symmetric, in the order of `ids`.

    `by_hand` are the rows that a person put there or called the same as another one; `ties` are pairs of rows that a person brought
    together, which no evidence takes apart.
    """

    ids: Sequence[int]
    outcome: NDArray[np.int8]
    weight: NDArray[np.float64]
    vetoed: NDArray[np.bool_]
    by_hand: frozenset[int] = frozenset()
    ties: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Former:
    """Rows that the changed record matched before, and rows against which no veto spoke then, although much spoke for them."""

    matched: frozenset[int] = frozenset()
    unvetoed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """What follows, in rows: the parts that leave, each to a golden record of its own, and the pairs to ask a person about."""

    leaving: tuple[frozenset[int], ...] = ()
    doubts: tuple[tuple[int, int], ...] = ()


def reconsider(grid: Grid, changed: int, former: Former) -> Reconsidered:
    """Decide for the golden record of a changed row. Depends on nothing else, not on the order of the rows either.

    1. A veto that is new, against a record that the engine put there, takes the changed record out, with what people tied it to;
       where people tied it to the golden record itself, they are asked instead.
    2. What is left falls into parts along matches and ties. The part that people put together, then the largest, then the one with
       the oldest record stays. Another part is looked at if it holds the changed record or a record that it matched before.
    3. A part that might match what stays, without a veto between them, stays, and a person is asked about the strongest such pair.
    4. Any other part leaves.
    """
    units = _parts(len(grid.ids), grid.ties)
    unit = frozenset(_rows_of(units, units[changed]))
    against = [row for row in former.unvetoed if grid.vetoed[changed, row] and row not in unit]
    doubts: list[tuple[int, int]] = []
    leaving: list[frozenset[int]] = []
    if against and changed not in grid.by_hand and not set(against) <= grid.by_hand:
        leaving.append(unit)
    elif against:
        doubts.append((changed, max(against, key=lambda row: (grid.weight[changed, row], -grid.ids[row]))))
    staying = [row for row in range(len(grid.ids)) if not any(row in part for part in leaving)]
    parts = _split(grid, staying)
    for part in parts[1:]:
        if changed not in part and not part & former.matched:
            continue
        rest = [row for row in staying if row not in part]
        doubt = _doubt(grid, part, rest, excused=changed in part)
        if doubt is not None:
            doubts.append(doubt)
        else:
            leaving.append(part)
            staying = rest
    # A pair that came apart is no longer a doubt.
    home = {row: number for number, part in enumerate(leaving) for row in part}
    return Reconsidered(tuple(leaving), tuple((one, other) for one, other in doubts if home.get(one) == home.get(other)))


def _split(grid: Grid, rows: Sequence[int]) -> list[frozenset[int]]:
    """Give the parts of some rows along matches and ties, the one that stays first."""
    kept = np.zeros(len(grid.ids), np.bool_)
    kept[list(rows)] = True
    one, other = np.nonzero(np.triu((grid.outcome == Outcome.MATCH) & kept[:, None] & kept, 1))
    ties = [(left, right) for left, right in grid.ties if kept[left] and kept[right]]
    labels = _parts(len(grid.ids), [*zip(one.tolist(), other.tolist(), strict=True), *ties])
    found = [frozenset(_rows_of(labels, label)) for label in {labels[row] for row in rows}]
    return sorted(found, key=lambda part: (not part & grid.by_hand, -len(part), min(grid.ids[row] for row in part)))


def _doubt(grid: Grid, part: Collection[int], rest: Sequence[int], *, excused: bool) -> tuple[int, int] | None:
    """Give the strongest pair that might match; none where a veto speaks. Old vetoes against the changed record's part are excused."""
    pairs = [(one, other) for one in part for other in rest]
    if not excused and any(grid.vetoed[pair] for pair in pairs):
        return None
    likely = [pair for pair in pairs if grid.outcome[pair] == Outcome.POSSIBLE_MATCH and not grid.vetoed[pair]]
    return max(likely, key=lambda pair: (grid.weight[pair], -grid.ids[pair[0]], -grid.ids[pair[1]]), default=None)


def _parts(size: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    ends = np.array([*pairs], np.int32).reshape(-1, 2)
    return components(size, ends[:, 0], ends[:, 1]).tolist()  # type: ignore[no-any-return]


def _rows_of(labels: Sequence[int], label: int) -> list[int]:
    return [row for row, own in enumerate(labels) if own == label]
