"""A matching run: planned once, applied in chunks, resumed by whoever takes it."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError
from django.utils import timezone

from golden_records.models import CustomerRecord, GoldenCustomer, MatchState
from matching import apply, chunks, runs
from matching.models import BlockingKey, MatchDecision, MatchRun, ReviewTask, RunChunk, RunState
from matching.verifying import verify
from tests.matching.conftest import ACME, ACME_IN_ERP, CUSTOMER, Arrive, Submit

pytestmark = pytest.mark.django_db

Match = Callable[[], MatchRun]
FIRMS = ("Dubois Transports", "Lefebvre Menuiserie", "Garnier Optique", "Roussel Logistique", "Chevalier Bâtiment", "Fontaine Paysages")


@pytest.fixture
def waiting(arrived: Arrive) -> None:
    """Six firms that both systems know, the ERP in capitals."""
    for number, name in enumerate(FIRMS):
        told = {"phone": f"+3314268530{number}", "postcode": "75002", "city": "Paris", "country": "FR"}
        arrived("crm", f"C{number}", legal_name=f"{name} SARL", **told)
        arrived("erp", f"E{number}", legal_name=name.upper(), **told)


@pytest.mark.usefixtures("waiting")
def test_records_of_one_customer_come_together_and_each_knows_why(matched: Match) -> None:
    run = matched()
    assert run.state == RunState.COMPLETED
    assert GoldenCustomer.objects.count() == len(FIRMS)
    for number in range(len(FIRMS)):
        one, other = (CustomerRecord.objects.get(external_id=f"{letter}{number}") for letter in "CE")
        assert one.golden_id == other.golden_id
        assert one.link["record"] == other.pk
        assert MatchDecision.objects.get(left_record_id=one.pk, right_record_id=other.pk).levels == one.link["levels"]
    assert run.counts["created"] == len(FIRMS)
    assert not RunChunk.objects.exists()


@pytest.mark.usefixtures("waiting")
def test_a_chunk_is_written_in_parts_without_cutting_a_golden_record_in_two(matched: Match, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "_PART", 1)
    run = matched()
    assert (run.counts["created"], run.counts["matched"], run.counts["left"]) == (len(FIRMS), 2 * len(FIRMS), 0)
    assert set(GoldenCustomer.objects.values_list("member_count", "version")) == {(2, 1)}
    assert not [finding.check.name for finding in verify() if finding.count]


@pytest.mark.usefixtures("waiting")
def test_a_run_replaces_the_keys_of_a_record_that_has_changed(matched: Match, arrived: Arrive) -> None:
    matched()
    record = CustomerRecord.objects.get(external_id="C0")
    before = set(BlockingKey.objects.filter(record_id=record.pk).values_list("rule", "key"))
    arrived("crm", "C0", legal_name="Dubois Transports SARL", phone="+33142685399", postcode="75002", city="Paris", country="FR")
    matched()
    after = list(BlockingKey.objects.filter(record_id=record.pk).values_list("rule", "key"))
    assert len(after) == len(set(after))
    assert set(after) != before
    assert not [finding.check.name for finding in verify() if finding.count]


@pytest.mark.usefixtures("waiting")
def test_a_second_run_changes_nothing(matched: Match) -> None:
    matched()
    before = _published()
    matched()
    assert _published() == before


@pytest.mark.usefixtures("waiting")
def test_new_records_join_the_golden_records_that_are_there(matched: Match, arrived: Arrive) -> None:
    matched()
    before = dict(CustomerRecord.objects.values_list("external_id", "golden_id"))
    arrived("crm", "C9", legal_name="Dubois Transports", phone="+33142685300", postcode="75002", city="Paris", country="FR")
    matched()
    after = dict(CustomerRecord.objects.values_list("external_id", "golden_id"))
    assert after.pop("C9") == before["C0"]
    assert after == before


@pytest.mark.usefixtures("waiting")
def test_batch_and_real_time_find_the_same_customers(matched: Match, submitted: Submit) -> None:
    matched()
    answer = submitted("crm", "C9", legal_name="Dubois Transports", phone="+33142685300", postcode="75002", city="Paris", country="FR")
    assert answer.canonical_id == CustomerRecord.objects.get(external_id="C0").golden_id


@pytest.mark.usefixtures("waiting")
def test_a_run_that_is_interrupted_goes_on_with_the_chunk_that_was_not_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "RECORDS", 4)
    run = runs.start(CUSTOMER, actor="test")
    _break_after(monkeypatch, applied=2)
    with pytest.raises(KeyboardInterrupt):
        runs.work_on(run.pk)
    matched_before = CustomerRecord.objects.filter(match_state=MatchState.MATCHED).count()
    assert 0 < matched_before < 2 * len(FIRMS)
    monkeypatch.undo()
    assert runs.work_on(run.pk).state == RunState.RUNNING, "its lease still stands: nobody may take it"
    MatchRun.objects.update(lease_until=timezone.now())
    finished = runs.work_on(run.pk)
    assert (finished.state, finished.attempt) == (RunState.COMPLETED, 2)
    assert GoldenCustomer.objects.count() == len(FIRMS)
    assert not CustomerRecord.objects.filter(match_state=MatchState.PENDING).exists()


@pytest.mark.usefixtures("waiting")
def test_a_record_that_changes_after_the_plan_is_left_for_the_next_run(
    monkeypatch: pytest.MonkeyPatch, arrived: Arrive, matched: Match
) -> None:
    _before_first_chunk(monkeypatch, lambda: arrived("crm", "C0", legal_name="Dubois Transports Express", city="Lyon", country="FR"))
    first = matched()
    assert first.counts["left"] == 1
    assert CustomerRecord.objects.get(match_state=MatchState.PENDING).external_id == "C0"
    monkeypatch.undo()
    matched()
    assert not CustomerRecord.objects.filter(match_state=MatchState.PENDING).exists()


def test_a_customer_that_is_sent_while_a_run_is_applied_is_not_born_twice(
    arrived: Arrive, submitted: Submit, monkeypatch: pytest.MonkeyPatch, matched: Match
) -> None:
    arrived("crm", "1", **ACME)
    newcomer: list[UUID] = []
    _before_first_chunk(monkeypatch, lambda: newcomer.append(submitted("erp", "K100", **ACME_IN_ERP).canonical_id))
    matched()
    monkeypatch.undo()
    matched()
    assert set(CustomerRecord.objects.values_list("golden_id", flat=True)) == set(newcomer)


def test_only_one_run_of_an_entity_type_is_under_way() -> None:
    assert runs.start(CUSTOMER, actor="one").pk == runs.start(CUSTOMER, actor="two").pk


@pytest.mark.usefixtures("waiting")
def test_a_run_that_keeps_failing_is_given_up_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> dict[str, int]:
        message = "disk is full"
        raise OSError(message)

    monkeypatch.setattr(runs, "apply_chunk", broken)
    run = runs.start(CUSTOMER, actor="test")
    for _ in range(5):
        with pytest.raises(OSError, match="disk is full"):
            runs.work_on(run.pk)
    failed = MatchRun.objects.get()
    assert failed.state == RunState.FAILED
    assert "disk is full" in failed.error


@pytest.mark.usefixtures("waiting")
def test_every_record_can_be_found_by_its_keys_after_a_run(matched: Match) -> None:
    matched()
    found = set(BlockingKey.objects.values_list("record_id", flat=True))
    assert found == set(CustomerRecord.objects.values_list("id", flat=True))


def test_the_number_of_statements_does_not_grow_with_the_number_of_records(
    arrived: Arrive, matched: Match, django_assert_max_num_queries: Any
) -> None:
    for number in range(40):
        arrived("crm", str(number), legal_name=f"{FIRMS[number % 6]} {number}", city="Paris", country="FR")
    with django_assert_max_num_queries(70):
        matched()


def _break_after(monkeypatch: pytest.MonkeyPatch, *, applied: int) -> None:
    done: list[int] = []
    original = apply.apply_chunk

    def breaking(chunk: chunks.Chunk, under: apply.Applying) -> dict[str, int]:
        if len(done) == applied:
            raise KeyboardInterrupt
        done.append(1)
        return original(chunk, under)

    monkeypatch.setattr(runs, "apply_chunk", breaking)


def _before_first_chunk(monkeypatch: pytest.MonkeyPatch, happening: Callable[[], object]) -> None:
    waiting_to_happen = [happening]
    original = runs._apply  # noqa: SLF001 - the moment between plan and effect has no public door

    def after_happening(run: MatchRun, chunk: RunChunk) -> None:
        if waiting_to_happen:
            waiting_to_happen.pop()()
        original(run, chunk)

    monkeypatch.setattr(runs, "_apply", after_happening)


def _published() -> list[object]:
    return [
        list(CustomerRecord.objects.order_by("id").values("id", "golden_id", "version", "link", "linked_at")),
        list(CustomerRecord.history.order_by("history_id").values_list("history_id", flat=True)),
        list(GoldenCustomer.objects.order_by("id").values()),
        list(GoldenCustomer.history.order_by("history_id").values_list("history_id", flat=True)),
        list(BlockingKey.objects.order_by("record_id", "rule", "key").values("record_id", "rule", "key")),
        list(ReviewTask.objects.order_by("id").values()),
    ]


def test_a_beat_that_the_database_refuses_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    beats, enough = list[object](), threading.Event()

    class Held:
        def update(self, *, lease_until: datetime) -> None:
            beats.append(lease_until)
            if len(beats) == 1:
                raise OperationalError("database is locked")
            enough.set()

    monkeypatch.setattr(runs, "_HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(runs, "_held", lambda _run: Held())
    with runs._heartbeat(MatchRun(pk=1)):  # noqa: SLF001 - nobody outside hears it
        assert enough.wait(10)
