"""A match config: how one entity is matched, as data. `config` reads it, everything else only asks it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

KEY_LIMIT: Final = 200
"""Records that may share one blocking key; a key with more is common: it says too little to compare them all."""

VETO_OUTCOMES: Final[Mapping[str, int]] = {"possible_match": 1, "no_match": 0}
"""What a veto leaves of a pair, by its word in the config: the outcome's number."""


ASK, JOIN = "ask", "join"


@dataclass(frozen=True, slots=True)
class Field:
    """A match form made of attributes: `combine` says how several become one text (`first` known, `join`, `kind`).

    With `base` it is made of another field's values instead, one that is declared before.
    """

    name: str
    form: str
    of: tuple[str, ...]
    combine: str = "first"
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """One grade of a comparison, with the shipped probabilities that a pair has it.

    `m`: among records of one entity; `u`: among unrelated ones. Three kinds of relatives share much and are not one:
    `neighbour` (a household, firms at one address), `namesake` (others of one name, often in one town) and `branch`
    (sites of one company, companies of one group); None: as for unrelated records. `term_frequency` names the field whose rarity counts
    at this level. `words` says to a steward what the level means: `{label}` and `{labels}` stand for what is compared, one or several.
    """

    name: str
    m: float
    u: float
    neighbour: float | None
    namesake: float | None
    words: str
    term_frequency: str | None = None
    branch: float | None = None


def plural(noun: str) -> str:
    """Give the regular English plural: addresses, countries, names."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in {*"aeiou"} else f"{noun}s"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparator applied to fields. Level 0 means that a value is missing; `levels` are numbered from 1.

    `label` is what people call that which is compared ('registration number').
    """

    name: str
    kind: str
    fields: tuple[str, ...]
    levels: tuple[Level, ...]
    label: str

    def in_words(self, number: int) -> str:
        """Say what a level from 1 means: 'same registration number'."""
        return self.levels[number - 1].words.replace("{labels}", plural(self.label)).replace("{label}", self.label)

    def level_number(self, name: str) -> int:
        """Give the number of the level with this name (from 1)."""
        return [level.name for level in self.levels].index(name) + 1


@dataclass(frozen=True, slots=True)
class KeyPart:
    """A part of a blocking key: a field, or what `transform` makes of it."""

    field: str
    transform: str = "whole"
    size: int = 0


@dataclass(frozen=True, slots=True)
class BlockingRule:
    """Records that agree on all parts are compared. A rule that `refines` another serves only its common keys.

    What only rules that are not `locked` find is never merged without a person.
    """

    name: str
    parts: tuple[KeyPart, ...]
    refines: str | None = None
    locked: bool = True
    limit: int = KEY_LIMIT


