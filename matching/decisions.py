"""What the engine found for pairs of records, kept with its evidence. Written here alone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from golden_records import bulk
from golden_records.entities import EntityType
from matching.core.decide import Outcome as CoreOutcome
from matching.core.model import MatchModel
from matching.core.score import ScoredPairs
from matching.models import MatchDecision, Outcome

OUTCOMES: Final = {outcome: Outcome[outcome.name] for outcome in CoreOutcome}
_DECIMALS: Final = 3
_PAIR: Final = ("left_record_id", "right_record_id")
_EVIDENCE: Final = ("outcome", "weight", "probability", "levels", "weights", "stratum", "vetoes", "config_id", "run_id", "decided_at")


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """The evidence on one pair: `levels` and `weights` (bits) in the order of the config's comparisons, `vetoes` by name.

    `stratum` is the kind of pair (such as person with person), for which levels have weights of their own.
    """

    left_record_id: int
    right_record_id: int
    outcome: int
    weight: float
    probability: float
    levels: tuple[int, ...]
    weights: tuple[float, ...]
    stratum: int
    vetoes: tuple[str, ...] = ()

    def link(self, *, other_record_id: int, config: str) -> dict[str, Any]:
        """Give what a source record keeps of the evidence that linked it."""
        return {
            "config": config,
            "record": other_record_id,
            "weight": self.weight,
            "probability": self.probability,
            "levels": list(self.levels),
            "weights": list(self.weights),
            "stratum": self.stratum,
        }


@dataclass(frozen=True, slots=True)
class DecidedBy:
    """Under which config version, in which run, and when."""

    config_id: int
    run_id: int | None
    at: datetime


def evidence_of(scored: ScoredPairs, row: int, outcomes: NDArray[np.int8], record_ids: tuple[int, int], model: MatchModel) -> PairEvidence:
    """Take the evidence on one pair out of the arrays of many."""
    left, right = record_ids
    mask = int(scored.vetoes[row])
    return PairEvidence(
        left_record_id=left,
        right_record_id=right,
        outcome=int(outcomes[row]),
        weight=float(scored.weight[row]),
        probability=float(scored.probability[row]),
        levels=tuple(scored.levels[row].tolist()),
        weights=tuple(round(bits, _DECIMALS) for bits in scored.weights[row].tolist()),
        stratum=int(scored.strata[row]),
        vetoes=tuple(veto.name for number, veto in enumerate(model.config.vetoes) if mask >> number & 1),
    )


def write_decisions(entity: EntityType, pairs: Sequence[PairEvidence], by: DecidedBy) -> None:
    """Keep the evidence on these pairs; what was kept on a pair before is replaced. One statement."""
    rows = {(row["left_record_id"], row["right_record_id"]): row for row in (_row(entity, pair, by) for pair in pairs)}
    # In one order, so that two who write the same pairs wait for each other instead of in a circle.
    bulk.upsert(MatchDecision, [rows[pair] for pair in sorted(rows)], by=("entity", *_PAIR), columns=_EVIDENCE)


def set_aside(entity: EntityType, record_id: int, others: Collection[int], *, by: DecidedBy) -> None:
    """Say NO_MATCH on the pairs of a record with others that it no longer shares a key with; what was found before stays told."""
    if not others:
        return
    pairs = Q(left_record_id=record_id, right_record_id__in=others) | Q(right_record_id=record_id, left_record_id__in=others)
    MatchDecision.objects.filter(pairs, entity=entity.name).update(outcome=Outcome.NO_MATCH, decided_at=by.at)


def _row(entity: EntityType, pair: PairEvidence, by: DecidedBy) -> dict[str, Any]:
    left, right = sorted((pair.left_record_id, pair.right_record_id))
    return {
        "entity": entity.name,
        "left_record_id": left,
        "right_record_id": right,
        "outcome": OUTCOMES[CoreOutcome(pair.outcome)],
        "weight": pair.weight,
        "probability": pair.probability,
        "levels": pair.levels,
        "weights": pair.weights,
        "stratum": pair.stratum,
        "vetoes": pair.vetoes,
        "config_id": by.config_id,
        "run_id": by.run_id,
        "decided_at": by.at,
    }
