"""What the report on files needs of a template: counts, shares and records across."""

from collections.abc import Iterator

from django import template

from matching.files.showing import Beside, Cell

register = template.Library()
_SMALL = 0.001


@register.filter
def count(number: float) -> str:
    """A number of things: 12,345."""
    return f"{number:,.0f}"


@register.filter
def percent(share: float) -> str:
    """A share in per cent, with digits where it is near nothing or everything."""
    places = 1 if 0.01 <= share <= 0.99 or share in {0, 1} else 3  # noqa: PLR2004 - where one digit tells nothing
    return f"{100 * share:.{places}f} %"


@register.filter
def chance(probability: float) -> str:
    """A probability, however small."""
    return f"{probability:.3f}" if probability >= _SMALL else f"{probability:.1e}"


@register.filter
def by_record(records: Beside) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    """Turn records that stand beside each other: one after the other, with its cells."""
    return ((name, tuple(line.cells[place] for line in records.lines)) for place, name in enumerate(records.names))
