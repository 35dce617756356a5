"""The survivorship rules in force: those that people published last, else the documents of `golden_records/rules`."""

import time
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import yaml

from golden_records.attributes import ValueKind
from golden_records.entities import EntityType, entity_type
from golden_records.models import SurvivorshipVersion
from golden_records.survivorship.reading import InvalidRules, parse_rules
from golden_records.survivorship.rules import Reads, SurvivorshipRules

_FOLDER: Final = Path(__file__).parent / "rules"
_KEPT: Final = 64

_BELIEVED_SECONDS: Final = 5.0

# What the rules that this process met last must know of records: only a guess of what the next ones do.
_guesses: dict[str, frozenset[Reads]] = {}
_met: dict[str, float] = {}


def rules_of(entity: EntityType) -> SurvivorshipRules:
    """Give the survivorship rules in force; raises `InvalidRules` with every mistake of the document. One statement."""
    return rules_under(entity, in_force(entity).values_list("id", flat=True).first())


def rules_under(entity: EntityType, version_id: UUID | None) -> SurvivorshipRules:
    """Give the rules of a version by its id, the shipped ones for None; read once."""
    rules = _stored(entity.name, version_id) if version_id is not None else _shipped(entity.name)
    _guesses[entity.name], _met[entity.name] = rules.reads, time.monotonic()
    return rules


def in_force(entity: EntityType) -> Any:
    """Ask for the version in force alone: a query, for others to be made of."""
    return SurvivorshipVersion.objects.filter(entity=entity.name).order_by("-number")


def reads_guess(entity: EntityType) -> frozenset[Reads]:
    """Guess what the rules in force must know of records beside their values, without asking the database."""
    return _guesses.get(entity.name, frozenset())


def reads_in_force(entity: EntityType) -> frozenset[Reads]:
    """Give what the rules in force must know of records beside their values, as of a few seconds ago at most.

    Who changes golden records meets the rules anyway: where that was lately, the database is not asked.
    """
    if time.monotonic() - _met.get(entity.name, -_BELIEVED_SECONDS) >= _BELIEVED_SECONDS:
        rules_of(entity)
    return reads_guess(entity)


def forget() -> None:
    """Forget which rules this process met."""
    _guesses.clear()
    _met.clear()


def shipped_document(entity: EntityType) -> str:
    """Give the rules that the product ships, as they are written."""
    return (_FOLDER / f"{entity.name}.yml").read_text(encoding="utf-8")


def read_document(entity: EntityType, text: str) -> SurvivorshipRules:
    """Read rules as a person wrote them; raises `InvalidRules` with every mistake."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise InvalidRules(f"This is no YAML: {told}", remedy="Correct the document.", problems=[f"This is no YAML: {told}"]) from None
    groups = {spec.name: spec.group for spec in entity.attributes}
    # A reference stands for one thing, and a choice for one of a list.
    single = (spec for spec in entity.attributes if spec.group is None and not spec.choices and spec.refers_to is None)
    unions = {spec.name: spec.max_length for spec in single if spec.value_kind is ValueKind.TEXT and spec.max_length is not None}
    return parse_rules(document, entity=entity.name, groups=groups, unions=unions)


@lru_cache(maxsize=_KEPT)
def _shipped(name: str) -> SurvivorshipRules:
    entity = entity_type(name)
    return read_document(entity, shipped_document(entity))


@lru_cache(maxsize=_KEPT)
def _stored(name: str, version_id: UUID) -> SurvivorshipRules:
    return read_document(entity_type(name), SurvivorshipVersion.objects.values_list("document", flat=True).get(pk=version_id))
