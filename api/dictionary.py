"""The data dictionary at the API's door: how an entity type's attributes are declared in the schema, read and written."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.problems import FieldError, first_errors, pointer
from golden_records.attributes import AttributeSpec, ValueKind
from golden_records.entities import EntityType

AnySerializer = serializers.Serializer[Any]
AnyField = serializers.Field[Any, Any, Any, Any]

DIGITS: Final = 20


@extend_schema_field({"type": ["string", "number", "null"], "description": "An exact number; as a string no reader rounds it."})
class SentNumber(serializers.Field):  # type: ignore[type-arg]  # generic in the stubs only
    """A number as a client may send it: JSON's own, or a string."""


def component_name(entity: EntityType) -> str:
    """Name the entity type as the schema's components do."""
    return "".join(part.title() for part in entity.name.split("_"))


@cache
def sent_attributes(entity: EntityType) -> type[AnySerializer]:
    """Declare the attributes of an entity type as a client sends them."""
    fields = {spec.name: _sent(spec) for spec in entity.attributes}
    return serializer(f"{component_name(entity)}AttributesSent", **fields)


@cache
def given_attributes(entity: EntityType) -> type[AnySerializer]:
    """Declare the attributes of an entity type as the API gives them: every one, null where nothing is known."""
    fields = {spec.name: field_of(spec) for spec in entity.attributes}
    return serializer(f"{component_name(entity)}Attributes", **fields)


def field_of(spec: AttributeSpec) -> AnyField:
    """Declare one attribute as the API gives it."""
    told: dict[str, Any] = {"allow_null": True, "help_text": str(spec.label)}
    if spec.value_kind is ValueKind.DECIMAL:
        return serializers.DecimalField(max_digits=DIGITS, decimal_places=2, coerce_to_string=True, **told)
    if spec.value_kind is ValueKind.DATE:
        return serializers.DateField(**told)
    if spec.choices:
        return serializers.ChoiceField(choices=spec.choices, **told)
    return serializers.CharField(max_length=spec.max_length, **told)


def serializer(name: str, meaning: str = "", /, **fields: AnyField) -> type[AnySerializer]:
    """Declare a component of the schema.

    A function, because a component may differ from entity type to entity type, and because a member may be named like one of
    the serializer's own attributes ("source", "errors").
    """
    return cast("type[AnySerializer]", type(name, (serializers.Serializer,), {"__doc__": meaning, **fields}))


def attributes_of(record: Any, entity: EntityType) -> dict[str, object]:
    """Give the attributes of a source record or golden record."""
    return {name: getattr(record, name) for name in entity.attribute_names}


def unfit_attributes(entity: EntityType, sent: Mapping[str, Any]) -> list[FieldError]:
    """List what is no attribute of the data dictionary, and what is no single value.

    Whether a value is a good one is not asked here: that is the domain's word.
    """
    specs = {spec.name: spec for spec in entity.attributes}
    found = (_unfit(specs.get(name), name, value, specs) for name, value in sent.items())
    return first_errors(error for error in found if error is not None)


def did_you_mean(name: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """Suggest the nearest known name, or list them all."""
    near = get_close_matches(name, list(known), n=1)
    return f"Did you mean '{near[0]}'?" if near else f"Known names: {', '.join(known)}."


def _unfit(spec: AttributeSpec | None, name: str, value: Any, specs: Mapping[str, AttributeSpec]) -> FieldError | None:
    where = pointer("attributes", name)
    if spec is None:
        detail = "The data dictionary has no such attribute."
        return FieldError(where, "unknown_attribute", detail, did_you_mean(name[:100], specs), value)
    if value is None or isinstance(value, str):
        return None
    if spec.value_kind is ValueKind.DECIMAL and not isinstance(value, bool | dict | list):
        return None
    expected = "a number" if spec.value_kind is ValueKind.DECIMAL else "a string"
    # 0042 sent as a number has lost its zeros before anybody could see them.
    return FieldError(where, "wrong_type", f"The value is not {expected}.", f"Send {expected}, or null.", value)


def _sent(spec: AttributeSpec) -> AnyField:
    if spec.value_kind is ValueKind.DECIMAL:
        return SentNumber(required=False, allow_null=True, help_text=str(spec.label))
    return serializers.CharField(required=False, allow_null=True, allow_blank=True, help_text=str(spec.label))
