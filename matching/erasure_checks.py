"""What must always hold of source records that were erased: nothing that matching knew of them is left."""

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Q

from golden_records.entities import ENTITIES
from golden_records.holders import with_history
from golden_records.models import RecordState
from golden_records.offences import Check, Offence
from matching.models import BlockingKey, Judgement, MatchAttempt, MatchDecision, Proposal, ReviewTask

_REMOVE: Final = "Somebody wrote to the database beside the service, or brought rows back from a backup: remove what is left of it."
_OF_RECORDS: Final = (BlockingKey, MatchAttempt)
_ON_PAIRS: Final = (MatchDecision, *with_history([ReviewTask, Judgement, Proposal]))


def _nothing_known() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        erased = list(entity.records.filter(state=RecordState.ERASED).values_list("pk", flat=True))
        pair = Q(left_record_id__any=erased) | Q(right_record_id__any=erased)
        of_records: Q = Q(record_id__any=erased)
        for model, of in [*((model, of_records) for model in _OF_RECORDS), *((model, pair) for model in _ON_PAIRS)] if erased else ():
            table: Any = model
            for key in table.objects.filter(of, entity=entity.name).order_by("pk").values_list("pk", flat=True):
                yield Offence(entity.name, {str(model._meta.model_name): key}, "It is about a record that was erased.", _REMOVE)


CHECKS: Final = (
    Check("erased from matching", "No key, evidence, question or judgement is left of a record that was erased.", _nothing_known),
)
"""The checks of erasures in this package."""
