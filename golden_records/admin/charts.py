"""The geometry of the plots, in the units of their SVG; the templates only draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HEIGHT: Final = 100.0
_GROUP: Final = 10.0
_GAP: Final = 2.0


@dataclass(frozen=True, slots=True)
class Column:
    """One rectangle of a column chart; `series` counts from 0."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class Group:
    """The columns of one label, and the part of the x axis that is theirs."""

    label: str
    title: str
    left: float
    span: float
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class ColumnChart:
    """A column chart `width` by `HEIGHT`; `zero` is the y of the axis, `top` the greatest value."""

    width: float
    height: float
    zero: float
    top: float
    groups: tuple[Group, ...]


def column_chart(rows: Sequence[tuple[str, str, Sequence[float]]]) -> ColumnChart:
    """Lay out one group per row of (label, title, values); negative values hang below the axis."""
    values = [value for _, _, series in rows for value in series]
    top, bottom = max([0.0, *values]), min([0.0, *values])
    scale = HEIGHT / (top - bottom) if top > bottom else 0.0
    zero = top * scale if scale else HEIGHT
    groups = tuple(_group(index, row, zero=zero, scale=scale) for index, row in enumerate(rows))
    return ColumnChart(width=max(1, len(rows)) * _GROUP, height=HEIGHT, zero=zero, top=top, groups=groups)


def _group(index: int, row: tuple[str, str, Sequence[float]], *, zero: float, scale: float) -> Group:
    label, title, values = row
    width = (_GROUP - _GAP) / max(1, len(values))
    start = index * _GROUP + _GAP / 2
    columns = tuple(
        Column(
            x=start + number * width,
            y=zero - max(0.0, value) * scale,
            width=width * 0.92,
            height=abs(value) * scale,
            series=number,
        )
        for number, value in enumerate(values)
    )
    return Group(label=label, title=title, left=index * _GROUP, span=_GROUP, columns=columns)
