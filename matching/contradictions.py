"""Evidence that speaks against what people decided: pairs that match by the match config in force, and that a steward called different."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from golden_records.entities import EntityType
from matching.models import Judgement, JudgementValue, MatchDecision, Outcome

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A judgement that the evidence speaks against: who decided what and when. The judgement stands."""

    judgement_id: int
    author: str
    at: datetime
    comment: str
    probability: float


def on(entity: EntityType, golden_id: UUID) -> list[Contradiction]:
    """Give the judgements on records of a golden record that keep apart what would match, the newest first. Two statements."""
    here = entity.records.filter(golden_id=golden_id).values("id")
    match = MatchDecision.objects.filter(
        entity=entity.name, left_record_id=OuterRef("left_record_id"), right_record_id=OuterRef("right_record_id"), outcome=Outcome.MATCH
    )
    named = Q(left_record_id__in=here) | Q(right_record_id__in=here)
    standing = Judgement.objects.filter(named, entity=entity.name, value=JudgementValue.DIFFERENT, withdrawn_at__isnull=True)
    rows = list(standing.filter(Exists(match)).select_related("steward").order_by("-id")[:SHOWN])
    pairs = {(row.left_record_id, row.right_record_id) for row in rows}
    found = MatchDecision.objects.filter(entity=entity.name, left_record_id__in=[left for left, _ in pairs], outcome=Outcome.MATCH)
    sure = {(left, right): share for left, right, share in found.values_list("left_record_id", "right_record_id", "probability")}
    return [
        Contradiction(row.pk, row.author, row.judged_at, row.comment, sure.get((row.left_record_id, row.right_record_id), 0.0))
        for row in rows
    ]
