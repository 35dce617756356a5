"""What the tables of this package hold of a person, handed over and erased; and those that hold nothing, with the reason why."""

from collections.abc import Iterable
from typing import Any, Final

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from golden_records import erasing, privacy
from golden_records.entities import ENTITIES
from golden_records.models import (
    AccessLimit,
    AuditAction,
    AuditEntry,
    AuditSeal,
    ChangeEvent,
    Confirmation,
    EmptiedEntry,
    EmptiedEvent,
    Endorsement,
    Erasure,
    HierarchyProgress,
    ImportJob,
    MappingRun,
    Override,
    Parentage,
    ProjectFact,
    ProjectRecord,
    QuarantinedRow,
    RulesRun,
    Seal,
    SourceMapping,
    SourceSystem,
    SurvivorshipVersion,
    UnsealedEntry,
    UnsealedEvent,
    WebhookDeadLetter,
    WebhookDelivery,
    WebhookProgress,
    WebhookSecret,
    WebhookSubscription,
)
from golden_records.privacy import Erasing, Holder, Rows, Subject
from golden_records.source_systems import PROJECT_FACT
from golden_records.webhooks.envelope import id_of


def history_of(model: Any) -> Any:
    """Give the table of a model's history."""
    return model.history.model


def with_history(models: Iterable[Any]) -> tuple[Any, ...]:
    """Give these models, each with its history."""
    return tuple(each for model in models for each in (model, history_of(model)))


def rows_of(model: Any, **named: Any) -> Rows:
    """Give rows and the entries of their history: what a holder hands over."""
    present = [{"table": str(model._meta.verbose_name), **row} for row in model.objects.filter(**named).order_by("pk").values()]
    entries = history_of(model).objects.filter(id__in=[row["id"] for row in present]).order_by("history_id").values()
    return [*present, *({"table": f"{model._meta.verbose_name}: history", **entry} for entry in entries)]


def remove(model: Any, **named: Any) -> int:
    """Delete rows with their history, and give how many there were. For good: history does not say that they are gone."""
    ids = list(model.objects.filter(**named).order_by("pk").values_list("pk", flat=True))
    model.objects.filter(pk__in=ids).delete()
    # Last: django-simple-history writes what was deleted into it.
    history_of(model).objects.filter(id__in=ids).delete()
    return len(ids)


def _facts(subject: Subject) -> Rows:
    return rows_of(ProjectFact, record_id__in=_projects(subject))


def _erase_facts(subject: Subject, erasing: Erasing) -> int:
    del erasing
    return remove(ProjectFact, record_id__in=_projects(subject))


def _projects(subject: Subject) -> list[int]:
    return subject.record_ids if subject.entity.record is ProjectRecord else []


def _quarantined(subject: Subject) -> Any:
    kinds = (subject.entity.name, *((PROJECT_FACT,) if subject.entity.record is ProjectRecord else ()))
    named = Q()
    for source_id, external_id in subject.names:
        named |= Q(source_id=source_id, external_id=external_id)
    rows = QuarantinedRow.objects.filter(named, entity__in=kinds) if subject.names else QuarantinedRow.objects.none()
    return rows.values("pk")


def _erase_quarantined(subject: Subject, erasing: Erasing) -> int:
    del erasing
    return remove(QuarantinedRow, pk__in=_quarantined(subject))


def _events(subject: Subject) -> Rows:
    return list(ChangeEvent.objects.filter(golden_id__in=subject.golden_ids).order_by("pk").values())


_ENDS: Final = [column for columns in erasing.RECEIPTS.values() for column in columns]


def _entries(subject: Subject) -> Any:
    """Find what the audit log tells of these golden and source records: readings, judgements, merges, splits and moves."""
    read, said = Q(), Q()
    for golden_id in subject.golden_ids:
        read |= Q(named__contains=str(golden_id))
        said |= Q(content__golden_id=str(golden_id))
        for column in _ENDS:
            said |= Q(**{f"content__{column}": str(golden_id)})
    for record_id in subject.record_ids:
        said |= Q(content__left_record_id=record_id) | Q(content__right_record_id=record_id)
    entries = AuditEntry.objects.annotate(named=Cast("golden_ids", TextField()))
    return entries.filter((read & Q(kind=subject.entity.name)) | (said & Q(content__entity=subject.entity.name))).order_by("pk")


def _empty_entries(subject: Subject, erasing: Erasing) -> int:
    """Empty what was said there: the source's own id, and the reason, which may be a person's words."""
    told = _entries(subject).filter(salt__isnull=False).exclude(subject=None, action=AuditAction.READ)
    ids = list(told.values_list("pk", flat=True))
    EmptiedEntry.objects.bulk_create([EmptiedEntry(entry_id=pk, erasure_id=erasing.erasure_id) for pk in ids])
    return AuditEntry.objects.filter(pk__in=ids).update(subject=None, content=None, reason=None, salt=None)


def _overrides(subject: Subject) -> Any:
    """Find what people said stands at these golden records, and what stands elsewhere and says something of these source records."""
    ids = subject.record_ids
    part = Q(golden_id__in=subject.golden_ids) | Q(record_id__in=ids) | Q(watched_id__in=ids)
    return Override.objects.filter(part, entity=subject.entity.name)


