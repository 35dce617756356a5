"""How an attribute of the data dictionary is declared: one line gives the column and what the product must know of it.

The abstract models `CustomerAttributes` and `ProjectAttributes` are the data dictionary. Each of their fields is made
by `text`, `choice`, `date` or `number` below, which hang an `AttributeSpec` on the field; `attributes_of` reads them
back. Mapping, standardising, survivorship, the API and the admin all go through these specs, so that an attribute is
declared once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import models

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Label: TypeAlias = "str | _StrPromise"


class ValueKind(StrEnum):
    """What a stored value is in Python."""

    TEXT = "text"
    DATE = "date"
    DECIMAL = "decimal"


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """What the product knows of one attribute.

    `standardiser` names the function of `golden_records.standardising` that cleans it at import; `personal` marks
    personal data; attributes of one `group` survive together from one record; `refers_to` names the entity type whose
    source id the value is; `bounds` are the least and greatest number allowed.
    """

    name: str
    label: Label
    value_kind: ValueKind
    standardiser: str
    personal: bool = False
    group: str | None = None
    required: bool = False
    refers_to: str | None = None
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    bounds: tuple[Decimal | None, Decimal | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Traits:
    """The optional properties of an attribute, as `AttributeSpec` has them."""

    personal: bool = False
    group: str | None = None
    required: bool = False
    refers_to: str | None = None
    bounds: tuple[Decimal | None, Decimal | None] = (None, None)


PLAIN = Traits()
PERSONAL = Traits(personal=True)


def text(
    label: Label, *, standardiser: str = "text", max_length: int = 300, traits: Traits = PLAIN
) -> "models.CharField[str | None, str | None]":
    """Declare a text; missing is NULL, never an empty string, since missing has a meaning of its own in matching."""
    column: models.CharField[str | None, str | None] = models.CharField(label, max_length=max_length, null=True, blank=True)
    _declare(column, standardiser, ValueKind.TEXT, traits)
    return column


def choice(
    label: Label, *, choices: Sequence[tuple[str, Label]], standardiser: str, traits: Traits = PLAIN
) -> "models.CharField[str | None, str | None]":
    """Declare a value of a closed list."""
    column: models.CharField[str | None, str | None] = models.CharField(label, max_length=20, choices=list(choices), null=True, blank=True)
    _declare(column, standardiser, ValueKind.TEXT, traits)
    return column


def date(label: Label, *, traits: Traits = PLAIN) -> "models.DateField[Any, Any]":
    """Declare a calendar date."""
    column: models.DateField[Any, Any] = models.DateField(label, null=True, blank=True)
    _declare(column, "date", ValueKind.DATE, traits)
    return column


def number(label: Label, *, digits: int = 14, decimals: int = 2, traits: Traits = PLAIN) -> "models.DecimalField[Any, Any]":
    """Declare an exact decimal number."""
    column: models.DecimalField[Any, Any] = models.DecimalField(label, max_digits=digits, decimal_places=decimals, null=True, blank=True)
    _declare(column, "decimal", ValueKind.DECIMAL, traits)
    return column


def attributes_of(model: type[models.Model]) -> tuple[AttributeSpec, ...]:
    """List the attributes that a model declares, in the order of declaration."""
    return tuple(_spec(field) for field in model._meta.get_fields() if isinstance(field, models.Field) and _DECLARED in vars(field))


_DECLARED = "mdm_attribute"


def _declare(field: "models.Field[Any, Any]", standardiser: str, value_kind: ValueKind, traits: Traits) -> None:
    # Fields of abstract models are copied with their __dict__, so what hangs on the field reaches every model.
    setattr(field, _DECLARED, (standardiser, value_kind, traits))


def _spec(field: "models.Field[Any, Any]") -> AttributeSpec:
    standardiser, value_kind, traits = getattr(field, _DECLARED)
    return AttributeSpec(
        name=field.name,
        label=field.verbose_name,
        value_kind=value_kind,
        standardiser=standardiser,
        personal=traits.personal,
        group=traits.group,
        required=traits.required,
        refers_to=traits.refers_to,
        max_length=field.max_length,
        choices=tuple(str(value) for value, _ in field.flatchoices),
        bounds=traits.bounds,
    )
