"""A match model: a config with the probabilities learnt for it, as tables that scoring looks up."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.core.config import parse_config
from matching.core.declarations import MatchConfig
from matching.core.em import ordered
from matching.core.terms import Terms, TermTable

Table = NDArray[np.float64]
CLASSES: Final = ("m", "u", "neighbour", "namesake", "branch")
_FORMAT: Final = 1


@dataclass(frozen=True)
class MatchModel:
    """What is known of matching one entity.

    `probabilities` (strata x classes x comparisons x levels) says how often a pair has a level if the records are
    one, unrelated, neighbours, namesakes or branches; entries of level 0, a missing value, are 1: missing says nothing.
    `shares` (strata x classes) says how many of all pairs are of each class. `warnings` says what was not learnt.
    """

    config: MatchConfig
    probabilities: Table
    shares: Table
    terms: Terms = field(default_factory=Terms)
    warnings: tuple[str, ...] = ()

    @cached_property
    def base_weights(self) -> NDArray[np.float32]:
        """Bits for a match per stratum, comparison and level, against unrelated pairs; 0 where a value is missing."""
        return summable(np.log2(self.probabilities[:, 0] / self.probabilities[:, 1]))

    @cached_property
    def relative_weights(self) -> NDArray[np.float32]:
        """Bits for relatives per kind of relatives, stratum, comparison and level, against unrelated pairs."""
        weights = summable(np.log2(self.probabilities[:, 2:] / self.probabilities[:, 1:2]))
        return np.ascontiguousarray(weights.swapaxes(0, 1))

    @cached_property
    def rarity(self) -> "RarityTables":
        """Where the rarity of the value counts."""
        return RarityTables.of(self)

    @cached_property
    def offsets(self) -> NDArray[np.int32]:
        """Where in a table of comparisons x levels the levels of each comparison begin (comparisons x 1)."""
        comparisons, width = self.base_weights.shape[1:]
        return np.arange(0, comparisons * width, width, dtype=np.int32)[:, None]

    @cached_property
    def vetoes(self) -> NDArray[np.uint64]:
        """Per comparison and level: the vetoes that it speaks for, as bits, and in the upper half those that it excuses."""
        said = np.zeros(self.base_weights.shape[1:], np.uint64)
        places = {comparison.name: place for place, comparison in enumerate(self.config.comparisons)}
        for number, veto in enumerate(self.config.vetoes):
            said[places[veto.comparison], list(veto.levels)] |= np.uint64(1 << number)
            for name, levels in veto.unless:
                said[places[name], list(levels)] |= np.uint64(1 << number + EXCUSED)
        return said

    @cached_property
    def prior_bits(self) -> Table:
        """Per stratum, the log2 odds that two records picked at random are one."""
        return np.log2(self.shares[:, 0] / self.shares[:, 1])

    @cached_property
    def relative_bits(self) -> Table:
        """Per stratum and kind of relatives, the log2 odds that two records picked at random are such."""
        return np.log2(self.shares[:, 2:] / self.shares[:, 1:2])

    def to_bytes(self) -> bytes:
        """Pack the model; `from_bytes` gives one that scores to the same bit."""
        arrays: dict[str, Any] = {"probabilities": self.probabilities, "shares": self.shares}
        rests: dict[str, dict[str, float]] = {"values": {}, "words": {}}
        for kind, tables in (("values", self.terms.values), ("words", self.terms.words)):
            for name, table in tables.items():
                arrays[f"{kind}/{name}/hashes"], arrays[f"{kind}/{name}/shares"] = table.hashes, table.shares
                rests[kind][name] = table.rest
        head = {"format": _FORMAT, "config": self.config.to_document(), "rests": rests, "warnings": self.warnings}
        packed = io.BytesIO()
        np.savez_compressed(packed, head=np.frombuffer(json.dumps(head).encode(), np.uint8), **arrays)
        return packed.getvalue()

    @classmethod
    def from_bytes(cls, packed: bytes) -> "MatchModel":
        """Unpack a model; raises `ValueError` where the bytes are not one, or one of other comparators than there are now.

        A config that names what is not known any more raises `ConfigErrors`.
        """
        with _opened(packed) as (arrays, head):
            config = parse_config(head["config"])
            stored = head["config"]["comparisons"]
            if any(list(stored[c.name]["levels"]) != [level.name for level in c.levels] for c in config.comparisons):
                raise ValueError("These levels are not those that the comparators have now.")
            return cls(
                config=config,
                probabilities=arrays["probabilities"],
                shares=arrays["shares"],
                terms=Terms(_unpack(arrays, head, "values"), _unpack(arrays, head, "words")),
                warnings=tuple(head["warnings"]),
            )


def summable(bits: Table) -> NDArray[np.float32]:
    """Round bits to 1/65536: sums of such numbers below 256 are exact, so that no order of adding is part of a result."""
    rounded: NDArray[np.float32] = (np.rint(bits * _PER_BIT) / _PER_BIT).astype(np.float32)
    return rounded


_PER_BIT: Final = 65_536.0
EXCUSED: Final = 32
"""The bit from which on the vetoes are that are excused."""


@dataclass(frozen=True, slots=True)
class RarityTables:
    """Per comparison and level: the field (by its place in `fields`, -1: none) whose rarity counts, and the bits that it gives at
    `most`. Per stratum, comparison and level: the log2 chance that it is set against (`usual`), and the bits that it gives at
    `least`. Per field: the log2 share of a value that only one record has (`rest`).
    """

    fields: tuple[str, ...]
    field: NDArray[np.int8]
    most: NDArray[np.float32]
    usual: NDArray[np.float32]
    least: NDArray[np.float32]
    rest: NDArray[np.float32]

    @classmethod
    def of(cls, model: MatchModel) -> "RarityTables":
        """Read them from the config and the terms of a model."""
        chances = model.probabilities[:, 1]
        names = tuple(sorted(model.terms.values))
        field = np.full(chances.shape[1:], -1, np.int8)
        most = np.full(field.shape, np.inf, np.float32)
        usual = np.zeros(chances.shape)
        for place, comparison in enumerate(model.config.comparisons):
            top = comparison.levels[-1].term_frequency
            for number, level in enumerate(comparison.levels, start=1):
                if level.term_frequency not in names:
                    continue
                field[place, number] = names.index(level.term_frequency)
                lesser = number < len(comparison.levels) and level.term_frequency == top
                # Values that are only alike: a common one makes it less of a wonder, a rare one no more.
                most[place, number] = 0 if lesser else np.inf
                # A level that few pairs can have, for want of more, is rare for that reason; the value is as common as it is.
                sameness = model.terms.values[level.term_frequency].sameness
                against = chances[:, place, len(comparison.levels) if lesser else number]
                usual[:, place, number] = np.log2(np.maximum(against, sameness))
        rest = np.log2([model.terms.values[name].rest for name in names])
        return cls(names, field, most, usual.astype(np.float32), _least(model, field), rest.astype(np.float32))


def _least(model: MatchModel, field: NDArray[np.int8]) -> NDArray[np.float32]:
    """Give the bits that a common value may cost at most, 0 or less: no more than takes it down to a lower level at which
    rarity does not count.
    """
    plain = np.where(field < 0, model.base_weights, -np.inf)
    plain[:, :, 0] = -np.inf
    for place, comparison in enumerate(model.config.comparisons):
        plain[:, place, len(comparison.levels) + 1 :] = -np.inf
    least: NDArray[np.float32] = np.minimum(np.maximum.accumulate(plain, axis=2) - model.base_weights, 0.0).astype(np.float32)
    return least


def stored_document(packed: bytes) -> dict[str, Any]:
    """Give the config of a packed model as it was stored, in its order, whether or not it can be read today.

    Raises `ValueError` where the bytes are not a model.
    """
    with _opened(packed) as (_, head):
        document: dict[str, Any] = head["config"]
        return document


@contextmanager
def _opened(packed: bytes) -> Iterator[tuple[Any, Any]]:
    if not packed.startswith(b"PK\x03\x04"):
        raise ValueError("These bytes are not a match model.")
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            yield arrays, json.loads(bytes(arrays["head"]))
    except (KeyError, OSError, zipfile.BadZipFile) as error:
        raise ValueError("These bytes are not a match model.") from error


def _unpack(arrays: Any, head: Any, kind: str) -> dict[str, TermTable]:
    return {
        name: TermTable(arrays[f"{kind}/{name}/hashes"], arrays[f"{kind}/{name}/shares"], rest)
        for name, rest in head["rests"][kind].items()
    }


def shipped_probabilities(config: MatchConfig) -> Table:
    """Give the probabilities that the config ships with, the same for all strata."""
    most = max(len(comparison.levels) for comparison in config.comparisons) + 1
    table = np.ones((len(config.strata_values) + 1, len(CLASSES), len(config.comparisons), most))
    for place, comparison in enumerate(config.comparisons):
        for number, name in enumerate(CLASSES):
            chances = [getattr(level, name) for level in comparison.levels]
            shipped = np.array([level.u for level in comparison.levels] if None in chances else chances)
            table[:, number, place, 1 : len(shipped) + 1] = shipped / shipped.sum()
    return table


def shipped_model(config: MatchConfig, records: int = 100_000) -> MatchModel:
    """Give the model for no data at all: the shipped probabilities, and a prior for a table of so many records."""
    sizes = np.array([len(comparison.levels) + 1 for comparison in config.comparisons])
    probabilities = np.stack([ordered(stratum, sizes) for stratum in shipped_probabilities(config)])
    return MatchModel(config, probabilities, shipped_shares(config, records))


def shipped_shares(config: MatchConfig, records: int) -> Table:
    """Give the shares of matches, unrelated pairs and each kind of relatives among all pairs of so many records."""
    partners, prior = max(records - 1, 1), config.prior
    expected = (prior.match, prior.neighbour, prior.namesake, prior.branch)
    match, *relatives = (min(partner / partners, 0.2) for partner in expected)
    shares = [match, 1 - match - sum(relatives), *relatives]
    return np.tile(shares, (len(config.strata_values) + 1, 1))
