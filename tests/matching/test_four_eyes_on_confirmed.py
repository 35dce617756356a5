"""A four-eyes rule may hold for confirmed golden records alone; and what is done by hand is no way around a rule, whatever it goes by."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from golden_records.models import AuditEntry, GoldenCustomer, GoldenState, MergeReceipt, MoveReceipt, SourceRecord
from matching import judging_apart, regrouping, review
from matching.bulk_preview import foresee
from matching.four_eyes import NeedsSecond, asked_of
from matching.models import BulkAct, FourEyesRule, Judgement, JudgementValue, TaskState
from matching.question_answers import Answer, Step, give, take_back
from matching.questions import question_of
from matching.regroup_plan import Regrouping, RegroupKind
from tests.e2e.workplace import a_customer_with_projects, doubtful_pairs
from tests.factories import a_change, a_record, a_task, into
from tests.matching.eyes import CUSTOMER, a_rule, by_hand, confirm, home, merge, said

pytestmark = pytest.mark.django_db
SAME, DIFFERENT = JudgementValue.SAME, JudgementValue.DIFFERENT


def active() -> int:
    return GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).count()


def firms(count: int) -> list[SourceRecord]:
    """Golden records of one name, of which nothing else is known that could tell them apart."""
    return [a_record(f"{number}", source=("crm", "erp")[number % 2], legal_name="Moulin Conseil", country="FR") for number in range(count)]


def of(records: list[SourceRecord], *numbers: int) -> frozenset[Any]:
    return frozenset(home(records[number]) for number in numbers)


@pytest.mark.parametrize("side", [0, 1])
def test_a_rule_of_confirmed_ones_covers_a_question_about_one_and_no_other(grace: User, henri: User, side: int) -> None:
    pair = firms(2)
    (other,) = doubtful_pairs(1)
    task = a_task(*pair)
    confirm(pair[side], grace)
    a_rule("customer", only_confirmed=True)
    assert review.decide(other.pk, answer=DIFFERENT, user=grace).state == TaskState.DECIDED
    assert review.decide(task.pk, answer=SAME, user=grace).awaits_second
    assert review.agree(task.pk, user=henri).merge_id is not None


def test_a_question_about_the_survivor_of_a_confirmed_one_is_covered_too(grace: User) -> None:
    one, two, three = firms(3)
    confirm(two, grace)
    merge(one, two, grace)
    task = a_task(one, three)
    a_rule(only_confirmed=True)
    assert review.decide(task.pk, answer=DIFFERENT, user=grace).awaits_second


def test_entity_value_and_mark_must_all_fit(grace: User) -> None:
    customer = a_customer_with_projects()
    task = a_task(customer, a_record("K-2", source="erp", legal_name="Nordwind Energies", city="Paris", country="FR"))
    cheap = firms(2)
    confirm(cheap[0], grace)
    rule = a_rule("customer", value_from=1_000, only_confirmed=True)
    assert asked_of([task, a_task(*cheap)]) == {}
    confirm(customer, grace)
    assert asked_of([task]) == {task.pk: rule}
    FourEyesRule.objects.update(entity="project")
    assert asked_of([task]) == {}


def test_taking_back_what_became_of_a_confirmed_one_takes_two_also_where_it_was_confirmed_or_merged_since(grace: User) -> None:
    one, two, three = firms(3)
    task = a_task(one, two)
    review.decide(task.pk, answer=SAME, user=grace)
    confirm(three, grace)
    by_hand(Regrouping(RegroupKind.MERGE, home(one), home(three), survivor_id=home(three)), grace)
    a_rule(only_confirmed=True)
    with pytest.raises(NeedsSecond):
        review.undo(task.pk, change=a_change())
    assert review.undo(task.pk, user=grace).awaits_second


def test_many_at_once_are_foreseen_in_as_many_statements_as_one(grace: User, django_assert_max_num_queries: Any) -> None:
    tasks = doubtful_pairs(12)
    a_rule(only_confirmed=True)
    with django_assert_max_num_queries(12) as few:
        foresee(tasks[:1], BulkAct.DIFFERENT, user_id=grace.pk)
    with django_assert_max_num_queries(len(few)):
        foresee(tasks, BulkAct.DIFFERENT, user_id=grace.pk)


# --- by hand ---


def regroupings() -> list[Any]:
    def merged(one: SourceRecord, two: SourceRecord, other: SourceRecord) -> Regrouping:
        del two
        return Regrouping(RegroupKind.MERGE, home(one), home(other))

    def split(one: SourceRecord, two: SourceRecord, other: SourceRecord) -> Regrouping:
        del other
        return Regrouping(RegroupKind.SPLIT, home(one), record_ids=(two.pk,))

    def moved(one: SourceRecord, two: SourceRecord, other: SourceRecord) -> Regrouping:
        return Regrouping(RegroupKind.MOVE, home(one), home(other), (two.pk,))

    return [merged, split, moved]


Wish = Callable[[SourceRecord, SourceRecord, SourceRecord], Regrouping]


@pytest.fixture
def three() -> tuple[SourceRecord, SourceRecord, SourceRecord]:
    """Two records of one golden customer, and one of another."""
    first = a_record("1", legal_name="Acme", city="Lyon", country="FR")
    return first, into(a_record("2", source="erp", legal_name="Acme"), home(first)), a_record("3", legal_name="Lefebvre")


@pytest.mark.parametrize("wish", regroupings())
@pytest.mark.parametrize("rule", [{}, {"entity": "customer"}, {"value_from": 0}, {"only_confirmed": True}], ids=str)
def test_what_a_rule_covers_is_not_done_by_hand_by_one_person_who_may_not_overrule(
    grace: User, three: tuple[SourceRecord, SourceRecord, SourceRecord], wish: Wish, rule: dict[str, Any]
) -> None:
    confirm(three[0], grace)
    a_rule(**rule)
    with pytest.raises(NeedsSecond, match="agreed with audit") as refused:
        by_hand(wish(*three), grace)
    assert "lead steward" in refused.value.remedy
    assert (active(), MergeReceipt.objects.count(), MoveReceipt.objects.count()) == (2, 0, 0)
    receipt = by_hand(wish(*three), grace, overrules=True)
    assert receipt.reason == "told by the customer (alone, where it takes two)"
    assert AuditEntry.objects.filter(kind=receipt._meta.model_name, reason=receipt.reason).exists()


@pytest.mark.parametrize("wish", regroupings())
def test_what_is_done_by_hand_is_taken_back_by_hand_only_by_one_who_may_overrule(
    grace: User, three: tuple[SourceRecord, SourceRecord, SourceRecord], wish: Wish
) -> None:
    receipt = by_hand(wish(*three), grace)
    # The records are where the receipt put them: any golden record that it names may be the one that is confirmed.
    confirm(three[0], grace)
    a_rule(only_confirmed=True)

    def undo(*, overrules: bool = False) -> Any:
        if isinstance(receipt, MergeReceipt):
            return review.undo_merge(receipt.pk, user=grace, overrules=overrules)
        return regrouping.undo_move(receipt.pk, change=said(grace), overrules=overrules)

    with pytest.raises(NeedsSecond):
        undo()
    assert undo(overrules=True).undone_at is not None
    assert undo_reason(receipt).endswith("(alone, where it takes two)")


def undo_reason(receipt: Any) -> str:
    return str(type(receipt).history.filter(id=receipt.pk).latest().history_change_reason)


@pytest.mark.parametrize("wish", regroupings())
def test_what_no_rule_covers_is_done_by_hand_as_ever(
    grace: User, three: tuple[SourceRecord, SourceRecord, SourceRecord], wish: Wish
) -> None:
    a_rule(only_confirmed=True)
    a_rule("project")
    a_rule("customer", value_from=1)
    assert by_hand(wish(*three), grace).reason == "told by the customer"


def test_who_would_merge_by_hand_is_sent_to_the_question_where_there_is_one(grace: User, henri: User) -> None:
    one, other = firms(2)
    task = a_task(one, other)
    a_rule()
    with pytest.raises(NeedsSecond, match="agreed with audit") as refused:
        merge(one, other, grace)
    assert refused.value.remedy == f"Answer review task {task.pk}: a second steward agrees there."
    review.decide(task.pk, answer=SAME, user=grace)
    assert review.agree(task.pk, user=henri).merge_id is not None


# --- a whole question ---


def test_of_an_answer_to_a_question_only_what_is_asked_is_proposed_and_nothing_is_done_beside(grace: User, henri: User) -> None:
    records = firms(4)
    tasks = [a_task(records[one], records[one + 1]) for one in range(3)]
    a_rule()
    done = give(question_of(tasks[0]), Answer(same=of(records, 0, 1, 2), different=of(records, 3)), by=grace)
    assert (done.proposed, done.refused, active()) == (3, (), 4)
    assert not Judgement.objects.exists()
    assert review.agree(tasks[0].pk, user=henri).merge_id is not None


def test_what_nothing_asks_about_is_refused_and_the_answer_says_why(grace: User) -> None:
    records = firms(3)
    tasks = [a_task(records[0], records[1]), a_task(records[0], records[2])]
    a_rule()
    merged = give(question_of(tasks[0]), Answer(same=of(records, 1, 2)), by=grace)
    apart = give(question_of(tasks[0]), Answer(different=of(records, 1)), by=grace)
    assert "It takes two stewards" in merged.refused[0]
    assert merged.steps == ()
    assert ([step.kind for step in apart.steps], len(apart.refused)) == (["task"], 1)
    assert (active(), Judgement.objects.count()) == (3, 0)


def test_what_was_said_apart_is_taken_back_only_by_two(grace: User) -> None:
    one, other = firms(2)
    apart = judging_apart.judge_apart(CUSTOMER, home(one), home(other), change=said(grace))
    assert apart is not None
    confirm(other, grace)
    a_rule(only_confirmed=True)
    (refused,) = take_back([Step("judgement", str(apart.judgement_id))], by=grace)
    assert "It takes two stewards" in refused
    assert Judgement.objects.get().withdrawn_at is None
