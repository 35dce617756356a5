"""Where one record goes, given what it was compared with."""

from uuid import UUID

from golden_records.models import LinkSource
from matching.core.decide import Outcome
from matching.models import JudgementValue, TaskKind
from matching.resolution import Candidate, resolve

OLDER, NEWER, THIRD = (UUID(int=number) for number in (1, 2, 3))


def member(record_id: int, golden_id: UUID, outcome: Outcome, *, weight: float = 10.0, **facts: object) -> Candidate:
    told = {"vetoed": False, "locked": True, "judgement": None} | facts
    return Candidate(row=record_id, record_id=record_id, golden_id=golden_id, outcome=outcome, weight=weight, **told)  # type: ignore[arg-type]


def test_a_record_that_fits_nobody_becomes_a_golden_record_of_its_own() -> None:
    found = resolve([member(1, OLDER, Outcome.NO_MATCH)], current=None)
    assert found.golden_id is None
    assert found.questions == ()


def test_a_record_that_matches_one_golden_record_joins_it() -> None:
    found = resolve([member(1, OLDER, Outcome.MATCH), member(2, OLDER, Outcome.NO_MATCH)], current=None)
    assert found.golden_id == OLDER
    assert found.via is not None
    assert found.via.record_id == 1
    assert found.link_source == LinkSource.AUTO


def test_a_doubtful_record_stands_alone_and_a_steward_is_asked() -> None:
    found = resolve([member(1, OLDER, Outcome.POSSIBLE_MATCH)], current=None)
    assert found.golden_id is None
    assert [(question.golden_id, question.kind) for question in found.questions] == [(OLDER, TaskKind.POSSIBLE_MATCH)]


def test_of_two_golden_records_that_match_the_stronger_is_joined_and_a_possible_duplicate_is_asked() -> None:
    found = resolve([member(1, OLDER, Outcome.MATCH, weight=9.0), member(2, NEWER, Outcome.MATCH, weight=12.0)], current=None)
    assert found.golden_id == NEWER
    assert [(question.golden_id, question.kind) for question in found.questions] == [(OLDER, TaskKind.POSSIBLE_DUPLICATE)]


def test_of_two_equally_strong_golden_records_the_older_is_joined_in_whatever_order_they_come() -> None:
    both = [member(1, OLDER, Outcome.MATCH), member(2, NEWER, Outcome.MATCH)]
    assert resolve(both, current=None).golden_id == resolve(both[::-1], current=None).golden_id == OLDER


def test_a_veto_of_one_member_keeps_the_record_out_of_the_golden_record() -> None:
    found = resolve([member(1, OLDER, Outcome.MATCH), member(2, OLDER, Outcome.NO_MATCH, vetoed=True)], current=None)
    assert found.golden_id is None
    assert [question.kind for question in found.questions] == [TaskKind.POSSIBLE_DUPLICATE]


def test_a_possible_match_is_not_asked_where_another_member_contradicts_it_and_the_source_is_there_already() -> None:
    against = member(2, OLDER, Outcome.NO_MATCH, vetoed=True, same_source=True)
    found = resolve([member(1, OLDER, Outcome.POSSIBLE_MATCH), against], current=None)
    assert found.questions == ()


def test_of_several_that_a_veto_speaks_against_only_the_likeliest_counterpart_of_another_source_is_asked() -> None:
    sisters = [
        member(1, OLDER, Outcome.POSSIBLE_MATCH, weight=9.0, vetoed=True),
        member(2, NEWER, Outcome.POSSIBLE_MATCH, weight=8.0, vetoed=True),
        member(3, THIRD, Outcome.POSSIBLE_MATCH, weight=12.0, vetoed=True, same_source=True),
    ]
    assert [question.golden_id for question in resolve(sisters, current=None).questions] == [OLDER]


def test_what_matches_without_a_common_blocking_key_is_asked_but_never_linked() -> None:
    found = resolve([member(1, OLDER, Outcome.MATCH, locked=False)], current=None)
    assert found.golden_id is None
    assert [question.golden_id for question in found.questions] == [OLDER]


def test_a_different_on_any_member_outranks_a_match_and_is_not_asked_again() -> None:
    against = member(2, OLDER, Outcome.NO_MATCH, judgement=JudgementValue.DIFFERENT)
    found = resolve([member(1, OLDER, Outcome.MATCH, weight=30.0), against], current=None)
    assert found.golden_id is None
    assert found.questions == ()


def test_a_same_outranks_a_stronger_match_elsewhere_and_a_veto() -> None:
    same = member(1, OLDER, Outcome.NO_MATCH, weight=-5.0, vetoed=True, judgement=JudgementValue.SAME)
    found = resolve([same, member(2, NEWER, Outcome.MATCH, weight=30.0)], current=None)
    assert found.golden_id == OLDER
    assert found.link_source == LinkSource.MANUAL


def test_an_unsure_is_not_asked_again() -> None:
    assert resolve([member(1, OLDER, Outcome.POSSIBLE_MATCH, judgement=JudgementValue.UNSURE)], current=None).questions == ()


def test_a_record_that_is_published_stays_where_it_is_and_a_better_fit_elsewhere_is_asked() -> None:
    found = resolve([member(1, OLDER, Outcome.POSSIBLE_MATCH), member(2, NEWER, Outcome.MATCH, weight=40.0)], current=OLDER)
    assert found.golden_id == OLDER
    assert [question.golden_id for question in found.questions] == [NEWER]


def test_each_golden_record_is_asked_about_once_through_its_strongest_member() -> None:
    doubts = [member(1, OLDER, Outcome.POSSIBLE_MATCH, weight=1.0), member(2, OLDER, Outcome.POSSIBLE_MATCH, weight=2.0)]
    found = resolve([*doubts, member(3, THIRD, Outcome.POSSIBLE_MATCH)], current=None)
    assert [(question.golden_id, question.candidate.record_id) for question in found.questions] == [(OLDER, 2), (THIRD, 3)]


def test_a_match_is_asked_about_although_a_veto_speaks_against_a_member_for_which_more_speaks() -> None:
    against = member(1, OLDER, Outcome.POSSIBLE_MATCH, weight=7.0, vetoed=True)
    found = resolve([against, member(2, OLDER, Outcome.MATCH, weight=4.0, same_source=True)], current=None)
    assert [(question.candidate.record_id, question.kind) for question in found.questions] == [(2, TaskKind.POSSIBLE_DUPLICATE)]
