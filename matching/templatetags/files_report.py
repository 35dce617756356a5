"""What the report on files needs of a template: counts, shares and records across."""

from collections.abc import Iterator

from django import template

from matching.files.showing import Beside, Cell

register = template.Library()
_SMALL, _TINY = 0.001, 0.00001


@register.filter
def count(number: float) -> str:
    """A number of things: 12,345."""
    return f"{number:,.0f}"


@register.filter
def percent(share: float) -> str:
    """A share in per cent, with digits where it is near nothing or everything, and never rounded to either."""
    if _SMALL <= share <= 1 - _SMALL or share in {0, 1}:
        return f"{100 * share:.1f} %"
    if share < _TINY:
        return f"under {100 * _TINY:g} %"
    return f"over {100 * (1 - _TINY):g} %" if share > 1 - _TINY else f"{100 * share:.3f} %"


@register.filter
def chance(probability: float) -> str:
    """A probability, however small."""
    return f"{probability:.3f}" if probability >= _SMALL else f"{probability:.1e}"


@register.filter
def by_record(records: Beside) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    """Turn records that stand beside each other: one after the other, with its cells."""
    return ((name, tuple(line.cells[place] for line in records.lines)) for place, name in enumerate(records.names))
