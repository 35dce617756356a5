"""Many tasks at once: seen before, done task by task, told one by one, and taken back with one button."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from golden_records.entities import entity_type
from golden_records.errors import NothingToUndo
from golden_records.models import CustomerRecord, GoldenCustomer, GoldenState
from matching import bulk_answers, claims, review, verifying
from matching.asked import Case
from matching.bulk_answers import BulkTooLarge, Wish
from matching.bulk_preview import Foreseen, foresee
from matching.models import Bulk, BulkAct, FourEyesRule, JudgementValue, Proposal, ProposalState, ReviewTask, TaskState
from tests.e2e.workplace import a_hostile_pair, a_question_that_a_change_raised, doubtful_pairs
from tests.factories import a_record, a_task

pytestmark = pytest.mark.django_db
QUEUE = "/admin/matching/reviewtask/"


def a_chain() -> list[ReviewTask]:
    """Three records, and the questions on each two of them."""
    known: dict[str, Any] = {"legal_name": "Moulin Conseil SARL", "country": "FR", "city": "Lyon"}
    records = [a_record(f"c{number}", source=source, **known) for number, source in enumerate(("crm", "erp", "web"))]
    return [a_task(records[left], records[right]) for left, right in ((0, 1), (1, 2), (0, 2))]


def effects(tasks: list[ReviewTask], act: BulkAct, user: User) -> list[str]:
    return [line.effect for line in foresee(tasks, act, user_id=user.pk)]


def do(tasks: list[ReviewTask], act: BulkAct, user: User, **more: Any) -> Bulk:
    seen = tuple((task.pk, task.version) for task in tasks)
    return bulk_answers.carry_out(Wish(act, seen, Case(correlation_id=uuid4().hex), **more), user=user)


def results(bulk: Bulk) -> list[str]:
    return [outcome["result"] for outcome in bulk.outcomes]


def clusters() -> set[frozenset[str]]:
    found: dict[Any, set[str]] = {}
    for golden_id, external_id in CustomerRecord.objects.values_list("golden_id", "external_id"):
        found.setdefault(golden_id, set()).add(external_id)
    return {frozenset(members) for members in found.values()}


def broken() -> set[str]:
    return {finding.check.name for finding in verifying.verify() if finding.count} - {"blocking keys"}


def test_a_chain_is_foreseen_and_comes_out_as_one_golden_record(grace: User) -> None:
    tasks = a_chain()
    lines = foresee(tasks, BulkAct.SAME, user_id=grace.pk)
    assert [(line.effect, line.chain) for line in lines] == [("merge", 3), ("merge", 3), ("settled", 3)]
    assert results(do(tasks, BulkAct.SAME, grace)) == ["done", "done", "settled"]
    assert clusters() == {frozenset({"c0", "c1", "c2"})}
    assert broken() == set()


def test_a_question_that_a_merge_closes_is_answered_where_another_one_asks_it_now(grace: User) -> None:
    first, second, _third = a_chain()
    assert results(do([first, second], BulkAct.SAME, grace)) == ["done", "done"]
    assert clusters() == {frozenset({"c0", "c1", "c2"})}


def test_undo_all_brings_everything_back(grace: User, henri: User) -> None:
    tasks = a_chain() + doubtful_pairs(2)
    before = clusters()
    bulk = do(tasks, BulkAct.SAME, grace)
    assert len(clusters()) == len(before) - 4
    undone = bulk_answers.undo_all(bulk, user=henri)
    assert clusters() == before
    assert results(undone) == ["undone", "undone", "settled", "undone", "undone"]
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == len(tasks)
    with pytest.raises(NothingToUndo):
        bulk_answers.undo_all(bulk, user=henri)
    assert broken() == set()


def test_what_a_judgement_forbids_is_foreseen_and_refused_and_the_rest_is_done(grace: User) -> None:
    first, second, third = a_chain()
    review.decide(third.pk, answer=JudgementValue.DIFFERENT, user=grace)
    assert effects([first, second], BulkAct.SAME, grace) == ["merge", "refused"]
    bulk = do([first, second], BulkAct.SAME, grace)
    assert results(bulk) == ["done", "refused"]
    assert bulk.outcomes[1]["why"]
    assert clusters() == {frozenset({"c0", "c1"}), frozenset({"c2"})}


def test_what_another_has_claimed_and_what_was_decided_is_refused(grace: User, henri: User) -> None:
    claimed, decided, free = doubtful_pairs(3)
    claims.claim(claimed.pk, user=henri)
    seen = [ReviewTask.objects.get(pk=task.pk) for task in (claimed, decided, free)]
    review.decide(decided.pk, answer=JudgementValue.UNSURE, user=henri)
    assert effects(list(ReviewTask.objects.order_by("id")), BulkAct.DIFFERENT, grace) == ["refused", "refused", "apart"]
    bulk = do(seen, BulkAct.DIFFERENT, grace)
    assert results(bulk) == ["refused", "refused", "done"]
    assert "henri has claimed" in bulk.outcomes[0]["why"]


def test_what_somebody_changed_after_the_preview_is_left_alone(grace: User, henri: User) -> None:
    first, second, _third = a_chain()
    review.decide(first.pk, answer=JudgementValue.SAME, user=henri)
    bulk = do([second], BulkAct.DIFFERENT, grace)
    moved = ReviewTask.objects.get(pk=second.pk)
    assert results(bulk) == (["refused"] if moved.version != second.version else ["done"])


def test_under_four_eyes_a_bulk_only_proposes_and_undo_withdraws(grace: User) -> None:
    tasks = doubtful_pairs(2)
    FourEyesRule.objects.create(reason="audit")
    assert effects(tasks, BulkAct.SAME, grace) == ["propose", "propose"]
    bulk = do(tasks, BulkAct.SAME, grace, comment="one list from the register")
    assert results(bulk) == ["proposed", "proposed"]
    assert GoldenCustomer.objects.filter(state=GoldenState.RETIRED).count() == 0
    assert set(Proposal.objects.values_list("comment", flat=True)) == {"one list from the register"}
    assert results(bulk_answers.undo_all(bulk, user=grace)) == ["undone", "undone"]
    assert set(Proposal.objects.values_list("state", flat=True)) == {ProposalState.WITHDRAWN}


def test_many_are_put_off_or_handed_on_and_brought_back(grace: User, henri: User) -> None:
    tasks = doubtful_pairs(3)
    day = timezone.localdate() + timedelta(days=7)
    assert effects(tasks, BulkAct.DEFER, grace) == ["defer"] * 3
    deferred = do(tasks, BulkAct.DEFER, grace, until=day, comment="after the fair")
    assert ReviewTask.objects.filter(deferred_until=day, note="after the fair").count() == 3
    bulk_answers.undo_all(deferred, user=grace)
    assert not ReviewTask.objects.filter(deferred_until__isnull=False).exists()
    handed = do(list(ReviewTask.objects.order_by("id")), BulkAct.HAND, grace, to=henri)
    assert ReviewTask.objects.filter(assignee=henri).count() == 3
    bulk_answers.undo_all(handed, user=grace)
    assert not ReviewTask.objects.filter(assignee__isnull=False).exists()


def test_a_doubt_about_one_golden_record_is_foreseen_as_such(grace: User) -> None:
    task = a_question_that_a_change_raised()
    found = [effects([task], act, grace)[0] for act in (BulkAct.SAME, BulkAct.DIFFERENT, BulkAct.UNSURE)]
    assert found == ["keep", "part", "aside"]


def test_the_same_wish_again_does_nothing_and_too_many_are_refused(grace: User) -> None:
    tasks = doubtful_pairs(1)
    wish = Wish(BulkAct.SAME, ((tasks[0].pk, 1),), Case(correlation_id="0" * 32))
    assert bulk_answers.carry_out(wish, user=grace) == bulk_answers.carry_out(wish, user=grace)
    assert Bulk.objects.count() == 1
    with pytest.raises(BulkTooLarge):
        bulk_answers.carry_out(Wish(BulkAct.SAME, ((1, 1),) * (bulk_answers.MOST + 1), Case(correlation_id="1")), user=grace)


def test_the_preview_takes_as_many_statements_for_many_tasks_as_for_one(
    grace: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    tasks = doubtful_pairs(8)
    FourEyesRule.objects.create(value_from=10, reason="audit")
    with django_assert_max_num_queries(12) as few:
        foresee(tasks[:1], BulkAct.SAME, user_id=grace.pk)
    with django_assert_max_num_queries(len(few)):
        foresee(tasks, BulkAct.SAME, user_id=grace.pk)


# --- by the pages ---


def test_by_the_pages_a_selection_is_previewed_done_told_and_taken_back(client: Client, grace: User) -> None:
    client.force_login(grace)
    tasks = doubtful_pairs(3)
    chosen = client.post(QUEUE, {"action": "deal_with_several", "_selected_action": [task.pk for task in tasks]})
    assert "3 tasks at once" in chosen.content.decode()
    form = {"task": [f"{task.pk}-{task.version}" for task in tasks], "act": "same", "comment": "from the register", "wish": uuid4().hex}
    preview = client.post(f"{QUEUE}bulk/", form)
    assert "the two become one golden record" in preview.content.decode()
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 3
    done = client.post(f"{QUEUE}bulk/", form | {"confirm": "yes"}, follow=True)
    assert "3 × done" in done.content.decode()
    again = client.post(f"{QUEUE}bulk/", form | {"confirm": "yes"}, follow=True)
    assert again.redirect_chain == done.redirect_chain
    undone = client.post(f"{QUEUE}bulk/{Bulk.objects.get().pk}/undo/", follow=True)
    assert "3 tasks were taken back" in undone.content.decode()
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 3


def test_all_that_fit_the_filter_are_chosen_up_to_the_limit(client: Client, grace: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client.force_login(grace)
    monkeypatch.setattr("matching.admin.bulk.MOST", 2)
    tasks = doubtful_pairs(4)
    chosen = client.post(QUEUE, {"action": "deal_with_several", "_selected_action": [tasks[0].pk], "select_across": 1}).content.decode()
    assert "2 tasks at once" in chosen
    assert "More tasks fit: these are the first 2" in chosen


@pytest.mark.parametrize(
    ("act", "missing"), [("defer", "Choose a day"), ("hand", "Choose a colleague"), ("burn", "Choose what is to be done")]
)
def test_what_is_missing_is_said_and_nothing_is_done(client: Client, grace: User, act: str, missing: str) -> None:
    client.force_login(grace)
    (task,) = doubtful_pairs(1)
    page = client.post(f"{QUEUE}bulk/", {"task": [f"{task.pk}-1"], "act": act, "confirm": "yes"})
    assert missing in page.content.decode()
    assert not Bulk.objects.exists()


def test_the_preview_on_hostile_names_is_text(client: Client, grace: User) -> None:
    client.force_login(grace)
    task = a_hostile_pair()
    page = client.post(f"{QUEUE}bulk/", {"task": [f"{task.pk}-{task.version}"], "act": "same"}).content.decode().lower()
    assert "<img src=x" not in page
    assert "<script>document" not in page
    assert "&lt;script&gt;document" in page


def test_a_line_that_is_refused_or_settles_itself_is_not_counted_as_done(grace: User) -> None:
    lines: list[Foreseen] = foresee(a_chain(), BulkAct.SAME, user_id=grace.pk)
    assert [line.is_done for line in lines] == [True, True, False]
    assert entity_type("customer").goldens.filter(state=GoldenState.ACTIVE).count() == 3
