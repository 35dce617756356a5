"""A source no longer has a record: what becomes of its golden record, its questions and its id."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from golden_records.models import (
    ChangeEvent,
    CustomerRecord,
    GoldenCustomer,
    GoldenProject,
    GoldenState,
    ProjectRecord,
    RecordState,
    SourceRecord,
)
from golden_records.selectors import golden, references_of, resolve
from golden_records.withdrawing import withdrawal_of
from matching import review, verifying
from matching.models import BlockingKey, Judgement, JudgementValue, MatchRun, ReviewTask, TaskState
from matching.waiting import match_all_waiting
from matching.withdrawal import withdraw_source_record
from tests.factories import a_record, a_task, into
from tests.matching.conftest import ACME, ACME_IN_ERP, CUSTOMER, PROJECT, Arrive, Submit, by_test

pytestmark = pytest.mark.django_db

Withdraw = Callable[..., SourceRecord]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MOULIN: dict[str, Any] = {"legal_name": "Moulin Conseil SARL", "country": "FR"}


def an_hour(number: int) -> datetime:
    return NOON + timedelta(hours=number)


@pytest.fixture
def withdrawn(sources: object) -> Withdraw:
    del sources

    def withdraw(source: str, external_id: str, *, at: datetime | None = None, entity: str = "customer") -> SourceRecord:
        kind = CUSTOMER if entity == "customer" else PROJECT
        return withdraw_source_record(kind, source=source, external_id=external_id, withdrawn_at=at, change=by_test())

    return withdraw


def record_of(external_id: str) -> CustomerRecord:
    return CustomerRecord.objects.get(external_id=external_id)


def state_of(golden_id: UUID) -> tuple[str, UUID | None]:
    found = GoldenCustomer.objects.get(pk=golden_id)
    return found.state, found.successor_id


def assert_nothing_is_broken() -> None:
    assert [finding.offences for finding in verifying.verify() if finding.count] == []


def test_the_golden_record_is_rebuilt_without_it(submitted: Submit, withdrawn: Withdraw) -> None:
    first = submitted("crm", "1", **ACME)
    submitted("erp", "K1", **(ACME_IN_ERP | {"phone": "+33142685399"}))
    withdrawn("erp", "K1")
    stands = GoldenCustomer.objects.get(pk=first.canonical_id)
    assert (stands.phone, stands.member_count) == ("+33142685300", 1)
    assert record_of("K1").golden_id == first.canonical_id
    assert not BlockingKey.objects.filter(record_id=record_of("K1").pk).exists()
    assert_nothing_is_broken()


def test_a_golden_record_that_loses_its_last_record_is_retired_and_goes_on_answering(submitted: Submit, withdrawn: Withdraw) -> None:
    alone = submitted("crm", "1", **ACME)
    withdrawn("crm", "1")
    view = golden(CUSTOMER, alone.canonical_id)
    assert (view.golden.state, view.followed, view.golden.member_count) == (GoldenState.RETIRED, False, 0)
    assert GoldenCustomer.history.count() == 2
    assert resolve([("crm", "customer", "1")]) == {("crm", "customer", "1"): alone.canonical_id}
    assert_nothing_is_broken()


def test_who_withdrew_it_and_when_is_told(submitted: Submit, withdrawn: Withdraw) -> None:
    submitted("crm", "1", **ACME)
    assert withdrawal_of(CUSTOMER, record_of("1").pk) is None
    record = withdrawn("crm", "1", at=NOON)
    told = withdrawal_of(CUSTOMER, record.pk)
    assert told is not None
    assert (told.at, told.by, told.reason) == (record.updated_at, "api:test", "test")
    withdrawn("crm", "1", at=an_hour(3))
    assert withdrawal_of(CUSTOMER, record.pk) == told


def test_the_same_again_writes_nothing(submitted: Submit, withdrawn: Withdraw) -> None:
    submitted("crm", "1", **ACME)
    withdrawn("crm", "1", at=NOON)
    before = CustomerRecord.history.count(), GoldenCustomer.history.count()
    withdrawn("crm", "1", at=NOON)
    withdrawn("crm", "1")
    assert (CustomerRecord.history.count(), GoldenCustomer.history.count()) == before


def test_a_withdrawal_that_comes_late_does_not_take_what_the_source_has_again(submitted: Submit, withdrawn: Withdraw) -> None:
    submitted("crm", "1", **ACME, source_updated_at=an_hour(2))
    assert withdrawn("crm", "1", at=an_hour(1)).state == RecordState.ACTIVE
    assert withdrawn("crm", "1", at=an_hour(2)).state == RecordState.WITHDRAWN


@pytest.mark.parametrize("withdrawn_at", [None, 2])
def test_what_was_sent_before_does_not_bring_it_back_when_it_comes_late(
    submitted: Submit, withdrawn: Withdraw, withdrawn_at: int | None
) -> None:
    submitted("crm", "1", **ACME, source_updated_at=an_hour(1))
    withdrawn("crm", "1", at=an_hour(withdrawn_at) if withdrawn_at else None)
    for hour in (0, 1):
        assert submitted("crm", "1", **ACME, source_updated_at=an_hour(hour)).outcome == "unchanged"
    assert record_of("1").state == RecordState.WITHDRAWN
    assert submitted("crm", "1", **ACME, source_updated_at=an_hour(3)).record.state == RecordState.ACTIVE


def test_a_later_withdrawal_of_a_withdrawn_record_moves_its_time_on(submitted: Submit, withdrawn: Withdraw) -> None:
    submitted("crm", "1", **ACME, source_updated_at=an_hour(1))
    withdrawn("crm", "1", at=an_hour(2))
    withdrawn("crm", "1", at=an_hour(4))
    assert submitted("crm", "1", **ACME, source_updated_at=an_hour(3)).outcome == "unchanged"


def test_one_that_comes_back_is_in_its_golden_record_again(submitted: Submit, withdrawn: Withdraw) -> None:
    first = submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    withdrawn("erp", "K1")
    assert submitted("erp", "K1", **ACME_IN_ERP).canonical_id == first.canonical_id
    assert GoldenCustomer.objects.get().member_count == 2
    assert_nothing_is_broken()


def test_the_last_of_a_golden_record_brings_it_back(submitted: Submit, withdrawn: Withdraw) -> None:
    alone = submitted("crm", "1", **ACME)
    withdrawn("crm", "1")
    assert submitted("crm", "1", **ACME).canonical_id == alone.canonical_id
    assert state_of(alone.canonical_id) == (GoldenState.ACTIVE, None)
    assert_nothing_is_broken()


def test_one_that_comes_back_as_another_customer_goes_to_that_and_its_old_id_answers_with_it(
    submitted: Submit, withdrawn: Withdraw
) -> None:
    alone = submitted("crm", "1", legal_name="Lefebvre Menuiserie", city="Lyon", country="FR")
    acme = submitted("erp", "K1", **ACME_IN_ERP)
    withdrawn("crm", "1")
    assert submitted("crm", "1", **ACME).canonical_id == acme.canonical_id
    assert state_of(alone.canonical_id) == (GoldenState.RETIRED, acme.canonical_id)
    assert_nothing_is_broken()


def test_a_question_about_it_is_closed_and_asked_again_when_it_comes_back(submitted: Submit, withdrawn: Withdraw) -> None:
    submitted("crm", "1", **MOULIN)
    submitted("erp", "K1", **MOULIN)
    asked = ReviewTask.objects.get()
    withdrawn("erp", "K1")
    closed = ReviewTask.objects.get()
    assert (closed.state, closed.history.first().history_change_reason) == (TaskState.OBSOLETE, "test")
    submitted("erp", "K1", **MOULIN)
    assert [task.state for task in ReviewTask.objects.order_by("id")] in (["open"], ["obsolete", "open"])
    assert ReviewTask.objects.last().left_golden_id == asked.left_golden_id  # type: ignore[union-attr]
    assert_nothing_is_broken()


def test_a_question_that_another_record_raises_too_is_asked_through_that(submitted: Submit, withdrawn: Withdraw, steward: User) -> None:
    for source, external_id in (("crm", "1"), ("erp", "K1"), ("erp", "K2")):
        submitted(source, external_id, **MOULIN)
    first = ReviewTask.objects.get(left_record_id=record_of("1").pk, right_record_id=record_of("K1").pk)
    review.decide(first.pk, answer=JudgementValue.SAME, user=steward)
    asked = ReviewTask.objects.get(state=TaskState.OPEN)
    other = {record_of("1").pk, record_of("K1").pk} - {asked.left_record_id, asked.right_record_id}
    gone = record_of("1") if asked.left_record_id == record_of("1").pk else record_of("K1")
    withdrawn(gone.source.code, gone.external_id)
    again = ReviewTask.objects.get(state=TaskState.OPEN)
    assert (again.left_golden_id, again.right_golden_id) == (asked.left_golden_id, asked.right_golden_id)
    assert {again.left_record_id, again.right_record_id} == other | {record_of("K2").pk}
    assert_nothing_is_broken()


def test_a_judgement_on_it_still_binds(submitted: Submit, withdrawn: Withdraw, steward: User, matched: Callable[[], MatchRun]) -> None:
    submitted("crm", "1", **MOULIN)
    submitted("erp", "K1", **MOULIN)
    review.decide(ReviewTask.objects.get().pk, answer=JudgementValue.SAME, user=steward)
    together = record_of("1").golden_id
    withdrawn("erp", "K1")
    matched()
    assert Judgement.objects.get().withdrawn_at is None
    assert submitted("erp", "K1", **(MOULIN | {"legal_name": "Tout Autre Nom"})).canonical_id == together
    assert_nothing_is_broken()


def test_different_keeps_others_out_also_while_it_is_withdrawn(submitted: Submit, withdrawn: Withdraw, steward: User) -> None:
    submitted("crm", "1", **MOULIN)
    submitted("erp", "K1", **MOULIN)
    review.decide(ReviewTask.objects.get().pk, answer=JudgementValue.DIFFERENT, user=steward)
    withdrawn("erp", "K1")
    withdrawn("crm", "1")
    submitted("erp", "K1", **(MOULIN | {"city": "Lille"}))
    submitted("crm", "1", **(MOULIN | {"city": "Lille"}))
    assert record_of("1").golden_id != record_of("K1").golden_id
    assert_nothing_is_broken()


def test_a_merge_of_a_golden_record_with_a_withdrawn_record_can_be_undone(submitted: Submit, withdrawn: Withdraw, steward: User) -> None:
    older = submitted("crm", "1", **MOULIN).canonical_id
    younger = submitted("erp", "K1", **MOULIN).canonical_id
    task = ReviewTask.objects.get()
    review.decide(task.pk, answer=JudgementValue.SAME, user=steward)
    withdrawn("erp", "K1")
    review.undo(task.pk, user=steward)
    assert (state_of(older)[0], state_of(younger)) == (GoldenState.ACTIVE, (GoldenState.RETIRED, None))
    assert ReviewTask.objects.get().state == TaskState.OBSOLETE
    assert_nothing_is_broken()
    submitted("erp", "K1", **MOULIN)
    assert state_of(younger) == (GoldenState.ACTIVE, None)
    assert_nothing_is_broken()


def test_one_whose_golden_record_was_merged_away_meanwhile_is_nowhere_until_it_is_matched(
    submitted: Submit, withdrawn: Withdraw, arrived: Arrive, steward: User
) -> None:
    first, gone, left = a_record("1", **MOULIN), a_record("2", **MOULIN), a_record("3", **MOULIN)
    into(gone, left.golden_id)
    withdrawn("crm", "2")
    review.decide(a_task(first, left).pk, answer=JudgementValue.SAME, user=steward)
    arrived("crm", "2", **MOULIN)
    told = [check for check in verifying.CHECKS if check.name == "links are told"]
    assert [finding.count for finding in verifying.verify(checks=told)] == [0]
    assert submitted("crm", "2", **MOULIN, city="Lyon").canonical_id == first.golden_id
    assert [finding.count for finding in verifying.verify(checks=told)] == [0]


def test_a_run_asks_nothing_of_one_that_came_back_before_it_has_its_golden_record_again(
    submitted: Submit, withdrawn: Withdraw, arrived: Arrive, matched: Callable[[], MatchRun]
) -> None:
    submitted("crm", "1", **MOULIN)
    last = MOULIN | {"legal_name": "MOULIN CONSEIL"}
    assert submitted("crm", "2", **last).outcome == "review"
    withdrawn("crm", "2")
    arrived("crm", "2", **last)
    matched()
    assert not [finding.check.name for finding in verifying.verify() if finding.count]
    match_all_waiting(CUSTOMER, seconds=5)
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 1


def test_a_project_keeps_its_customer_when_the_record_that_it_names_is_withdrawn(submitted: Submit, withdrawn: Withdraw) -> None:
    customer = submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    project = submitted("crm", "P-1", entity="project", title="Refonte SI Achats", customer="1")
    withdrawn("crm", "1")
    stands = GoldenProject.objects.get(pk=project.canonical_id)
    assert references_of(PROJECT, [stands])[stands.pk]["customer"] == customer.canonical_id


def test_projects_are_withdrawn_the_same_way(submitted: Submit, withdrawn: Withdraw) -> None:
    project = submitted("crm", "P-1", entity="project", title="Refonte SI Achats")
    withdrawn("crm", "P-1", entity="project")
    assert ProjectRecord.objects.get().state == RecordState.WITHDRAWN
    assert GoldenProject.objects.get(pk=project.canonical_id).state == GoldenState.RETIRED


def test_the_feed_tells_that_it_left_and_that_it_is_back(submitted: Submit, withdrawn: Withdraw) -> None:
    alone = submitted("crm", "1", **ACME)
    withdrawn("crm", "1")
    submitted("crm", "1", **ACME)
    told = ChangeEvent.objects.order_by("id").values_list("type", "golden_id", "external_id", "caused_by")
    assert [(kind, external_id, cause) for kind, _, external_id, cause in told] == [
        ("created", None, "crm"),
        ("linked", "1", "crm"),
        ("retired", None, None),
        ("withdrawn", "1", "crm"),
        ("unmerged", None, "crm"),
        ("linked", "1", "crm"),
    ]
    assert {golden_id for _, golden_id, _, _ in told} == {alone.canonical_id}


def test_a_withdrawal_costs_a_bounded_number_of_statements(submitted: Submit, withdrawn: Withdraw, database: str) -> None:
    submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    with CaptureQueriesContext(connection) as queries:
        withdrawn("erp", "K1")
    cost = sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN")) for query in queries)
    assert cost <= {"postgresql": 19, "sqlite": 24}[database], [query["sql"][:120] for query in queries]
