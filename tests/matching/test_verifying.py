"""Everything that must always hold is checked: what is right passes, and each thing that is wrong is found and named."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone
from structlog.testing import capture_logs

from golden_records import merging
from golden_records.models import CustomerRecord, GoldenCustomer, ImportJob, MergeReceipt, SourceRecord, SourceSystem
from golden_records.models.golden import new_canonical_id
from matching import review, tasks
from matching.models import BlockingKey, Judgement, JudgementValue, MatchDecision, Pulse, ReviewTask
from matching.verifying import CHECKS, verify
from tests.factories import a_change, a_record, a_steward, a_task, into
from tests.matching.conftest import ACME, ACME_IN_ERP, CUSTOMER, Submit

pytestmark = pytest.mark.django_db

RECORDS, GOLDENS = CustomerRecord.objects, GoldenCustomer.objects


@pytest.fixture
def told(submitted: Submit) -> dict[str, UUID]:
    """A customer of two sources, another one, and a question that was answered: all as it must be."""
    acme = submitted("crm", "1", **ACME).canonical_id
    assert submitted("erp", "K100", **ACME_IN_ERP).canonical_id == acme
    other = submitted("crm", "2", legal_name="Lefebvre Menuiserie", city="Lyon").canonical_id
    assert other != acme
    return {"acme": acme, "other": other}


def offences(*names: str) -> dict[str, int]:
    """How many offences there are, by check; those without any are left out."""
    chosen = [check for check in CHECKS if not names or check.name in names]
    return {finding.check.name: finding.count for finding in verify(checks=chosen) if finding.count}


def record(external_id: str) -> SourceRecord:
    return RECORDS.get(external_id=external_id)


@pytest.mark.usefixtures("told")
def test_what_was_made_through_the_service_has_no_offence(submitted: Submit) -> None:
    submitted("erp", "K100", **(ACME_IN_ERP | {"phone": "+33 1 42 68 53 01"}))
    left, right = a_record("m1", legal_name="Acme"), a_record("m2", source="erp", legal_name="Acme SA")
    review.decide(a_task(left, right).pk, answer=JudgementValue.SAME, user=a_steward())
    # What the makers of tests put into golden records has no blocking keys.
    assert offences().keys() <= {"blocking keys"}


def _retire(told: dict[str, UUID]) -> None:
    GOLDENS.filter(pk=told["other"]).update(state="retired")


def _empty(told: dict[str, UUID]) -> None:
    RECORDS.filter(golden_id=told["other"]).update(golden_id=told["acme"])


def _forget(told: dict[str, UUID]) -> None:
    RECORDS.filter(golden_id=told["other"]).update(golden_id=None, match_state="pending")
    GOLDENS.filter(pk=told["other"]).delete()


def _circle(told: dict[str, UUID]) -> None:
    GOLDENS.filter(pk=told["acme"]).update(state="retired", successor=told["other"])
    GOLDENS.filter(pk=told["other"]).update(state="retired", successor=told["acme"])


def _other_value(told: dict[str, UUID]) -> None:
    GOLDENS.filter(pk=told["acme"]).update(city="Nowhere")


def _other_source(told: dict[str, UUID]) -> None:
    lineage = GOLDENS.get(pk=told["acme"]).lineage
    GOLDENS.filter(pk=told["acme"]).update(lineage=lineage | {"city": lineage["city"] | {"source": "nobody"}})


def _back_in_time(told: dict[str, UUID]) -> None:
    entry = CustomerRecord.history.filter(golden_id=told["other"]).get()
    CustomerRecord.history.filter(pk=entry.pk).update(version=2)
    entry.pk, entry.version = None, 1
    entry.save()


def _merge_that_nobody_can_undo(told: dict[str, UUID]) -> None:
    merging.merge(CUSTOMER, survivor_id=told["acme"], absorbed_id=told["other"], change=a_change(), terms=merging.Terms({}))
    CustomerRecord.history.filter(golden_id=told["other"]).delete()


def _merge_whose_golden_record_stands(told: dict[str, UUID]) -> None:
    merging.merge(CUSTOMER, survivor_id=told["acme"], absorbed_id=told["other"], change=a_change(), terms=merging.Terms({}))
    GOLDENS.filter(pk=told["other"]).update(state="active", successor=None)


def _written_beside(told: dict[str, UUID]) -> None:
    RECORDS.filter(golden_id=told["acme"], external_id="1").update(phone="+33100000000")


def _row_gone(told: dict[str, UUID]) -> None:
    # Not through Django: that would tell history.
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM golden_records_customerrecord WHERE id = %s", [record("K100").pk])
    assert GOLDENS.filter(pk=told["acme"]).exists()


def _row_not_counted(told: dict[str, UUID]) -> None:
    del told
    now, crm = timezone.now(), SourceSystem.objects.get(code="crm")
    ImportJob.objects.create(source=crm, entity="customer", state="completed", rows_done=3, created=2, started_at=now, finished_at=now)


def _keys_gone(told: dict[str, UUID]) -> None:
    del told
    BlockingKey.objects.filter(record_id=record("1").pk).delete()


def _match_missed(told: dict[str, UUID]) -> None:
    del told
    into(record("K100"), new_canonical_id())


PLANTED: tuple[tuple[str, Callable[[dict[str, UUID]], None]], ...] = (
    ("partition", _retire),
    ("no empty golden record", _empty),
    ("ids answer", _forget),
    ("ids answer", _circle),
    ("values", _other_value),
    ("provenance", _other_source),
    ("no lost update", _back_in_time),
    ("reversible", _merge_that_nobody_can_undo),
    ("reversible", _merge_whose_golden_record_stands),
    ("replay", _written_beside),
    ("replay", _row_gone),
    ("conservation", _row_not_counted),
    ("blocking keys", _keys_gone),
    ("auto-match completeness", _match_missed),
)


@pytest.mark.parametrize(("name", "plant"), PLANTED, ids=[plant.__name__.strip("_") for _, plant in PLANTED])
def test_a_planted_offence_is_found(told: dict[str, UUID], name: str, plant: Callable[[dict[str, UUID]], None]) -> None:
    assert not offences()
    plant(told)
    assert offences(name)


@pytest.mark.only_on("postgresql")
def test_a_source_record_that_is_there_twice_is_found(told: dict[str, UUID], database: str) -> None:
    del told, database
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE golden_records_customerrecord DROP CONSTRAINT customer_record_source_identity")
    copy: Any = record("1")
    copy.pk = None
    copy.save()
    assert offences("source identity") == {"source identity": 1}


@pytest.fixture
def judged() -> ReviewTask:
    """Two records that a steward said are different."""
    left, right = a_record("j1", legal_name="Acme"), a_record("j2", source="erp", legal_name="Acme SA")
    task = a_task(left, right)
    review.decide(task.pk, answer=JudgementValue.DIFFERENT, user=a_steward())
    return ReviewTask.objects.get(pk=task.pk)


@pytest.mark.usefixtures("judged")
def test_records_that_a_steward_told_apart_and_are_together_are_found() -> None:
    assert not offences("judgements bind")
    into(record("j2"), record("j1").golden_id)
    assert offences("judgements bind") == {"judgements bind": 1}


def test_records_that_a_steward_brought_together_and_are_apart_are_found(judged: ReviewTask) -> None:
    Judgement.objects.filter(task=judged).update(value=JudgementValue.SAME)
    assert offences("judgements bind", "replay of review") == {"judgements bind": 1, "replay of review": 1}


def test_a_decision_without_a_judgement_is_found(judged: ReviewTask) -> None:
    assert not offences("task coherence")
    Judgement.objects.filter(task=judged).delete()
    assert offences("task coherence") == {"task coherence": 1}


def test_open_questions_on_what_is_settled_or_elsewhere_are_found(judged: ReviewTask) -> None:
    ReviewTask.objects.filter(pk=judged.pk).update(state="open")
    assert offences("task coherence") == {"task coherence": 1}
    Judgement.objects.filter(task=judged).update(withdrawn_at=timezone.now())
    assert not offences("task coherence")
    into(record("j2"), new_canonical_id())
    assert offences("task coherence") == {"task coherence": 1}


def test_a_match_that_is_asked_about_is_no_offence(told: dict[str, UUID]) -> None:
    _match_missed(told)
    a_task(record("1"), record("K100"))
    assert not offences("auto-match completeness")


def test_the_command_names_offences_and_ends_with_1(told: dict[str, UUID]) -> None:
    out = StringIO()
    call_command("verify", stdout=out)
    assert out.getvalue().count(" holds ") == len(CHECKS)
    _other_value(told)
    out = StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("verify", "--json", stdout=out)
    assert ended.value.returncode == 1
    lines = {line["check"]: line for line in map(json.loads, out.getvalue().splitlines())}
    assert lines["values"]["named"][0]["ids"] == {"golden": str(told["acme"])}
    assert "Nowhere" not in out.getvalue()
    call_command("rebuild", "customer", str(told["acme"]), stdout=StringIO())
    assert not offences("values", "provenance", "replay")


def test_the_nightly_task_logs_what_is_broken_without_values(told: dict[str, UUID]) -> None:
    _other_value(told)
    with capture_logs() as logs:
        tasks.verify()
    broken = {line["check"] for line in logs if line["event"] == "invariant_broken"}
    assert {"values", "provenance", "replay"} <= broken
    assert "Nowhere" not in str(logs)


@pytest.mark.django_db(transaction=True)
def test_the_nightly_task_keeps_what_it_found(told: dict[str, UUID]) -> None:
    _other_value(told)
    tasks.verify()
    found = dict(Pulse.objects.filter(name__startswith=tasks.VERIFIED).values_list("name", "found"))
    assert found.keys() == {f"{tasks.VERIFIED}{check.name}" for check in CHECKS}
    assert {name for name, count in found.items() if count} == {f"{tasks.VERIFIED}{name}" for name in ("values", "provenance", "replay")}


@pytest.mark.django_db(transaction=True)
@pytest.mark.only_on("postgresql")
def test_all_is_read_as_it_was_when_it_began_though_the_caller_writes(told: dict[str, UUID], database: str) -> None:
    del database
    found = verify()
    assert next(found).count == 0
    GOLDENS.filter(pk=told["acme"]).update(city="Nowhere")
    assert not sum(finding.count for finding in found)
    assert offences().keys() == {"values", "provenance", "replay"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wanted", ["values", "provenance"])
def test_checks_that_are_found_along_with_each_other_are_found_alone_too(told: dict[str, UUID], wanted: str) -> None:
    _other_value(told)
    assert offences(wanted) == {wanted: 1}


@pytest.mark.django_db(transaction=True)
def test_the_checks_write_nothing(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    before = MatchDecision.objects.count(), MergeReceipt.objects.count(), CustomerRecord.history.count()
    assert not offences()
    assert (MatchDecision.objects.count(), MergeReceipt.objects.count(), CustomerRecord.history.count()) == before


@pytest.mark.slow
@pytest.mark.only_on("postgresql")
def test_the_demonstration_firm_has_no_offence(database: str) -> None:
    del database
    call_command("load_demo", stdout=StringIO())
    assert GOLDENS.exists()
    assert not offences()
