"""Finding golden and source records by name, id or cross-reference, at a bounded cost."""

import operator
import uuid
from collections.abc import Sequence
from functools import reduce
from typing import Any, Final

from django.db import connection
from django.db.models import Model, Q, QuerySet

from golden_records import limits, viewing
from golden_records.admin.presentation import Presentation

SMALL_TABLE: Final = 100_000
"""Up to here a search may look inside every value; beyond, it goes by the beginning of the indexed ones."""

FOUND: Final = 500

_LAST: Final = {"sqlite": "\U0010ffff"}
_LAST_ELSEWHERE: Final = "zzzz"


def found_by(queryset: QuerySet[Any], presentation: Presentation, term: str, *, also: Sequence[Q]) -> QuerySet[Any]:
    """Narrow `queryset` to what `term` may mean: an id, what one of `also` says, or words of the searched attributes.

    In a table of at most `SMALL_TABLE` rows every word must be somewhere in the searched attributes. In a greater one the
    whole term must begin one of the indexed attributes, as typed, in capitals or capitalised, and no more than `FOUND`
    rows are found by each. Somebody from whom values are kept finds nothing by them.
    """
    seen_by = viewing.viewer()
    as_id = _as_uuid(term)
    if as_id is not None:
        by_key = [Q(pk=as_id)] if _has_uuid_key(queryset.model) else []
        return queryset.filter(reduce(operator.or_, [*by_key, *also]))
    if seen_by is not None:
        return queryset.filter(reduce(operator.or_, [Q(pk__in=_found_in_what_is_seen(queryset, presentation, term)), *also]))
    if is_small(queryset.model):
        return queryset.filter(reduce(operator.or_, [_anywhere(presentation, term), *also]))
    # The ids first, each by its own index: in one statement with the order of the list, a database reads the whole table.
    asked = [*also, *_beginning(presentation, term)]
    rows: QuerySet[Any] = queryset.model._default_manager.order_by()
    return queryset.filter(pk__in={key for each in asked for key in rows.filter(each).values_list("pk", flat=True)[:FOUND]})


def _found_in_what_is_seen(queryset: QuerySet[Any], presentation: Presentation, term: str) -> list[Any]:
    """Find by values as they are shown to whoever asks: what is kept from them finds nothing, or a search would tell it."""
    model = queryset.model
    asked = [_anywhere(presentation, term)] if is_small(model) else _beginning(presentation, term)
    rows: QuerySet[Any] = limits.within(model._default_manager.order_by())
    words = [word.casefold() for word in term.split()]
    with viewing.as_looked_at():
        found = {row.pk: row for each in asked for row in rows.filter(each)[:FOUND]}
    return [key for key, row in found.items() if _says(row, presentation.searched, words)]


def _says(row: Any, names: Sequence[str], words: Sequence[str]) -> bool:
    held = [getattr(row, name) for name in names]
    texts = [str(value).casefold() for value in held if value is not None and not isinstance(value, viewing.Masked)]
    return all(any(word in text for text in texts) for word in words)


def _as_uuid(term: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(term)
    except ValueError:
        return None


def _has_uuid_key(model: type[Model]) -> bool:
    return model._meta.pk.get_internal_type() == "UUIDField"


def is_small(model: type[Model]) -> bool:
    """Whether a table has so few rows that a search may read all of them."""
    rows: QuerySet[Any] = model._default_manager.order_by()
    return rows[: SMALL_TABLE + 1].count() <= SMALL_TABLE


def _anywhere(presentation: Presentation, term: str) -> Q:
    def somewhere(word: str) -> Q:
        # SQLite knows upper and lower case of ASCII letters alone: for other words they are spelled out.
        spellings = {word} if word.isascii() else {word, word.upper(), word.lower(), word.capitalize()}
        return reduce(
            operator.or_, (Q(**{f"{name}__icontains": spelling}) for name in presentation.searched for spelling in sorted(spellings))
        )

    return reduce(operator.and_, (somewhere(word) for word in term.split()))


def _beginning(presentation: Presentation, term: str) -> list[Q]:
    # Ranges, not LIKE: an index of either database serves them, whatever its collation or the case of LIKE.
    last = _LAST.get(connection.vendor, _LAST_ELSEWHERE)
    spellings = sorted({term, term.upper(), term.capitalize(), term.title()})
    return [
        reduce(operator.or_, (Q(**{f"{name}__gte": spelling, f"{name}__lt": spelling + last}) for spelling in spellings))
        for name in presentation.indexed
    ]
