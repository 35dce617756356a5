"""Reading match configs: every error at once, each saying where it is and what is allowed."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import yaml

from golden_records.errors import MdmError
from matching.core.comparators import COMPARATORS
from matching.core.declarations import (
    ASK,
    JOIN,
    KEY_LIMIT,
    VETO_OUTCOMES,
    BlockingRule,
    ClusterPolicy,
    Comparison,
    Field,
    KeyPart,
    Level,
    MatchConfig,
    Prior,
    Thresholds,
    Veto,
)
from matching.core.forms import FORMS
from matching.core.keys import TRANSFORM_NAMES
from matching.core.prepare import COMBINERS

_SECTIONS: Final = frozenset(
    {
        *("entity", "version", "thresholds", "prior", "strata", "fields", "comparisons", "blocking", "vetoes"),
        *("clusters", "exhaustive_below", "pairs_per_record", "least_yield"),
    }
)
_RETIRED: Final = frozenset({"lone_pairs"})
"""Settings that stored configs may have and that say nothing any more."""
_SMALL_SECTIONS: Final[Mapping[str, Collection[str]]] = {
    "prior": tuple(asdict(Prior())), "strata": ("field", "values"), "clusters": tuple(asdict(ClusterPolicy())),
}  # fmt: skip
_CHANCES: Final = ("m", "u", "neighbour", "namesake", "branch")
_RULES_AT_MOST: Final = 32


__all__ = ["ConfigErrors", "MatchConfig", "load_config", "parse_config"]


class ConfigErrors(MdmError):
    """A match config is wrong; `messages` has every reason."""

    code = "match_config_invalid"
    title = "The match config is not valid"

    def __init__(self, messages: list[str]) -> None:
        """Keep all messages."""
        super().__init__("\n".join(messages), remedy="Correct the match config.", messages=messages)
        self.messages = messages


def load_config(path: str | Path) -> MatchConfig:
    """Read a match config from a YAML file; raises `ConfigErrors`."""
    document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    if not isinstance(document, Mapping):
        raise ConfigErrors([f"{path}: the file must hold a mapping of sections"])
    return parse_config(document)


def parse_config(document: Mapping[str, Any]) -> MatchConfig:
    """Read a match config out of plain data; raises `ConfigErrors` with every error there is, not the first only."""
    reader = _Reader()
    config = reader.config(document)
    if reader.errors:
        raise ConfigErrors(reader.errors)
    return config


class _Reader:
    """Reads the sections and collects what is wrong on the way."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def config(self, document: Mapping[str, Any]) -> MatchConfig:
        for name in sorted(set(document) - _SECTIONS - _RETIRED):
            self.errors.append(f"{name}: unknown section; known are {', '.join(sorted(_SECTIONS))}")
        fields = self.fields(self.section(document, "fields"))
        names = {field.name for field in fields}
        comparisons = tuple(self.comparison(name, body, names) for name, body in self.section(document, "comparisons").items())
        prior, strata, clusters = (self.body(name, document.get(name) or {}, keys) for name, keys in _SMALL_SECTIONS.items())
        return MatchConfig(
            entity=self.text("entity", document.get("entity") or self.missing("entity")),
            version=int(self.number("version", document.get("version"), 1, 1e9)),
            fields=fields,
            comparisons=comparisons,
            blocking=self.blocking(self.section(document, "blocking", required=False), names),
            thresholds=self.thresholds(self.section(document, "thresholds")),
            vetoes=tuple(self.veto(name, body, comparisons) for name, body in self.section(document, "vetoes", required=False).items()),
            strata=self.one_of("strata.field", strata.get("field"), names) if strata else None,
            strata_values=self.texts("strata.values", strata.get("values", [])),
            prior=self.prior(prior),
            exhaustive_below=int(self.number("exhaustive_below", document.get("exhaustive_below", 0), 0, 1e5)),
            pairs_per_record=self.number("pairs_per_record", document.get("pairs_per_record", 2.0), 0.01, 1e6),
            least_yield=self.number("least_yield", document.get("least_yield", 0.0), 0, 1),
            clusters=ClusterPolicy(
                self.number("clusters.weak_bridge", clusters.get("weak_bridge", 0.0), -60, 60),
                int(self.number("clusters.size_alarm", clusters.get("size_alarm", 200), 2, 1e9)),
                self.one_of("clusters.published", clusters.get("published", ASK), (ASK, JOIN)),
                self.texts("clusters.one_per_source", clusters.get("one_per_source", [])),
            ),
        )

    def prior(self, body: Mapping[str, Any]) -> Prior:
        return Prior(**{
            name: self.number(f"prior.{name}", body.get(name, value), 0, 1e6) for name, value in asdict(Prior()).items()
        })  # fmt: skip

    def missing(self, where: str) -> str:
        self.errors.append(f"{where}: missing")
        return ""

    def section(self, document: Mapping[str, Any], name: str, *, required: bool = True) -> Mapping[str, Any]:
        body = document.get(name)
        if isinstance(body, Mapping):
            return body
        if required or body is not None:
            self.errors.append(f"{name}: a mapping is needed here")
        return {}

    def body(self, where: str, value: Any, known: Collection[str]) -> Mapping[str, Any]:
        """Read a mapping with these keys and no others."""
        if not isinstance(value, Mapping):
            self.errors.append(f"{where}: a mapping is needed here, not {value!r}")
            return {}
        for name in sorted(map(str, set(value) - set(known))):
            self.errors.append(f"{where}.{name}: unknown; known are {', '.join(sorted(known))}")
        return value

    def texts(self, where: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
            self.errors.append(f"{where}: a list of texts is needed, not {value!r}")
            return ()
        return tuple(value)

    def text(self, where: str, value: Any) -> str:
        if not isinstance(value, str):
            self.errors.append(f"{where}: a text is needed, not {value!r}")
        return str(value)

    def flag(self, where: str, value: Any) -> bool:
        if not isinstance(value, bool):
            self.errors.append(f"{where}: true or false is needed, not {value!r}")
        return value is True

    def one_of(self, where: str, value: Any, known: Collection[str]) -> str:
        if not isinstance(value, str) or value not in known:
            self.errors.append(f"{where}: '{value}' is not known; use one of {', '.join(sorted(known))}")
            return next(iter(known), "")
        return str(value)

    def number(self, where: str, value: Any, least: float, most: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.errors.append(f"{where}: a number from {least:g} to {most:g} is needed, not {value!r}")
            return least
        return float(value)

    def fields(self, section: Mapping[str, Any]) -> tuple[Field, ...]:
        found: list[Field] = []
        for name, body in section.items():
            field = self.field(name, body)
            if field.base is not None:
                self.one_of(f"fields.{name}.base", field.base, [earlier.name for earlier in found])
            found.append(field)
        return tuple(found)

    def field(self, name: str, given: Any) -> Field:
        where = f"fields.{name}"
        body = self.body(where, given, ("form", "of", "combine", "base"))
        return Field(
            name,
            self.one_of(f"{where}.form", body.get("form", "text"), FORMS),
            self.texts(f"{where}.of", body.get("of", [] if "base" in body else [name])),
            self.one_of(f"{where}.combine", body.get("combine", "first"), COMBINERS),
            body.get("base"),
        )

    def comparison(self, name: str, described: Any, fields: Collection[str]) -> Comparison:
        where = f"comparisons.{name}"
        body = self.body(where, described, ("kind", "label", "fields", "levels"))
        kind = self.one_of(f"{where}.kind", body.get("kind"), COMPARATORS)
        used = tuple(self.one_of(f"{where}.fields", field, fields) for field in self.texts(f"{where}.fields", body.get("fields", [name])))
        if len(used) != COMPARATORS[kind].fields:
            self.errors.append(f"{where}.fields: {kind} compares {COMPARATORS[kind].fields} fields, not {len(used)}")
        given = self.body(f"{where}.levels", body.get("levels") or {}, [level.name for level in COMPARATORS[kind].levels])
        levels = tuple(
            self.level(f"{where}.levels.{level.name}", level, given.get(level.name) or {}, fields) for level in COMPARATORS[kind].levels
        )
        return Comparison(name, kind, used, levels, self.text(f"{where}.label", body.get("label", name.replace("_", " "))))

    def level(self, where: str, shipped: Level, described: Any, fields: Collection[str]) -> Level:
        body = self.body(where, described, (*_CHANCES, "words", "term_frequency"))
        frequency = body.get("term_frequency")
        if frequency is not None:
            self.one_of(f"{where}.term_frequency", frequency, fields)
        given = {name: body.get(name, getattr(shipped, name)) for name in _CHANCES}
        if "branch" not in body:
            given["branch"] = body.get("namesake", shipped.branch)
        chances = {
            name: self.number(f"{where}.{name}", value, 1e-12, 1)
            for name, value in given.items()
            if value is not None or name in {"m", "u"}
        }
        return Level(
            shipped.name,
            chances["m"],
            chances["u"],
            chances.get("neighbour"),
            chances.get("namesake"),
            self.text(f"{where}.words", body.get("words", shipped.words)),
            frequency,
            chances.get("branch"),
        )

    def blocking(self, section: Mapping[str, Any], fields: Collection[str]) -> tuple[BlockingRule, ...]:
        if len(section) > _RULES_AT_MOST:
            self.errors.append(f"blocking: at most {_RULES_AT_MOST} rules")
        rules: list[BlockingRule] = []
        for name, described in section.items():
            where = f"blocking.{name}"
            body = self.body(where, described, ("parts", "refines", "locked", "limit"))
            refines = body.get("refines")
            if refines is not None:
                self.one_of(f"{where}.refines", refines, [rule.name for rule in rules])
            parts = tuple(self.part(where, text, fields) for text in self.texts(f"{where}.parts", body.get("parts", [])))
            limit = int(self.number(f"{where}.limit", body.get("limit", KEY_LIMIT), 2, 1e9))
            if not parts:
                self.errors.append(f"{where}.parts: at least one part is needed")
            rules.append(BlockingRule(name, parts, refines, self.flag(f"{where}.locked", body.get("locked", True)), limit))
        return tuple(rules)

    def part(self, where: str, text: str, fields: Collection[str]) -> KeyPart:
        field, transform, size = _split_part(str(text))
        self.one_of(f"{where}.parts", field, fields)
        self.one_of(f"{where}.parts", transform, TRANSFORM_NAMES)
        return KeyPart(field, transform, int(size) if size.isdigit() else 0)

    def thresholds(self, body: Mapping[str, Any]) -> Thresholds:
        wrong_before = len(self.errors)
        auto = self.number("thresholds.auto", body.get("auto"), 0, 1)
        review = self.number("thresholds.review", body.get("review"), 0, 1)
        # Of what is no number nothing more is said: the rest would follow from what stands in its place.
        if len(self.errors) == wrong_before and review > auto:
            self.errors.append(f"thresholds: review ({review:g}) is above auto ({auto:g})")
        return Thresholds(auto, review)

    def veto(self, name: str, described: Any, comparisons: tuple[Comparison, ...]) -> Veto:
        where = f"vetoes.{name}"
        body = self.body(where, described, ("comparison", "levels", "outcome", "words", "unless"))
        known = {comparison.name: comparison for comparison in comparisons}
        comparison = self.one_of(f"{where}.comparison", body.get("comparison"), known)
        numbers = self.level_numbers(f"{where}.levels", body.get("levels", ()), known.get(comparison))
        outcome = self.one_of(f"{where}.outcome", body.get("outcome", "possible_match"), VETO_OUTCOMES)
        unless = tuple(
            (self.one_of(f"{where}.unless", other, known), self.level_numbers(f"{where}.unless.{other}", levels, known.get(other)))
            for other, levels in self.body(f"{where}.unless", body.get("unless", {}), known).items()
        )
        return Veto(name, comparison, numbers, outcome, self.text(f"{where}.words", body.get("words", name)), unless)

    def level_numbers(self, where: str, named: Any, comparison: Comparison | None) -> tuple[int, ...]:
        levels = [level.name for level in comparison.levels] if comparison else []
        wanted = [level for level in self.texts(where, named) if self.one_of(where, level, levels) == level and level in levels]
        return tuple(levels.index(level) + 1 for level in wanted)


def _split_part(text: str) -> tuple[str, str, str]:
    """Part 'postcode prefix 3' into field, transform and size."""
    words = text.split()
    return words[0] if words else "", words[1] if len(words) > 1 else "whole", words[2] if len(words) > 2 else "0"  # noqa: PLR2004 - three words
