"""What the engine found for pairs of records, kept with its evidence. Written here alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from golden_records.entities import EntityType
from matching.core.decide import MATCH, NO_MATCH, POSSIBLE_MATCH
from matching.models import MatchDecision, Outcome

OUTCOMES: Final = {NO_MATCH: Outcome.NO_MATCH, POSSIBLE_MATCH: Outcome.POSSIBLE_MATCH, MATCH: Outcome.MATCH}
_BATCH: Final = 1_000
_PAIR: Final = ("entity", "left_record_id", "right_record_id")
_EVIDENCE: Final = ("outcome", "weight", "probability", "levels", "weights", "vetoes", "config", "run", "decided_at")


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """The evidence on one pair: `levels` and `weights` (bits) in the order of the config's comparisons, `vetoes` by name."""

    left_record_id: int
    right_record_id: int
    outcome: int
    weight: float
    probability: float
    levels: tuple[int, ...]
    weights: tuple[float, ...]
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
        }


@dataclass(frozen=True, slots=True)
class DecidedBy:
    """Under which config version, in which run, and when."""

    config_id: int
    run_id: int | None
    at: datetime


def write_decisions(entity: EntityType, pairs: Sequence[PairEvidence], by: DecidedBy) -> None:
    """Keep the evidence on these pairs; what was kept on a pair before is replaced. One statement per thousand."""
    rows = {}
    for pair in pairs:
        left, right = sorted((pair.left_record_id, pair.right_record_id))
        rows[left, right] = MatchDecision(
            entity=entity.name,
            left_record_id=left,
            right_record_id=right,
            outcome=OUTCOMES[pair.outcome],
            weight=pair.weight,
            probability=pair.probability,
            levels=list(pair.levels),
            weights=list(pair.weights),
            vetoes=list(pair.vetoes),
            config_id=by.config_id,
            run_id=by.run_id,
            decided_at=by.at,
        )
    MatchDecision.objects.bulk_create(rows.values(), batch_size=_BATCH, update_conflicts=True, unique_fields=_PAIR, update_fields=_EVIDENCE)
