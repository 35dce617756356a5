"""What the tables of this package hold of a person, handed over and erased; and those that hold nothing, with the reason why."""

from typing import Any

from django.db.models import Q

from golden_records import erasing
from golden_records.holders import history_of, remove, rows_of, with_history
from golden_records.privacy import Erasing, Holder, Rows, Subject, register
from matching.models import (
    BlockingKey,
    Bulk,
    CheckedPair,
    CheckSample,
    CommonKey,
    FourEyesRule,
    Judgement,
    MatchAttempt,
    MatchConfigVersion,
    MatchDecision,
    MatchRun,
    Proposal,
    Pulse,
    QualityReport,
    ReasonCode,
    ReportJob,
    ReportPart,
    ReviewTask,
    RunChunk,
    RunState,
    SavedView,
)
from matching.reports.jobs import expire, make_anew


def on_pairs(subject: Subject) -> Q:
    """Say what is on a pair of which one is a record of the subject."""
    ids = subject.record_ids
    return Q(entity=subject.entity.name) & (Q(left_record_id__any=ids) | Q(right_record_id__any=ids))


def _of_records(model: Any, subject: Subject) -> Any:
    return model.objects.filter(entity=subject.entity.name, record_id__any=subject.record_ids)


def _named(model: Any, subject: Subject) -> Any:
    return model.objects.filter(on_pairs(subject)).values("pk")


def _review(subject: Subject) -> Rows:
    return [row for model in (ReviewTask, Judgement, Proposal) for row in rows_of(model, pk__in=_named(model, subject))]


def _erase_review(subject: Subject, under: Erasing) -> int:
    """Remove judgements and questions, and what people wrote to them, wherever that is kept as the reason of a change."""
    ours = set(subject.record_ids)
    told = [history_of(model).objects.filter(on_pairs(subject)).exclude(comment="") for model in (Judgement, ReviewTask, Proposal)]
    words = {each for entries in told for each in entries.values_list("correlation_id", flat=True)} - {""}
    pairs = Judgement.objects.filter(on_pairs(subject)).values_list("left_record_id", "right_record_id")
    others = {record_id for pair in pairs for record_id in pair} - ours
    homes = history_of(subject.entity.record).objects.filter(id__any=[*ours, *others], golden_id__isnull=False)
    golden_ids = set(homes.order_by().values_list("golden_id", flat=True).distinct()) - set(subject.golden_ids)
    emptied = erasing.forget_words(subject.entity, golden_ids, words, under)
    return emptied + sum(remove(model, pk__in=_named(model, subject)) for model in (Judgement, Proposal, ReviewTask))


def _evidence(subject: Subject) -> Rows:
    return list(MatchDecision.objects.filter(on_pairs(subject)).order_by("pk").values())


def _erase_evidence(subject: Subject, under: Erasing) -> int:
    del under
    return MatchDecision.objects.filter(on_pairs(subject)).delete()[0]


def _checked(subject: Subject) -> Rows:
    return list(CheckedPair.objects.filter(on_pairs(subject)).order_by("pk").values())


def _erase_checked(subject: Subject, under: Erasing) -> int:
    del under
    return CheckedPair.objects.filter(on_pairs(subject)).delete()[0]


def _keys(subject: Subject) -> Rows:
    return list(_of_records(BlockingKey, subject).order_by("pk").values())


def _erase_keys(subject: Subject, under: Erasing) -> int:
    del under
    removed: int = _of_records(BlockingKey, subject).delete()[0]
    return removed


def _attempts(subject: Subject) -> Rows:
    return list(_of_records(MatchAttempt, subject).order_by("pk").values())


def _erase_attempts(subject: Subject, under: Erasing) -> int:
    del under
    removed: int = _of_records(MatchAttempt, subject).delete()[0]
    return removed


def _nothing(subject: Subject) -> Rows:
    del subject
    return ()


def _erase_of_runs(subject: Subject, under: Erasing) -> int:
    """Remove the plans of runs that failed, which nobody carries out any more, and all but the kind of errors, which may quote a value."""
    del under
    runs = MatchRun.objects.filter(entity=subject.entity.name)
    chunks = RunChunk.objects.filter(run__in=runs.filter(state=RunState.FAILED)).delete()[0]
    said = list(runs.filter(error__contains=":").values_list("pk", "error"))
    for pk, error in said:
        runs.filter(pk=pk).update(error=error.partition(":")[0])
    return chunks + len(said)


def _reports(subject: Subject) -> Rows:
    """Hand over which reports named the subject's golden records; what they said is in what the other holders hand over."""
    wanted = {str(golden_id) for golden_id in subject.golden_ids}
    columns = ("id", "report", "actor", "created_at", "golden_ids")
    rows: Any = ReportJob.objects.filter(golden_ids__isnull=False).order_by("created_at").values(*columns)
    found = ((row, sorted(wanted & set(row["golden_ids"]))) for row in rows)
    return [{**row, "golden_ids": named} for row, named in found if named]


def _erase_reports(subject: Subject, under: Erasing) -> int:
    """Delete the files of all reports that hold values: nobody knows whose. Those that are being made begin anew."""
    del subject, under
    with_values = ReportJob.objects.filter(with_values=True)
    # In this order: one that is completed in between is among the second.
    return make_anew(with_values) + expire(with_values)


register(
    Holder("reports", (ReportJob, ReportPart), _reports, _erase_reports),
    Holder("review", with_history([ReviewTask, Judgement, Proposal]), _review, _erase_review),
    Holder("evidence", (MatchDecision,), _evidence, _erase_evidence),
    Holder("checked pairs", (CheckedPair,), _checked, _erase_checked),
    Holder("blocking keys", (BlockingKey,), _keys, _erase_keys),
    Holder("attempts to match", (MatchAttempt,), _attempts, _erase_attempts),
    Holder("plans and errors of runs", (RunChunk, MatchRun), _nothing, _erase_of_runs),
    without=dict.fromkeys(with_history([FourEyesRule, ReasonCode]), "it is how the service is set up, and says nothing of a customer")
    | {
        Bulk: "it names questions by their numbers, and says what was done with each; what people wrote is with the questions",
        SavedView: "it names a part of the queue by kinds and bands; what was searched for is not kept",
        CheckSample: "it says how many pairs were drawn at random, in bands of probability",
        CommonKey: "a key is common where hundreds of records share it, and is not kept for any of them",
        MatchConfigVersion: "it holds how often values occur that several records have, as hashes, and who put it in force and why",
        Pulse: "it says when something ran",
        QualityReport: "it holds counts and shares of answers, by blocking rule and by probability",
    },
)
