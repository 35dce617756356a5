"""Names in lists whose rows know golden and source records by their numbers alone: all names of a page in two statements at most."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from golden_records import limits
from golden_records.admin import cells
from golden_records.entities import ENTITIES

Keys = Callable[[Any], tuple[Any, ...]]


def golden_names(rows: Iterable[Any], keys: Keys) -> Mapping[Any, str]:
    """Name the golden records that rows mention, by canonical id, as far as the person may see them; `keys` gives those of a row."""
    found: dict[Any, str] = {}
    for name, ids in _by_entity(rows, keys).items():
        goldens = limits.within(ENTITIES[name].golden._default_manager.filter(pk__in=ids)).defer("lineage")
        found |= {golden.pk: str(golden) for golden in goldens}
    return found


def record_names(rows: Iterable[Any], keys: Keys) -> Mapping[Any, str]:
    """Name the source records that rows mention, by number, as `golden_names` names golden records."""
    found: dict[Any, str] = {}
    for name, ids in _by_entity(rows, keys).items():
        records = limits.within(ENTITIES[name].record._default_manager.filter(pk__in=ids))
        found |= {pk: f"{source} {external_id}" for pk, source, external_id in records.values_list("pk", "source__code", "external_id")}
    return found


def hang_names(rows: Iterable[Any], keys: Keys, named: Callable[[Iterable[Any], Keys], Mapping[Any, str]] = golden_names) -> None:
    """Hang on each row, as `names`, the names of what `keys` gives of it; its number where who asks may not see it."""
    names = named(rows, keys)
    for row in rows:
        row.names = tuple(names.get(key, str(key)) for key in keys(row))


def pair(one: object, sign: str, other: object) -> SafeString:
    """Two names with a sign between them."""
    return format_html(
        '<span class="mdm-question"><bdi>{}</bdi> <span class="mdm-quiet">{}</span> <bdi>{}</bdi></span>',
        cells.shown(one),
        sign,
        cells.shown(other),
    )


def _by_entity(rows: Iterable[Any], keys: Keys) -> dict[str, set[Any]]:
    wanted: dict[str, set[Any]] = {}
    for row in rows:
        wanted.setdefault(row.entity, set()).update(keys(row))
    return wanted