@dataclass(frozen=True, slots=True)
class Veto:
    """A negative rule: a pair at one of these levels of a comparison is no MATCH, whatever else agrees.

    It does not hold where one of the comparisons in `unless` has one of the levels named there.
    """

    name: str
    comparison: str
    levels: tuple[int, ...]
    outcome: str
    words: str
    unless: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Match probabilities from which a pair is a MATCH, and from which a person should look at it."""

    auto: float
    review: float


@dataclass(frozen=True, slots=True)
class ClusterPolicy:
    """When clusters are cut: `weak_bridge` is the mean evidence, in bits per pair, that must hold two parts together.

    `published` says what a run does where golden records that are published are one, or one is several: it may `ask` a person, or
    `join` and part them as the evidence says. `one_per_source` names sources that have each entity once: two of their records are
    never joined by evidence.
    """

    weak_bridge: float = 0.0
    size_alarm: int = 200
    published: str = ASK
    one_per_source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prior:
    """How many partners of each kind a record is expected to have in the table before anything is learnt."""

    match: float = 0.4
    neighbour: float = 0.2
    namesake: float = 0.1
    branch: float = 0.05


@dataclass(frozen=True, slots=True)
class MatchConfig:
    """How one entity is matched; see `configs/`. Equal configs have equal documents.

    A table of at most `exhaustive_below` records is compared whole. No blocking rule gives more than
    `pairs_per_record` pairs per record of the table: its most common keys are set aside first. In a large
    table, pairs that one rule alone gives are left out where fewer than the share `least_yield` of them match.
    """

    entity: str
    version: int
    fields: tuple[Field, ...]
    comparisons: tuple[Comparison, ...]
    blocking: tuple[BlockingRule, ...]
    thresholds: Thresholds
    vetoes: tuple[Veto, ...] = ()
    strata: str | None = None
    strata_values: tuple[str, ...] = ()
    prior: Prior = Prior()
    exhaustive_below: int = 0
    pairs_per_record: float = 2.0
    least_yield: float = 0.0
    clusters: ClusterPolicy = ClusterPolicy()

    @property
    def auto_threshold(self) -> float:
        """The probability from which a pair is merged without asking."""
        return self.thresholds.auto

    @property
    def review_threshold(self) -> float:
        """The probability from which a steward is asked."""
        return self.thresholds.review

    def to_document(self) -> dict[str, Any]:
        """Give the config as plain data: `parse_config` of it is equal to this."""
        return {
            "entity": self.entity,
            "version": self.version,
            "thresholds": {"auto": self.thresholds.auto, "review": self.thresholds.review},
            "prior": asdict(self.prior),
            "strata": {"field": self.strata, "values": list(self.strata_values)} if self.strata else None,
            "fields": {field.name: _field_document(field) for field in self.fields},
            "comparisons": {c.name: _comparison_document(c) for c in self.comparisons},
            "blocking": {rule.name: _rule_document(rule) for rule in self.blocking},
            "vetoes": {veto.name: _veto_document(veto, self.comparisons) for veto in self.vetoes},
            "clusters": _clusters_document(self.clusters),
            "exhaustive_below": self.exhaustive_below,
            "pairs_per_record": self.pairs_per_record,
            "least_yield": self.least_yield,
        }


def _clusters_document(policy: ClusterPolicy) -> dict[str, Any]:
    document = asdict(policy) | {"one_per_source": list(policy.one_per_source)}
    # Configs that were stored before there was a choice stay the same documents.
    return {name: value for name, value in document.items() if (name, value) != ("published", ASK) and value != []}


def _field_document(field: Field) -> dict[str, Any]:
    if field.base:
        return {"form": field.form, "base": field.base}
    return {"form": field.form, "of": list(field.of), "combine": field.combine}


def _comparison_document(comparison: Comparison) -> dict[str, Any]:
    return {
        "kind": comparison.kind,
        "label": comparison.label,
        "fields": list(comparison.fields),
        "levels": {level.name: _level_document(level) for level in comparison.levels},
    }


def _level_document(level: Level) -> dict[str, Any]:
    return {name: value for name, value in asdict(level).items() if name != "name" and value is not None}


def _rule_document(rule: BlockingRule) -> dict[str, Any]:
    document: dict[str, Any] = {"parts": [part_text(part) for part in rule.parts]}
    if rule.refines:
        document["refines"] = rule.refines
    return document | {"locked": rule.locked, "limit": rule.limit}


def part_text(part: KeyPart) -> str:
    """Write a part as a config does: 'name prefix 4'."""
    if part.transform == "whole":
        return part.field
    return f"{part.field} {part.transform}" + (f" {part.size}" if part.size else "")


def _veto_document(veto: Veto, comparisons: tuple[Comparison, ...]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "comparison": veto.comparison,
        "levels": _level_names(veto.comparison, veto.levels, comparisons),
        "outcome": veto.outcome,
        "words": veto.words,
    }
    unless = {name: _level_names(name, levels, comparisons) for name, levels in veto.unless}
    return document | ({"unless": unless} if unless else {})


def _level_names(name: str, numbers: tuple[int, ...], comparisons: tuple[Comparison, ...]) -> list[str]:
    levels = next(comparison.levels for comparison in comparisons if comparison.name == name)
    return [levels[number - 1].name for number in numbers]
