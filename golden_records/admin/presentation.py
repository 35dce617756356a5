"""Which attributes a list shows and a search looks at, as a table: a new entity type is one more row."""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _

from golden_records.attributes import Label
from golden_records.entities import ENTITIES, EntityType


@dataclass(frozen=True, slots=True)
class Presentation:
    """How an entity type looks in lists: `label` names it in a word, `columns` stand beside the name.

    A search looks inside the `searched` attributes, or in a great table at the beginning of the `indexed` ones.
    """

    label: Label
    columns: tuple[str, ...]
    searched: tuple[str, ...]
    indexed: tuple[str, ...]


_PRESENTATIONS: Final = {
    "customer": Presentation(
        label=_("customer"),
        columns=("kind", "registration_id", "city"),
        searched=("legal_name", "trade_name", "given_name", "family_name", "registration_id", "vat_id", "email", "city"),
        indexed=("legal_name", "family_name", "registration_id"),
    ),
    "project": Presentation(
        label=_("project"),
        columns=("code", "status", "start_date"),
        searched=("title", "code", "manager"),
        indexed=("title", "code"),
    ),
}


def presentation(entity: EntityType) -> Presentation:
    """How an entity type's lists look; one without a row of its own shows and searches its first attributes."""
    first = entity.attribute_names[:3]
    return _PRESENTATIONS.get(entity.name, Presentation(label=entity.name, columns=first, searched=first, indexed=()))


def entity_choices() -> list[tuple[str, Label]]:
    """Give the entity types to choose from in a form."""
    return [(name, presentation(entity).label) for name, entity in ENTITIES.items()]
