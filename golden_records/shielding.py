"""Hiding, at the moment of loading, what the person who looks at a page may not see: on every page, without a page knowing of it.

A model that holds values of golden or source records is `Shielded` and says how (`shielded_as`); its history is too. What is loaded as
bare rows (`values`, `values_list`) is not: a page that shows such rows veils them by `viewing.shown`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Final, Self

from django.core.exceptions import ImproperlyConfigured
from django.db import models

from golden_records import viewing
from golden_records.attributes import AttributeSpec, attributes_of
from golden_records.viewing import Viewer, hidden, mark, marked_leaves, shown

Row = dict[str, Any]
_EMPTY: Final = (None, "")
_ENTITY_OF_FACTS: Final = "project"


class MaskedRow(Exception):
    """A row that was loaded for somebody to look at is about to be saved: what it holds may not be what is so."""


class Shielded(models.Model):
    """Base of a model whose rows are shielded while somebody looks. `shielded_as` is one of `SHIELDS`, or empty: nothing to hide."""

    shielded_as: ClassVar[str] = ""
    is_shielded = False

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row; raises `MaskedRow` for one that was loaded to be looked at."""
        if self.is_shielded:
            raise MaskedRow(f"{self._meta.label} {self.pk} was loaded to be looked at and can't be saved.")
        super().save(*args, **kwargs)

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any, **more: Any) -> Self:
        """Load a row, as whoever looks may see it."""
        seen_by = viewing.looking()
        if seen_by is None:
            return super().from_db(db, field_names, values, **more)
        shield = _shield_of(cls)
        if shield is None:
            return super().from_db(db, field_names, values, **more)
        # A deferred column has no value: Django leaves it out of `field_names` and of `values` alike.
        row = dict(zip(field_names, values, strict=True))
        shield(cls, row, seen_by)
        found = super().from_db(db, field_names, [row[name] for name in field_names], **more)
        found.is_shielded = True
        return found


def _golden(model: type[models.Model], row: Row, seen_by: Viewer) -> None:
    lineage: Mapping[str, Any] = row.get("lineage") or {}
    for spec, entity in _attributes(model):
        value = row.get(spec.name)
        if value in _EMPTY:
            continue
        # Where the lineage was not loaded, nobody knows whose word it is.
        row[spec.name] = shown(value, spec, entity, seen_by) if seen_by.sees_origin(lineage.get(spec.name)) else hidden()


def _record(model: type[models.Model], row: Row, seen_by: Viewer) -> None:
    is_seen = seen_by.sources is None or row.get("source_id") in seen_by.source_ids
    entity = ""
    for spec, entity in _attributes(model):
        if row.get(spec.name) not in _EMPTY:
            row[spec.name] = shown(row[spec.name], spec, entity, seen_by) if is_seen else hidden()
    if not is_seen or not seen_by.sees_entity(entity):
        _put(row, external_id=hidden(), payload={}, problems=[])
    elif entity in seen_by.masked:
        _put(row, payload=marked_leaves(row.get("payload"), seen_by), problems=_problems(row.get("problems"), seen_by))


def _quarantined(model: type[models.Model], row: Row, seen_by: Viewer) -> None:
    del model
    entity = row.get("entity", "")
    entity = entity if entity in _PERSONAL_NAMES else _ENTITY_OF_FACTS
    is_seen = seen_by.sources is None or row.get("source_id") in seen_by.source_ids
    if not is_seen or not seen_by.sees_entity(entity):
        _put(row, external_id=hidden(), payload={}, problems=[])
    elif entity in seen_by.masked:
        _put(row, payload=marked_leaves(row.get("payload"), seen_by), problems=_problems(row.get("problems"), seen_by))


def _override(model: type[models.Model], row: Row, seen_by: Viewer) -> None:
    del model
    entity = row.get("entity", "")
    if not seen_by.sees_entity(entity):
        _put(row, values=None, watched_values=None)
        return
    for name in ("values", "watched_values"):
        held = row.get(name)
        if isinstance(held, dict):
            row[name] = {each: _of_name(entity, each, value, seen_by) for each, value in held.items()}
    # What a record said that is watched is the word of a source.
    if seen_by.sources is not None and row.get("watched_values"):
        row["watched_values"] = {each: hidden() for each in row["watched_values"]}


def _event(model: type[models.Model], row: Row, seen_by: Viewer) -> None:
    """An event keeps no lineage: to somebody who does not see all sources, it tells no values."""
    del model
    entity, names = row.get("entity", ""), row.get("attributes") or ()
    if row.get("type") != "reparented":
        for column in ("before", "after"):
            if row.get(column) is not None:
                row[column] = [_of_event(entity, *pair, seen_by) for pair in zip(names, row[column], strict=True)]
    if not seen_by.sees_entity(entity) or not seen_by.sees_source(row.get("source")):
        _put(row, external_id=hidden())


def _of_event(entity: str, name: str, value: Any, seen_by: Viewer) -> Any:
    if seen_by.sources is not None and value not in _EMPTY:
        return hidden()
    return _of_name(entity, name, value, seen_by)


def _of_name(entity: str, name: str, value: Any, seen_by: Viewer) -> Any:
    if value in _EMPTY:
        return value
    if not seen_by.sees_entity(entity):
        return hidden()
    is_personal = name in _PERSONAL_NAMES.get(entity, frozenset())
    return mark(value, seen_by) if is_personal and entity in seen_by.masked else value


def _problems(problems: Any, seen_by: Viewer) -> Any:
    """Words about a value may quote it."""
    if not isinstance(problems, list):
        return problems
    return [_problem(each, seen_by) if isinstance(each, dict) else each for each in problems]


def _problem(problem: Mapping[str, Any], seen_by: Viewer) -> dict[str, Any]:
    value = str(problem.get("value") or "")
    if not value:
        return dict(problem)
    veiled = mark(value, seen_by)
    quoting = {name: str(problem[name]).replace(value, veiled) for name in ("reason", "remedy") if name in problem}
    return {**problem, **quoting, "value": veiled}


def _put(row: Row, **values: Any) -> None:
    """Replace what was loaded; what was not stays away."""
    row.update({name: value for name, value in values.items() if name in row})


Shield = Callable[[type[models.Model], Row, Viewer], None]
SHIELDS: Final[Mapping[str, Shield]] = {
    "golden": _golden,
    "record": _record,
    "quarantined": _quarantined,
    "override": _override,
    "event": _event,
}
_PERSONAL_NAMES: Final[dict[str, frozenset[str]]] = {}


def know(entity: str, attributes: Sequence[AttributeSpec]) -> None:
    """Learn which attributes of an entity type are personal: told by the registry of entity types."""
    _PERSONAL_NAMES[entity] = frozenset(spec.name for spec in attributes if spec.personal)


@cache
def _shield_of(model: type[models.Model]) -> Shield | None:
    # An entry of history is shielded as what it is the history of.
    name = getattr(getattr(model, "instance_type", model), "shielded_as", "")
    if name and name not in SHIELDS:
        raise ImproperlyConfigured(f"{model._meta.label} is shielded as '{name}', which is none of {', '.join(SHIELDS)}.")
    return SHIELDS.get(name)


@cache
def _attributes(model: type[models.Model]) -> tuple[tuple[AttributeSpec, str], ...]:
    entity = getattr(getattr(model, "instance_type", model), "entity_name", "")
    return tuple((spec, entity) for spec in attributes_of(model))
