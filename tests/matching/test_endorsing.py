"""A steward says of a golden record that it is right: the mark "confirmed", what becomes of it, and who may take it off."""

from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from golden_records import endorsing as marks
from golden_records.as_of import golden_as_of
from golden_records.entities import entity_type
from golden_records.errors import NothingToUndo, StaleWrite, UnknownGoldenRecord
from golden_records.models import AuditEntry, Endorsement, GoldenCustomer, GoldenProject, SourceRecord, WhenSentAgain
from golden_records.models.golden import new_canonical_id
from matching import endorsing, review, verifying
from matching.erasure import erase
from matching.four_eyes import NeedsSecond
from matching.models import JudgementValue
from matching.regroup_plan import Regrouping, RegroupKind
from matching.regrouping import MissingReason
from tests.factories import a_change, a_record, a_task, into
from tests.matching.eyes import CUSTOMER, a_rule, by_hand, confirm, home, merge, said

pytestmark = pytest.mark.django_db


def confirmed_ids(*golden_ids: UUID) -> set[UUID]:
    return set(marks.standing(CUSTOMER, golden_ids))


def holds() -> bool:
    """Whether rows and their history agree, the blocking keys of factories' records apart, which were never matched."""
    return {finding.check.name for finding in verifying.verify() if finding.count} <= {"blocking keys"}


@pytest.fixture
def pair() -> tuple[SourceRecord, SourceRecord]:
    return a_record("1", legal_name="Acme", city="Lyon"), a_record("2", source="erp", legal_name="Acme Conseil", city="Lyon")


def test_a_mark_says_who_when_why_and_of_which_version(grace: User, pair: tuple[SourceRecord, SourceRecord]) -> None:
    mark = confirm(pair[0], grace)
    assert (mark.stands, mark.version, mark.reason, mark.owner, mark.user) == (True, 1, "I called them", "steward:grace", grace)
    assert confirmed_ids(home(pair[0]), home(pair[1])) == {home(pair[0])}
    assert holds()


def test_it_is_set_again_and_taken_off_and_history_and_audit_log_keep_all_of_it(
    grace: User, henri: User, pair: tuple[SourceRecord, SourceRecord]
) -> None:
    confirm(pair[0], grace)
    into(a_record("3", legal_name="Acme", city="Paris", phone="+33142685300"), home(pair[0]))
    again = confirm(pair[0], henri, "still right")
    assert again.version > 1
    endorsing.take_off(CUSTOMER, home(pair[0]), change=said(grace, "they moved"))
    assert confirmed_ids(home(pair[0])) == set()
    entries = Endorsement.history.order_by("history_id").values_list("stands", "actor", "history_change_reason")
    assert list(entries) == [
        (True, "steward:grace", "I called them"),
        (True, "steward:henri", "still right"),
        (False, "steward:grace", "they moved"),
    ]
    told = AuditEntry.objects.filter(kind="endorsement").order_by("pk")
    assert [(each.actor, each.reason, (each.content or {})["stands"]) for each in told] == [
        ("steward:grace", "I called them", True),
        ("steward:henri", "still right", True),
        ("steward:grace", "they moved", False),
    ]
    assert holds()


def test_only_what_was_looked_at_is_confirmed(grace: User, pair: tuple[SourceRecord, SourceRecord]) -> None:
    into(pair[1], home(pair[0]))
    with pytest.raises(StaleWrite, match="you looked at version 1"):
        endorsing.confirm(CUSTOMER, home(pair[0]), version=1, change=said(grace))
    with pytest.raises(StaleWrite, match="retired"):
        endorsing.confirm(CUSTOMER, home(pair[1]), version=2, change=said(grace))
    with pytest.raises(UnknownGoldenRecord):
        endorsing.confirm(CUSTOMER, new_canonical_id(), version=1, change=said(grace))
    with pytest.raises(MissingReason):
        endorsing.confirm(CUSTOMER, home(pair[0]), version=2, change=said(grace, " "))
    with pytest.raises(NothingToUndo):
        endorsing.take_off(CUSTOMER, home(pair[0]), change=said(grace))
    assert not Endorsement.objects.exists()


def test_the_mark_of_what_was_merged_away_counts_for_the_survivor_until_the_merge_is_undone(
    grace: User, pair: tuple[SourceRecord, SourceRecord]
) -> None:
    survivor, absorbed = pair
    third = a_record("3", legal_name="Acme Groupe")
    confirm(absorbed, grace)
    merged = merge(survivor, absorbed, grace).pk
    assert confirmed_ids(home(survivor)) == {home(survivor)}
    on = merge(third, survivor, grace).pk
    answering = min(home(third), home(survivor))
    (mark,) = marks.standing(CUSTOMER, [answering])[answering]
    assert mark.golden_id == home(absorbed)
    review.undo_merge(on, user=grace)
    review.undo_merge(merged, user=grace)
    assert confirmed_ids(home(survivor), home(absorbed), home(third)) == {home(absorbed)}
    assert holds()


