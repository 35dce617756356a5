"""Where one steward is not enough, a second one agrees or disagrees; without a rule, nothing is different."""

from decimal import Decimal
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from golden_records.entities import entity_type
from golden_records.errors import StaleWrite
from golden_records.models import GoldenCustomer, GoldenState, ProjectFact, WhenSentAgain
from matching import four_eyes, review, verifying
from matching.asked import Case
from matching.erasure import erase
from matching.four_eyes import AwaitsSecond, NeedsSecond, OwnProposal
from matching.journal import journal
from matching.models import FourEyesRule, Judgement, JudgementValue, Proposal, ProposalState, ReviewTask, TaskState
from tests.e2e.workplace import a_customer_with_projects, doubtful_pairs
from tests.factories import a_change, a_record, a_steward, a_task, into
from tests.matching.eyes import a_rule

pytestmark = pytest.mark.django_db
SAME, DIFFERENT, UNSURE = JudgementValue.SAME, JudgementValue.DIFFERENT, JudgementValue.UNSURE


def merged() -> int:
    return GoldenCustomer.objects.filter(state=GoldenState.RETIRED).count()


def broken() -> set[str]:
    """What does not hold; the records of factories were never matched, so they have no blocking keys."""
    return {finding.check.name for finding in verifying.verify() if finding.count} - {"blocking keys"}


@pytest.mark.parametrize("answer", JudgementValue)
def test_under_a_rule_a_first_answer_does_nothing_yet_and_a_second_steward_has_it_done(
    grace: User, henri: User, answer: JudgementValue
) -> None:
    (task,) = doubtful_pairs(1)
    a_rule("customer")
    first = review.decide(task.pk, answer=answer, user=grace, comment="same board", version=1)
    assert (first.state, first.awaits_second, merged(), Judgement.objects.count()) == (TaskState.OPEN, True, 0, 0)
    done = review.agree(task.pk, user=henri, comment="yes", version=first.version)
    assert (done.state, done.answer, done.comment, done.decided_by) == (TaskState.DECIDED, answer, "same board", henri)
    assert merged() == (answer == SAME)
    proposal = Proposal.objects.get()
    assert (proposal.state, proposal.proposed_by, proposal.closed_by, proposal.said) == (ProposalState.AGREED, grace, henri, "yes")
    assert [(each.act, each.who) for each in journal(task)[:2]] == [("agreed", "henri"), ("proposed", "grace")]
    assert broken() == set()


def test_nobody_is_the_second_to_oneself(grace: User) -> None:
    (task,) = doubtful_pairs(1)
    a_rule()
    review.decide(task.pk, answer=SAME, user=grace)
    for act in (review.agree, four_eyes.disagree):
        with pytest.raises(OwnProposal):
            act(task.pk, user=grace)
    assert merged() == 0


