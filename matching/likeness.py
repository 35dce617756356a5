"""What a record would match if it were sent: by the engine's own road, without storing, locking or matching anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from golden_records import sources
from golden_records.entities import EntityType
from golden_records.models import GoldenRecord
from golden_records.sources import SourceRecordDraft
from matching.active_config import ActiveConfig, active_config
from matching.core.decide import Outcome, decide
from matching.core.explain import Step, explain
from matching.core.record_keys import record_keys
from matching.core.score import score_one
from matching.keys import who_shares
from matching.tables import record_forms, stored_forms

SHOWN: Final = 8
"""Golden records that are shown, the likeliest first."""

MOST_COMPARED: Final = 1_000
"""Records that are compared at most, so that common names answer as fast as rare ones."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """A golden record like the one described: by its record that is likest, with what the engine would do and why."""

    golden: GoldenRecord
    source: str
    external_id: str
    outcome: Outcome
    probability: float
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What a record is like, the likeliest first, and with how many records it was compared of those it shares a blocking key with."""

    found: tuple[Likeness, ...]
    compared: int
    sharing: int

    @property
    def is_cut(self) -> bool:
        """Whether there are more records that it might be like than it was compared with."""
        return self.compared < self.sharing


def alike(draft: SourceRecordDraft) -> Search:
    """Give the golden records that a record is like, the likeliest first; those that the engine would not even ask about are left out.

    Of too many records to compare, those that share the rarest key with it are compared, and that is told. A number of statements that
    does not depend on the data. Raises `RejectedRecord` with all that is wrong with the draft.
    """
    entity, active = draft.entity, active_config(draft.entity)
    described = sources.understand(draft)
    record = entity.record(source=draft.source, external_id=draft.external_id, **described.values)
    own = record_forms(entity, record, active.config)
    limits = [rule.limit for rule in active.config.blocking]
    ids = who_shares(entity, record_keys(own.of(0), active.config), limits=limits)
    compared = ids[:MOST_COMPARED]
    rows, forms = stored_forms(entity, compared, active.config)
    if not rows:
        return Search((), len(compared), len(ids))
    scored = score_one(own, forms, active.model)
    outcomes = decide(scored, active.model)
    best: dict[UUID, int] = {}
    for row in sorted(range(len(rows)), key=lambda row: (-int(outcomes[row]), -float(scored.weight[row]), row)):
        if outcomes[row] != Outcome.NO_MATCH or scored.probability[row] >= active.config.review_threshold:
            best.setdefault(rows[row]["golden_id"], row)
    shown = dict(list(best.items())[:SHOWN])
    goldens = entity.goldens.in_bulk(list(shown))
    mine = _texts(entity, described.values)
    found = tuple(
        Likeness(
            golden=goldens[golden_id],
            source=rows[row]["source__code"],
            external_id=rows[row]["external_id"],
            outcome=Outcome(int(outcomes[row])),
            probability=float(scored.probability[row]),
            steps=_why(active, scored.evidence(row), mine, _texts(entity, rows[row])),
        )
        for golden_id, row in shown.items()
        if golden_id in goldens
    )
    return Search(found, len(compared), len(ids))


def _why(active: ActiveConfig, evidence: Any, mine: Mapping[str, str | None], theirs: Mapping[str, str | None]) -> tuple[Step, ...]:
    return tuple(explain(evidence, active.model, mine, theirs))


def _texts(entity: EntityType, values: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: None if (value := values.get(name)) is None else str(value) for name in entity.attribute_names}