def test_the_mark_of_a_retired_id_is_taken_off_too(grace: User, pair: tuple[SourceRecord, SourceRecord]) -> None:
    confirm(pair[1], grace)
    merge(*pair, grace)
    endorsing.take_off(CUSTOMER, home(pair[1]), change=said(grace, "no longer"))
    assert confirmed_ids(home(pair[0])) == set()


def test_it_stays_with_its_canonical_id_when_records_are_split_off(grace: User, pair: tuple[SourceRecord, SourceRecord]) -> None:
    into(pair[1], home(pair[0]))
    confirm(pair[0], grace)
    by_hand(Regrouping(RegroupKind.SPLIT, home(pair[0]), record_ids=(pair[1].pk,)), grace)
    new = GoldenCustomer.objects.filter(state="active").exclude(pk=home(pair[0])).get()
    assert confirmed_ids(home(pair[0]), new.pk) == {home(pair[0])}


def test_as_of_a_moment_it_is_as_it_was(grace: User, pair: tuple[SourceRecord, SourceRecord]) -> None:
    survivor, absorbed = pair
    before = timezone.now()
    confirm(absorbed, grace)
    set_alone = timezone.now()
    merged = merge(survivor, absorbed, grace).pk
    together = timezone.now()
    endorsing.take_off(CUSTOMER, home(absorbed), change=said(grace, "no longer"))
    review.undo_merge(merged, user=grace)

    def then(record: SourceRecord, moment: object) -> list[UUID]:
        return [mark.golden_id for mark in golden_as_of(CUSTOMER, home(record), moment).marks]  # type: ignore[arg-type]  # a moment

    assert then(absorbed, before) == []
    assert (then(absorbed, set_alone), then(survivor, set_alone)) == ([home(absorbed)], [])
    assert then(survivor, together) == [home(absorbed)]
    assert then(absorbed, timezone.now()) == []


def test_it_keeps_nobody_from_anything_by_itself(grace: User, pair: tuple[SourceRecord, SourceRecord]) -> None:
    confirm(pair[0], grace)
    assert review.decide(a_task(*pair).pk, answer=JudgementValue.SAME, user=grace).merge_id is not None


def test_where_confirmed_ones_take_two_the_mark_is_taken_off_only_by_one_who_overrules(
    grace: User, pair: tuple[SourceRecord, SourceRecord]
) -> None:
    confirm(pair[1], grace)
    merge(*pair, grace)
    a_rule(only_confirmed=True)
    with pytest.raises(NeedsSecond) as refused:
        endorsing.take_off(CUSTOMER, home(pair[1]), change=said(grace, "out of my way"))
    assert "lead steward" in refused.value.remedy
    assert confirmed_ids(home(pair[0])) == {home(pair[0])}
    mark = endorsing.take_off(CUSTOMER, home(pair[1]), change=said(grace, "they asked"), overrules=True)
    assert mark.reason == "they asked (alone, where it takes two)"


def test_a_rule_that_asks_for_no_mark_does_not_hold_the_mark(grace: User, pair: tuple[SourceRecord, SourceRecord]) -> None:
    confirm(pair[0], grace)
    a_rule()
    assert not endorsing.take_off(CUSTOMER, home(pair[0]), change=said(grace, "they moved")).stands


def test_it_is_erased_with_the_person_and_what_somebody_wrote_with_it(grace: User, pair: tuple[SourceRecord, SourceRecord]) -> None:
    other = a_record("9", legal_name="Bertrand")
    confirm(pair[1], grace, "Madame Durand says so")
    merge(*pair, grace)
    confirm(pair[0], grace, "and so does her son")
    endorsing.take_off(CUSTOMER, home(pair[0]), change=said(grace, "he is not"))
    confirm(other, grace)
    erase(CUSTOMER, canonical_id=home(pair[0]), when_sent_again=WhenSentAgain.NEW, change=a_change())
    assert set(Endorsement.objects.values_list("golden_id", flat=True)) == {home(other)}
    assert set(Endorsement.history.values_list("golden_id", flat=True)) == {home(other)}
    assert {entry.reason for entry in AuditEntry.objects.filter(kind="endorsement")} == {None, "I called them"}


def test_a_project_is_confirmed_as_well(grace: User) -> None:
    record = a_record("P1", entity="project", title="Viaduc")
    endorsing.confirm(entity_type("project"), home(record), version=GoldenProject.objects.get().version, change=said(grace))
    assert set(marks.standing(entity_type("project"), [home(record)])) == {home(record)}
    assert list(marks.confirmed(entity_type("project"), GoldenProject.objects.all())) == [GoldenProject.objects.get()]
