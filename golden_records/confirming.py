"""That sources sent records again as they were: noted while they are stored, taken over with all that follows of it later.

Two steps, because who stores may take no lock on golden records. Only for entity types whose rules ask for the last confirmation, and
to the day: what is confirmed twice on a day is noted once.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import F, Q

from golden_records import bulk
from golden_records.entities import EntityType
from golden_records.models import Confirmation
from golden_records.rulebook import reads_in_force
from golden_records.survivorship.rules import Reads

_WAITS = Q(confirmed_at__isnull=True) | Q(noted_at__gt=F("confirmed_at"))


def note(entity: EntityType, record_ids: Iterable[int], *, at: datetime) -> None:
    """Note that these source records came again as they were; nothing is written where no rule asks for it."""
    if not (wanted := set(record_ids)) or Reads.CONFIRMED not in reads_in_force(entity):
        return
    today = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    noted = Confirmation.objects.filter(entity=entity.name, record_id__any=sorted(wanted), noted_at__gte=today)
    wanted -= set(noted.values_list("record_id", flat=True))
    rows = [{"entity": entity.name, "record_id": record, "noted_at": at} for record in sorted(wanted)]
    bulk.upsert(Confirmation, rows, by=("entity", "record_id"), columns=("noted_at",))


def waiting(entity: EntityType, *, limit: int) -> list[int]:
    """Give source records whose confirmation is to be taken over, those first that were noted first of all."""
    rows = Confirmation.objects.filter(_WAITS, entity=entity.name).order_by("id")
    return list(rows.values_list("record_id", flat=True)[:limit])


def take_over(entity: EntityType, record_ids: Sequence[int]) -> None:
    """Let survivorship know what was noted; the caller holds the golden records of these records, and rebuilds them."""
    rows: Any = Confirmation.objects.filter(entity=entity.name, record_id__any=list(record_ids))
    rows.update(confirmed_at=F("noted_at"))
