"""The survivorship rules in force: the documents of `golden_records/rules`, one per entity type, read once."""

from functools import cache
from pathlib import Path

import yaml

from golden_records.entities import EntityType, entity_type
from golden_records.survivorship.rules import SurvivorshipRules, parse_rules

_FOLDER = Path(__file__).parent / "rules"


def rules_of(entity: EntityType) -> SurvivorshipRules:
    """Give the survivorship rules of an entity type; raises `InvalidRules` with every mistake of the document."""
    return _read(entity.name)


@cache
def _read(name: str) -> SurvivorshipRules:
    document = yaml.safe_load((_FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    groups = {spec.name: spec.group for spec in entity_type(name).attributes}
    return parse_rules(document, entity=name, groups=groups)
