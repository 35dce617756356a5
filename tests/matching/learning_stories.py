"""Makers of what quality is measured from: pairs that the engine put together, and answers on questions."""

from django.utils import timezone

from golden_records.models import SourceRecord
from matching.active_config import active_config
from matching.decisions import DecidedBy, PairEvidence, write_decisions
from matching.models import MatchDecision, Outcome
from tests.factories import a_record, a_task, into
from tests.matching.conftest import CUSTOMER


def matched_pairs(count: int, *, first: int = 0) -> list[tuple[SourceRecord, SourceRecord]]:
    """Pairs of records that match and are one golden record each, of rising probability."""
    pairs = []
    for number in range(first, first + count):
        left = a_record(f"L{number}", source="crm", legal_name=f"Firm {number} Works", phone=f"+3347842{number:04d}", country="FR")
        right = a_record(f"R{number}", source="erp", legal_name=f"Firm {number} Works", phone=f"+3347842{number:04d}", country="FR")
        pairs.append((left, into(right, left.golden_id)))
        decided(left, right, 0.96 + 0.0399 * (number % 10) / 10, Outcome.MATCH)
    return pairs


def decided(left: SourceRecord, right: SourceRecord, probability: float, outcome: Outcome) -> None:
    """The engine's word on a pair."""
    active = active_config(CUSTOMER)
    number = {Outcome.NO_MATCH: 0, Outcome.POSSIBLE_MATCH: 1, Outcome.MATCH: 2}[outcome]
    comparisons = len(active.config.comparisons)
    one, other = sorted((left.pk, right.pk))
    found = PairEvidence(one, other, number, 5.0, probability, (0,) * comparisons, (0.0,) * comparisons, 0)
    write_decisions(CUSTOMER, [found], DecidedBy(active.id, None, timezone.now()))


def question(number: int, probability: float) -> int:
    """An open question between two golden records; gives the task's number."""
    left = a_record(f"A{number}", source="crm", legal_name=f"Shop {number}", city="Lyon", country="FR")
    right = a_record(f"B{number}", source="erp", legal_name=f"Shops {number}", city="Lyon", country="FR")
    task = a_task(left, right)
    MatchDecision.objects.filter(pk=task.decision_id).update(probability=probability, vetoes=[])
    return int(task.pk)