def _erase_overrides(subject: Subject, erasing: Erasing) -> int:
    """Remove them, but for those elsewhere that stand by a person's word: of these, what the watched record said is forgotten."""
    del erasing
    found = _overrides(subject)
    staying = found.exclude(golden_id__in=subject.golden_ids).filter(record_id__isnull=True)
    kept = {str(pk) for pk in staying.values_list("pk", flat=True)}
    gone = {str(pk) for pk in found.values_list("pk", flat=True)} - kept
    for model in (subject.entity.golden, history_of(subject.entity.golden)):
        rows: Any = model._default_manager
        for row in rows.filter(id__in=subject.former_ids, pins__isnull=False):
            pins = [{**entry, "said": None} if entry["id"] in kept else entry for entry in row.pins if entry["id"] not in gone]
            rows.filter(pk=row.pk).update(pins=pins or None)
    for model in (Override, history_of(Override)):
        model.objects.filter(id__in=kept).update(watched_values=None)
    return remove(Override, pk__in=gone) + len(kept)


def _marks(subject: Subject) -> Any:
    return Endorsement.objects.filter(entity=subject.entity.name, golden_id__in=subject.golden_ids).values("pk")


def _erase_marks(subject: Subject, erasing: Erasing) -> int:
    del erasing
    return remove(Endorsement, pk__in=_marks(subject))


def _receipts(subject: Subject) -> Rows:
    named = {model: erasing.receipts_of(model, subject.golden_ids).filter(entity=subject.entity.name) for model in erasing.RECEIPTS}
    return [row for model, receipts in named.items() for row in rows_of(model, pk__in=receipts.values("pk"))]


def _messages(subject: Subject) -> list[str]:
    seals = Seal.objects.filter(event__golden_id__in=subject.golden_ids)
    return [id_of(seal) for seal in seals]


def _deliveries(subject: Subject) -> Rows:
    columns = ("subscription__name", "subscription__url", "message_id", "message_type", "at", "status", "answer")
    return list(WebhookDelivery.objects.filter(message_id__in=_messages(subject)).order_by("pk").values(*columns))


def _empty_answers(subject: Subject, erasing: Erasing) -> int:
    del erasing
    ids = _messages(subject)
    answered = (model.objects.filter(message_id__in=ids).exclude(answer="") for model in (WebhookDelivery, WebhookDeadLetter))
    return sum(rows.update(answer="") for rows in answered)


def _records(subject: Subject) -> Rows:
    return rows_of(subject.entity.record, pk__in=subject.record_ids)


def _goldens(subject: Subject) -> Rows:
    return rows_of(subject.entity.golden, pk__in=subject.golden_ids)


_CONFIGURATION: Final = "it is how the service is set up, and says nothing of a customer"

privacy.register(
    Holder("change events", (ChangeEvent,), _events, erasing.empty_events),
    Holder("audit log", (AuditEntry,), lambda of: list(_entries(of).values()), _empty_entries),
    Holder("overrides", with_history([Override]), lambda of: rows_of(Override, pk__in=_overrides(of).values("pk")), _erase_overrides),
    Holder("marks of golden records", with_history([Endorsement]), lambda of: rows_of(Endorsement, pk__in=_marks(of)), _erase_marks),
    Holder("golden records", with_history(entity.golden for entity in ENTITIES.values()), _goldens, erasing.empty_goldens),
    Holder("source records", with_history(entity.record for entity in ENTITIES.values()), _records, erasing.empty_records),
    Holder("project facts", with_history([ProjectFact]), _facts, _erase_facts),
    Holder("quarantine", with_history([QuarantinedRow]), lambda of: rows_of(QuarantinedRow, pk__in=_quarantined(of)), _erase_quarantined),
    Holder("merges", with_history(erasing.RECEIPTS), _receipts, erasing.empty_receipts),
    Holder("answers of webhooks", (WebhookDelivery, WebhookDeadLetter), _deliveries, _empty_answers),
    without=dict.fromkeys(
        [
            *with_history([SourceSystem, SourceMapping, SurvivorshipVersion, WebhookSubscription]),
            WebhookSecret,
        ],
        _CONFIGURATION,
    )
    | dict.fromkeys(with_history([AccessLimit]), "it names who may see what")
    | dict.fromkeys(with_history([Parentage]), "it names golden records, a source record and an override by their ids")
    | {
        HierarchyProgress: "it counts how far the hierarchy is settled",
        WebhookProgress: "it counts how far an endpoint has heard",
        ImportJob: "it counts rows, and names the file and what stopped it; values are in quarantine",
        Seal: "it holds salted digests and hashes over them; of what was erased the salt is gone",
        UnsealedEvent: "it names an event",
        MappingRun: "it names source records by their numbers, and counts them",
        RulesRun: "it names golden records, and counts them",
        Confirmation: "it says when a source sent a record again as it was",
        AuditSeal: "as a seal of the feed",
        UnsealedEntry: "it names an entry of the audit log",
        EmptiedEntry: "it names an entry of the audit log",
        Erasure: "it names canonical ids, who asked and why; the reason must not hold what is to be forgotten",
        EmptiedEvent: "it names an event",
    },
)
