"""A match model: a config with the probabilities learnt for it, as tables that scoring looks up."""

import io
import json
import zipfile
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
CLASSES: Final = ("m", "u", "neighbour", "namesake")
_FORMAT: Final = 1


@dataclass(frozen=True)
class MatchModel:
    """What is known of matching one entity.

    `probabilities` (strata x classes x comparisons x levels) says how often a pair has a level if the records are
    one, unrelated, neighbours or namesakes; entries of level 0, a missing value, are 1: missing says nothing.
    `shares` (strata x classes) says how many of all pairs are of each class. `warnings` says what was not learnt.
    """

    config: MatchConfig
    probabilities: Table
    shares: Table
    terms: Terms = field(default_factory=Terms)
    warnings: tuple[str, ...] = ()

    @cached_property
    def base_weights(self) -> Table:
        """Bits for a match per stratum, comparison and level, against unrelated pairs; 0 where a value is missing."""
        return np.log2(self.probabilities[:, 0] / self.probabilities[:, 1])

    @cached_property
    def relative_weights(self) -> Table:
        """Bits for relatives per stratum, kind of relatives, comparison and level, against unrelated pairs."""
        return np.log2(self.probabilities[:, 2:] / self.probabilities[:, 1:2])

    @cached_property
    def prior_bits(self) -> Table:
        """Per stratum, the log2 odds that two records picked at random are one."""
        return np.log2(self.shares[:, 0] / self.shares[:, 1])

    @cached_property
    def relative_bits(self) -> Table:
        """Per stratum and kind of relatives, the log2 odds that two records picked at random are such."""
        return np.log2(self.shares[:, 2:] / self.shares[:, 1:2])

    @cached_property
    def expected_sameness(self) -> Table:
        """Per stratum, comparison and level, the chance of the level between unrelated records: what rarity is set against."""
        return self.probabilities[:, 1]

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
        """Unpack a model; raises `ValueError` where the bytes are not one."""
        if not packed.startswith(b"PK\x03\x04"):
            raise ValueError("These bytes are not a match model.")
        try:
            with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
                head = json.loads(bytes(arrays["head"]))
                return cls(
                    config=parse_config(head["config"]),
                    probabilities=arrays["probabilities"],
                    shares=arrays["shares"],
                    terms=Terms(_unpack(arrays, head, "values"), _unpack(arrays, head, "words")),
                    warnings=tuple(head["warnings"]),
                )
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
    """Give the shares of matches, unrelated pairs, neighbours and namesakes among all pairs of so many records."""
    partners = max(records - 1, 1)
    prior = config.prior
    match, neighbour, namesake = (min(expected / partners, 0.25) for expected in (prior.match, prior.neighbour, prior.namesake))
    shares = [match, 1 - match - neighbour - namesake, neighbour, namesake]
    return np.tile(shares, (len(config.strata_values) + 1, 1))
