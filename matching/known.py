"""What is known of a record when it is matched again: judgements around it, what its pairs said before, and open questions on it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Case, CharField, Q, Value, When

from golden_records.entities import EntityType
from golden_records.models import SourceRecord
from matching.core.decide import Outcome as CoreOutcome
from matching.decisions import OUTCOMES, PairEvidence
from matching.models import Judgement, JudgementValue, MatchDecision, Outcome, ReviewTask, TaskState

_VETOED: Final = "vetoed"


@dataclass(frozen=True, slots=True)
class Said:
    """A judgement in force on two records."""

    judgement_id: int
    left: int
    right: int
    value: JudgementValue


@dataclass(frozen=True, slots=True)
class Known:
    """`said` names any of the records asked for. `former` has the other records whose pair with this one said more than NO_MATCH:
    its outcome, or "vetoed". `asked` are the other records of open questions on this one.
    """

    said: tuple[Said, ...] = ()
    former: Mapping[int, str] = field(default_factory=dict)
    asked: frozenset[int] = frozenset()

    def on(self, record_id: int) -> dict[int, JudgementValue]:
        """Give the judgements on one record, by the other record."""
        return {
            said.right if said.left == record_id else said.left: said.value for said in self.said if record_id in (said.left, said.right)
        }


def told_of(evidence: PairEvidence) -> str:
    """Give what evidence says of its pair, in the words of `Known.former`."""
    return _VETOED if evidence.vetoes else str(OUTCOMES[CoreOutcome(evidence.outcome)].value)


def known_of(entity: EntityType, record: SourceRecord, around: Collection[int]) -> Known:
    """Read what is known of a record, and judgements on the records `around` it. One statement; nothing for a record that is new."""
    if record.golden_id is None:
        return Known()
    ids = [*around, record.pk]
    said: list[Said] = []
    former: dict[int, str] = {}
    asked: set[int] = set()
    for kind, number, left, right, told in _rows(entity, record.pk, ids):
        other = right if left == record.pk else left
        if kind == "said":
            said.append(Said(number, left, right, JudgementValue(told)))
        elif kind == "former":
            former[other] = told
        else:
            asked.add(other)
    return Known(tuple(said), former, frozenset(asked))


def _rows(entity: EntityType, record_id: int, ids: Collection[int]) -> Any:
    own = Q(left_record_id=record_id) | Q(right_record_id=record_id)
    of_any = Q(left_record_id__any=ids) | Q(right_record_id__any=ids)
    said = Judgement.objects.filter(of_any, entity=entity.name, withdrawn_at__isnull=True)
    former = MatchDecision.objects.filter(own, entity=entity.name).exclude(outcome=Outcome.NO_MATCH)
    asked = ReviewTask.objects.filter(own, entity=entity.name, state=TaskState.OPEN)
    outcome = Case(When(vetoes=[], then="outcome"), default=Value(_VETOED), output_field=CharField())
    return _told(said, "said", "value").union(_told(former, "former", outcome), _told(asked, "asked", "state"), all=True)


def _told(rows: Any, kind: str, told: Any) -> Any:
    kind_of = Value(kind, output_field=CharField())
    named = {"told": told} if not isinstance(told, str) else {}
    annotated = rows.order_by().annotate(row_kind=kind_of, **named)
    return annotated.values_list("row_kind", "pk", "left_record_id", "right_record_id", "told" if named else told)