def test_while_an_answer_waits_nobody_gives_another(grace: User, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    a_rule()
    review.decide(task.pk, answer=SAME, user=grace)
    for user in (grace, henri):
        with pytest.raises(AwaitsSecond):
            review.decide(task.pk, answer=DIFFERENT, user=user)


def test_who_disagrees_opens_the_question_again_and_may_hand_it_on_and_both_are_told(grace: User, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    lead = a_steward("lena")
    a_rule()
    review.decide(task.pk, answer=SAME, user=grace, comment="same board")
    open_again = four_eyes.disagree(task.pk, user=henri, comment="two boards", hand_to=lead)
    assert (open_again.state, open_again.awaits_second, open_again.assignee) == (TaskState.OPEN, False, lead)
    told = journal(task)
    assert [(each.act, each.note) for each in told[:2]] == [("disagreed", "two boards"), ("proposed", "same board")]
    review.decide(task.pk, answer=DIFFERENT, user=lead)
    assert Proposal.objects.filter(state=ProposalState.WAITING).count() == 1
    assert broken() == set()


def test_who_answered_first_may_withdraw_also_by_undo(grace: User, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    a_rule()
    review.decide(task.pk, answer=SAME, user=grace)
    with pytest.raises(OwnProposal):
        four_eyes.withdraw(task.pk, user=henri)
    assert not four_eyes.withdraw(task.pk, user=grace).awaits_second
    review.decide(task.pk, answer=SAME, user=grace)
    assert not review.undo(task.pk, user=grace).awaits_second
    assert set(Proposal.objects.values_list("state", flat=True)) == {ProposalState.WITHDRAWN}
    assert broken() == set()


def test_taking_an_answer_back_takes_two_as_well(grace: User, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    decided = review.decide(task.pk, answer=SAME, user=grace)
    a_rule()
    asked = review.undo(task.pk, user=grace)
    assert (asked.state, asked.awaits_second, merged()) == (TaskState.DECIDED, True, 1)
    assert decided.merge_id is not None
    open_again = review.agree(task.pk, user=henri)
    assert (open_again.state, merged()) == (TaskState.OPEN, 0)
    assert [each.act for each in journal(task)[:2]] == ["agreed_undo", "proposed_undo"]
    assert broken() == set()


def test_a_program_can_not_take_back_what_takes_two(grace: User) -> None:
    (task,) = doubtful_pairs(1)
    merge = review.decide(task.pk, answer=SAME, user=grace).merge_id
    assert merge is not None
    a_rule()
    with pytest.raises(NeedsSecond):
        review.undo_merge(merge, change=a_change())
    with pytest.raises(NeedsSecond):
        review.undo_merge(merge, user=grace)
    assert merged() == 1


def test_a_rule_may_begin_at_a_value(grace: User) -> None:
    customer = a_customer_with_projects()
    precious = a_task(customer, a_record("K-2", source="erp", legal_name="Nordwind Energies", city="Paris", country="FR"))
    (cheap,) = doubtful_pairs(1)
    a_rule("customer", value_from=1_000)
    assert review.decide(cheap.pk, answer=DIFFERENT, user=grace).state == TaskState.DECIDED
    assert review.decide(precious.pk, answer=DIFFERENT, user=grace).awaits_second


def test_the_value_counts_that_is_at_stake_now_and_not_the_one_of_last_night(grace: User) -> None:
    customer = a_customer_with_projects()
    task = a_task(customer, a_record("K-2", source="erp", legal_name="Nordwind Energies", city="Paris", country="FR"))
    ReviewTask.objects.update(value_at_stake=Decimal(10_000_000))
    ProjectFact.objects.update(revenue=Decimal(1))
    a_rule(value_from=1_000)
    assert review.decide(task.pk, answer=DIFFERENT, user=grace).state == TaskState.DECIDED


@pytest.mark.parametrize(("entity", "is_active"), [("project", True), ("customer", False)])
def test_a_rule_of_other_records_or_one_out_of_force_changes_nothing(grace: User, entity: str, is_active: bool) -> None:  # noqa: FBT001
    (task,) = doubtful_pairs(1)
    a_rule(entity, is_active=is_active)
    assert review.decide(task.pk, answer=SAME, user=grace).state == TaskState.DECIDED


def test_an_answer_lapses_when_its_question_changes(grace: User, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    a_rule()
    seen = review.decide(task.pk, answer=SAME, user=grace)
    FourEyesRule.objects.update(is_active=False)
    records = entity_type("customer").records
    third = a_record("9", legal_name="Bertrand et Fils", city="Lyon", country="FR")
    other = a_task(records.get(pk=task.left_record_id), third)
    review.decide(other.pk, answer=SAME, user=henri)
    into(records.get(pk=task.right_record_id), UUID(str(task.left_golden_id)))
    task.refresh_from_db()
    if task.version != seen.version:
        assert not task.awaits_second
        assert Proposal.objects.get().state == ProposalState.LAPSED
        with pytest.raises(StaleWrite):
            review.agree(task.pk, user=henri, version=seen.version)


def test_reason_and_comment_of_a_proposal_are_erased_with_the_person(grace: User) -> None:
    (task,) = doubtful_pairs(1)
    a_rule()
    review.decide(task.pk, answer=SAME, user=grace, comment="his mother is Madame Durand", case=Case(reason_code="namesakes"))
    erase(entity_type("customer"), canonical_id=UUID(str(task.left_golden_id)), when_sent_again=WhenSentAgain.NEW, change=a_change())
    assert not Proposal.objects.exists()
    assert not Proposal.history.exists()
    assert not ReviewTask.history.filter(id=task.pk).exists()
