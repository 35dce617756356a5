"""A small report is made at once, a large one by a worker; its file is kept for a time, and who made and read it for good."""

import io
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from golden_records.entities import entity_type
from golden_records.models import AuditAction, AuditEntry, WhenSentAgain
from matching.erasure import erase
from matching.models import ReportJob, ReportPart, ReportState
from matching.reports import jobs
from matching.reports.asking import InvalidParameters
from matching.reports.jobs import ReportNotReady, UnknownReportJob, opened, own_job
from matching.reports.registry import UnknownReport, report
from matching.tasks import make_report, sweep
from tests.factories import a_change, a_record
from tests.matching.reports.asked_for import BLIND, made, rows, rows_of

pytestmark = pytest.mark.django_db
CUSTOMER = entity_type("customer")


def test_a_large_report_waits_for_a_worker_and_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SMALL", 3)
    for number in range(4):
        a_record(str(number), legal_name=f"Firm {number}")
    job = made("changes")
    assert job.state == ReportState.QUEUED
    with pytest.raises(ReportNotReady):
        rows_of(job)
    assert jobs.waiting_reports() == [job.pk]
    make_report(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.rows_done, job.rows_expected) == ("completed", 8, 8)
    assert len(rows_of(job)) == 8
    make_report(str(job.pk))
    assert jobs.waiting_reports() == []


def test_a_report_whose_worker_was_lost_is_made_by_another_and_only_its_file_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SMALL", 0)
    a_record("1", legal_name="Acme")
    job = made("changes")
    lost = ReportJob.objects.filter(pk=job.pk)
    lost.update(state=ReportState.RUNNING, attempt=1, lease_until=timezone.now() + timedelta(minutes=1))
    assert jobs.work_on(job.pk).state == ReportState.RUNNING
    lost.update(lease_until=timezone.now() - timedelta(seconds=1))
    thought_dead = ReportJob.objects.get(pk=job.pk)
    assert jobs.work_on(job.pk).state == ReportState.COMPLETED
    with pytest.raises(jobs.LostReport):
        jobs._complete(thought_dead, io.BytesIO(b"late"), set())  # noqa: SLF001 - what a worker does that was thought dead
    assert b"late" not in b"".join(opened(ReportJob.objects.get(pk=job.pk), change=a_change()))


def test_what_fails_gets_another_turn_and_is_given_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SMALL", 0)
    a_record("1", legal_name="Acme")
    job = made("changes")
    monkeypatch.setattr(jobs, "_complete", lambda *_given: 1 / 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            jobs.work_on(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "ZeroDivisionError")


def test_a_file_is_kept_for_a_time_and_deleted_after(monkeypatch: pytest.MonkeyPatch) -> None:
    a_record("1", legal_name="Acme")
    job = made("changes")
    sweep()
    assert ReportPart.objects.count() == 1
    later = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr(timezone, "now", lambda: later)
    sweep()
    job.refresh_from_db()
    assert (job.state, ReportPart.objects.count()) == ("expired", 0)
    with pytest.raises(ReportNotReady, match="expired"):
        rows_of(job)


def test_making_and_reading_what_tells_of_persons_is_kept_and_nothing_else() -> None:
    record = a_record("1", legal_name="Acme", family_name="Canary")
    rows("changes", by=BLIND)
    rows("agreement")
    assert not AuditEntry.objects.filter(action=AuditAction.READ).exists()
    job = made("changes")
    b"".join(opened(job, change=a_change("read")))
    first, second = AuditEntry.objects.filter(action=AuditAction.READ).order_by("id")
    assert [(entry.kind, entry.reason, entry.actor) for entry in (first, second)] == [
        ("report", "a report was made", "steward:ada"),
        ("report", "read", "command:test"),
    ]
    assert first.golden_ids == [str(record.golden_id)]
    assert first.attributes == ["before", "after", "external_id", "reason"]
    assert "Canary" not in str(first.content)


def test_an_erasure_deletes_the_files_that_may_tell_of_the_person() -> None:
    record = a_record("1", legal_name="Acme", family_name="Canary")
    job, harmless = made("changes"), made("changes", by=BLIND)
    erase(CUSTOMER, canonical_id=record.golden_id, when_sent_again=WhenSentAgain.NEW, change=a_change("asked for"))
    assert [ReportJob.objects.get(pk=each.pk).state for each in (job, harmless)] == ["expired", "completed"]
    assert "Canary" not in str(rows("changes"))


def test_what_can_not_be_asked_for_is_refused_with_everything_that_is_wrong() -> None:
    with pytest.raises(InvalidParameters) as refused:
        made("changes", since="soon", until="2020-13-01", canonical_id="x", entity="ship", colour="red", actor="x" * 300)
    assert len(refused.value.data["problems"]) == 6  # type: ignore[arg-type]  # a list of texts
    with pytest.raises(InvalidParameters, match="needed"):
        made("dossier", entity="customer")
    with pytest.raises(InvalidParameters, match="ends before"):
        made("changes", since="2026-02-01", until="2026-01-01")
    with pytest.raises(UnknownReport):
        report("weather")
    with pytest.raises(UnknownReportJob):
        own_job(made("agreement").pk, actor="steward:somebody-else")


def test_rows_come_by_a_cursor_of_the_database_not_all_at_once(django_assert_max_num_queries: Any) -> None:
    for number in range(5):
        a_record(str(number), legal_name=f"Firm {number}")
    with django_assert_max_num_queries(22) as few:
        made("changes")
    for number in range(5, 40):
        a_record(str(number), legal_name=f"Firm {number}")
    more = len(few) + 4  # Halving looks twice more where there are four times as many, at each end.
    with django_assert_max_num_queries(more):
        made("changes")


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_two_workers_make_one_file_of_one_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SMALL", 0)
    with transaction.atomic():
        a_record("1", legal_name="Acme")
    job, begin = made("changes"), threading.Barrier(2)

    def work() -> None:
        begin.wait()
        try:
            jobs.work_on(job.pk)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    job.refresh_from_db()
    assert (job.state, job.attempt, ReportPart.objects.count()) == ("completed", 1, 1)
