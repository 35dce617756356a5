"""Where the config says so, a run joins and parts published golden records as the evidence says, and people's word stands."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from golden_records.models import CustomerRecord, GoldenCustomer, GoldenState, LinkSource, MatchState, MergeReceipt
from golden_records.selectors import follow
from matching import review, runs
from matching.models import JudgementValue, MatchRun, ReviewTask, TaskState
from matching.verifying import verify
from tests.matching.conftest import ACME, CUSTOMER, Arrive, Submit
from tests.matching.joining import published_are_joined

pytestmark = pytest.mark.django_db

Match = Callable[[str], MatchRun]

NAME = "Acme Ingénierie SAS"
ONE = {"legal_name": NAME, "registration_id": "732829320", "country": "FR"}
OTHER = {"legal_name": NAME, "email": "contact@acme-ingenierie.fr", "phone": "+33 1 42 68 53 00", "city": "Paris", "country": "FR"}


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    with published_are_joined(monkeypatch, tmp_path):
        yield


def bridged(submitted: Submit) -> None:
    """Two golden records are published, and then a record comes that matches both."""
    assert submitted("crm", "1", **ONE).canonical_id != submitted("erp", "2", **OTHER).canonical_id
    submitted("crm", "3", **ACME)


def homes() -> dict[str, object]:
    return dict(CustomerRecord.objects.values_list("external_id", "golden_id"))


def offences() -> list[str]:
    return [finding.check.name for finding in verify() if finding.count]


def test_without_it_a_person_is_asked(submitted: Submit, matched: Match) -> None:
    bridged(submitted)
    matched("customer")
    assert len(set(homes().values())) == 2
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 1


@pytest.mark.usefixtures("joined")
def test_with_it_they_are_merged_with_a_receipt_and_the_question_is_answered(submitted: Submit, matched: Match) -> None:
    bridged(submitted)
    before = homes()
    run = matched("customer")
    assert run.config is not None
    assert len(set(homes().values())) == 1
    receipt = MergeReceipt.objects.get()
    assert (receipt.merged_by, receipt.user_id) == (f"engine:customer@{run.config.version}", None)
    assert f"matching run {run.pk}" in receipt.reason
    assert follow(CUSTOMER, receipt.absorbed_id).pk == receipt.survivor_id
    assert receipt.survivor_id == before["3"], "most of the records are there"
    moved = CustomerRecord.objects.get(pk=receipt.moved_record_ids[0])
    assert (moved.link_source, moved.link["config"]) == (LinkSource.AUTO, run.config.version)
    assert not ReviewTask.objects.filter(state=TaskState.OPEN).exists()
    assert offences() == []


@pytest.mark.usefixtures("joined")
def test_a_merge_that_a_person_undoes_stays_undone(submitted: Submit, matched: Match, steward: User) -> None:
    bridged(submitted)
    before = homes()
    matched("customer")
    review.undo_merge(MergeReceipt.objects.get().pk, user=steward)
    assert homes() == before
    matched("customer")
    assert homes() == before
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 1
    assert offences() == []


@pytest.mark.usefixtures("joined")
def test_golden_records_that_a_person_called_different_are_not_joined(submitted: Submit, matched: Match, steward: User) -> None:
    bridged(submitted)
    before = homes()
    review.decide(ReviewTask.objects.get(state=TaskState.OPEN).pk, answer=JudgementValue.DIFFERENT, user=steward)
    matched("customer")
    assert homes() == before
    assert not MergeReceipt.objects.exists()
    assert offences() == []


@pytest.mark.usefixtures("joined")
def test_what_a_person_merged_is_not_parted_whatever_the_evidence(submitted: Submit, matched: Match, steward: User) -> None:
    submitted("crm", "1", legal_name=NAME, country="FR")
    submitted("erp", "2", legal_name="Acme Ingénierie", country="FR", city="Lyon")
    task = ReviewTask.objects.filter(state=TaskState.OPEN).first()
    assert task is not None
    review.decide(task.pk, answer=JudgementValue.SAME, user=steward)
    matched("customer")
    assert len(set(homes().values())) == 1
    assert CustomerRecord.objects.filter(link_source=LinkSource.MANUAL).exists()


@pytest.mark.usefixtures("joined")
def test_a_second_run_moves_nothing(submitted: Submit, matched: Match) -> None:
    bridged(submitted)
    matched("customer")
    before, history = homes(), CustomerRecord.history.count()
    run = matched("customer")
    assert (homes(), CustomerRecord.history.count(), run.counts.get("moved", 0)) == (before, history, 0)
    assert GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).count() == 1


@pytest.mark.usefixtures("joined")
def test_a_record_that_became_another_customer_is_parted_from_the_rest(submitted: Submit, arrived: Arrive, matched: Match) -> None:
    submitted("crm", "1", **ACME)
    submitted("erp", "2", **ACME)
    arrived("erp", "2", legal_name="Lefebvre Menuiserie", registration_id="542051180", city="Lyon", country="FR")
    before = homes()
    matched("customer")
    assert homes()["1"] == before["1"] != homes()["2"]
    assert CustomerRecord.objects.filter(match_state=MatchState.PENDING).count() == 0
    assert offences() == []


@pytest.mark.usefixtures("joined")
def test_a_person_who_speaks_while_a_run_is_planned_is_heard(submitted: Submit, steward: User) -> None:
    bridged(submitted)
    before = homes()
    run = planned()
    review.decide(ReviewTask.objects.get(state=TaskState.OPEN).pk, answer=JudgementValue.DIFFERENT, user=steward)
    assert runs.work_on(run.pk).counts["moved"] == 0
    assert homes() == before
    assert offences() == []


@pytest.mark.usefixtures("joined")
def test_a_record_that_changes_while_a_run_is_planned_waits_for_the_next(submitted: Submit, matched: Match) -> None:
    bridged(submitted)
    before = homes()
    run = planned()
    submitted("erp", "2", **OTHER, satisfaction="7")
    assert runs.work_on(run.pk).counts["moved"] == 0
    assert homes() == before
    matched("customer")
    assert len(set(homes().values())) == 1
    assert offences() == []


def planned() -> MatchRun:
    run = runs.start(CUSTOMER, actor="test")
    runs.work_on(run.pk, seconds=0)
    return run
