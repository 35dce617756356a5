"""The registry of entity types: a table. A third entity type is one more row, its models and a migration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from golden_records.attributes import AttributeSpec, attributes_of
from golden_records.errors import UnknownEntity
from golden_records.models import (
    CustomerAttributes,
    CustomerRecord,
    GoldenCustomer,
    GoldenProject,
    GoldenRecord,
    ProjectAttributes,
    ProjectRecord,
    SourceRecord,
)
from golden_records.shielding import know


@dataclass(frozen=True, slots=True)
class EntityType:
    """One kind of master data: its tables and its data dictionary.

    `plural` is its name in the API's paths. Entity types are matched in the order of the registry, so that a golden
    customer is there as evidence when its projects are matched.
    """

    name: str
    plural: str
    golden: type[GoldenRecord]
    record: type[SourceRecord]
    attributes: tuple[AttributeSpec, ...]
    attribute_names: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """The names of the attributes in the order of the data dictionary."""

    def __post_init__(self) -> None:
        """Name the attributes once: they are asked for with every record."""
        object.__setattr__(self, "attribute_names", tuple(spec.name for spec in self.attributes))

    @property
    def records(self) -> Any:
        """The table of source records, to ask in terms of any entity type."""
        return self.record._default_manager

    @property
    def goldens(self) -> Any:
        """The table of golden records."""
        return self.golden._default_manager


_ALL = (
    EntityType(
        name="customer",
        plural="customers",
        golden=GoldenCustomer,
        record=CustomerRecord,
        attributes=attributes_of(CustomerAttributes),
    ),
    EntityType(
        name="project",
        plural="projects",
        golden=GoldenProject,
        record=ProjectRecord,
        attributes=attributes_of(ProjectAttributes),
    ),
)
ENTITIES: Mapping[str, EntityType] = MappingProxyType({entity.name: entity for entity in _ALL})


for _entity in _ALL:
    know(_entity.name, _entity.attributes)


def entity_type(name: str) -> EntityType:
    """Find an entity type by name; raises `UnknownEntity`, which lists the known ones."""
    try:
        return ENTITIES[name]
    except KeyError:
        known = ", ".join(ENTITIES)
        raise UnknownEntity(f"There is no entity type '{name}'.", remedy=f"Use one of: {known}.", entity=name) from None
