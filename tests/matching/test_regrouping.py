"""Stewards merge, split and move by hand: what is shown is what is done, it holds whatever the engine thinks, and it can be undone."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from golden_records import overriding, selectors
from golden_records.change import Change
from golden_records.errors import Erased, ForbiddenMerge, NothingToUndo, StaleWrite, UnknownGoldenRecord
from golden_records.models import (
    ChangeEvent,
    CustomerRecord,
    GoldenCustomer,
    GoldenState,
    LinkSource,
    MergeReceipt,
    MoveReceipt,
    Override,
    OverrideState,
)
from golden_records.overriding import Wish
from golden_records.sources import SourceRecordDraft
from matching import regrouping, review
from matching.erasure import erase
from matching.intake import submit_source_record
from matching.models import Judgement, JudgementValue, ReviewTask, TaskState
from matching.regroup_plan import InvalidRegrouping, Regrouping, RegroupKind
from matching.regroup_preview import Preview, look
from matching.regrouping import AgainstJudgements, MissingReason, PreviewOutdated
from matching.verifying import verify
from matching.withdrawal import withdraw_source_record
from tests.factories import a_change, a_record, a_source, a_task, into
from tests.matching.conftest import CUSTOMER

pytestmark = pytest.mark.django_db

# On SQLite, history and events are statements of their own.
CARRIED_OUT, CARRIED_OUT_ON_SQLITE = 29, 39
UNDONE, UNDONE_ON_SQLITE = 44, 51
BOOKKEEPING = ("version", "updated_at", "created_at")
ACME: dict[str, Any] = {"legal_name": "Acme Ingénierie SAS", "registration_id": "732829320", "country": "FR"}


def by(steward: User, reason: str = "two firms") -> Change:
    return Change(actor=f"steward:{steward.get_username()}", reason=reason, user_id=steward.pk)


def a_group(*external_ids: str, **attributes: Any) -> list[Any]:
    """Records of one golden record, as the engine puts them there."""
    first, *others = (a_record(each, **(ACME | {"city": f"City {each}"} | attributes)) for each in external_ids)
    return [first, *(into(each, first.golden_id, link={"record": first.pk, "probability": 0.99}) for each in others)]


def split(golden_id: UUID, *records: Any) -> Regrouping:
    return Regrouping(RegroupKind.SPLIT, golden_id, record_ids=tuple(each.pk for each in records))


def move(golden_id: UUID, other_id: UUID, *records: Any) -> Regrouping:
    return Regrouping(RegroupKind.MOVE, golden_id, other_id, tuple(each.pk for each in records))


def merge(one: UUID, other: UUID, *, survivor: UUID | None = None) -> Regrouping:
    return Regrouping(RegroupKind.MERGE, one, other, survivor_id=survivor)


def preview(wish: Regrouping) -> Preview:
    return look(CUSTOMER, wish, change=a_change())


def done(wish: Regrouping, change: Change, *, confirmed: bool = False) -> Any:
    return regrouping.carry_out(CUSTOMER, wish, fingerprint=preview(wish).fingerprint, change=change, confirmed=confirmed)


def homes() -> dict[str, UUID]:
    return dict(CustomerRecord.objects.order_by("external_id").values_list("external_id", "golden_id"))


def state(*, but: tuple[UUID, ...] = ()) -> tuple[list[Any], list[Any], list[Any]]:
    """Everything that these may touch, but what counts the writing itself, and golden records that were made since (`but`)."""
    rows = GoldenCustomer.objects.exclude(pk__in=but).order_by("id").values()
    goldens = [{name: value for name, value in row.items() if name not in BOOKKEEPING} for row in rows]
    records = CustomerRecord.objects.order_by("id").values("id", "golden_id", "link_source", "link", "match_state")
    standing = Judgement.objects.filter(withdrawn_at__isnull=True).order_by("id").values("left_record_id", "right_record_id", "value")
    return goldens, list(records), list(standing)


def offences() -> dict[str, Any]:
    """What `verify` finds, but for blocking keys: the records are made without being matched."""
    return {finding.check.name: finding.offences for finding in verify() if finding.count and finding.check.name != "blocking keys"}


def stored() -> list[Any]:
    """The records as they are kept, the oldest first."""
    return list(CustomerRecord.objects.order_by("id"))


def sent(external_id: str, **attributes: Any) -> None:
    draft = SourceRecordDraft(CUSTOMER, a_source("crm"), external_id, ACME | attributes)
    submit_source_record(draft, change=a_change("sent"))


def test_a_split_gives_records_a_golden_record_of_their_own_and_the_id_stays_with_the_others(steward: User) -> None:
    one, two, three = a_group("1", "2", "3")
    receipt = done(split(one.golden_id, three), by(steward))
    assert homes() == {"1": one.golden_id, "2": one.golden_id, "3": receipt.to_id}
    made = GoldenCustomer.objects.get(pk=receipt.to_id)
    assert (made.state, made.city, made.member_count) == (GoldenState.ACTIVE, "City 3", 1)
    row = CustomerRecord.objects.get(pk=three.pk)
    assert (row.link_source, row.link) == (LinkSource.MANUAL, {"move": receipt.pk})
    said = Judgement.objects.order_by("id").values_list("left_record_id", "right_record_id", "value", "judged_by", "move")
    assert list(said) == [(each.pk, three.pk, "different", "steward:claire", receipt.pk) for each in (one, two)]
    assert (receipt.reason, receipt.user, receipt.history.count()) == ("two firms", steward, 1)
    assert offences() == {}


def test_what_is_shown_is_what_is_done(steward: User) -> None:
    one, *_ = a_group("1", "2", email="info@acme.fr")
    other, *_ = a_group("7", email="contact@lefebvre.fr", legal_name="Lefebvre", registration_id="552100554")
    wish = merge(one.golden_id, other.golden_id)
    seen = preview(wish)
    done(wish, by(steward))
    survivor, absorbed = seen.sides
    row = GoldenCustomer.objects.get(pk=one.golden_id)
    assert survivor.golden_id == one.golden_id
    assert {each.spec.name: each.after for each in survivor.values} == {
        name: getattr(row, name) for name in CUSTOMER.attribute_names if getattr(row, name) is not None
    }
    assert (absorbed.golden_id, absorbed.state_after, absorbed.successor_id) == (other.golden_id, "retired", one.golden_id)
    told = ChangeEvent.objects.filter(reason="two firms").order_by("id").values_list("type", "golden_id", "golden_version", "external_id")
    assert sorted(map(str, told)) == sorted(str((str(e.type), e.golden_id, e.golden_version, e.external_id)) for e in seen.events)


def test_the_oldest_survives_unless_the_steward_chooses(steward: User) -> None:
    (one,), (two,), (three,) = a_group("1"), a_group("2", legal_name="B"), a_group("3", legal_name="C")
    assert done(merge(two.golden_id, one.golden_id), by(steward)).survivor_id == one.golden_id
    assert done(merge(one.golden_id, three.golden_id, survivor=three.golden_id), by(steward)).survivor_id == three.golden_id
    # Chains are followed, for ever.
    assert {selectors.golden(CUSTOMER, each.golden_id).golden.pk for each in (one, two, three)} == {three.golden_id}
    assert offences() == {}


def test_a_move_puts_records_into_another_golden_record(steward: User) -> None:
    one, two = a_group("1", "2")
    other, *_ = a_group("7", legal_name="Lefebvre", registration_id="552100554")
    receipt = done(move(one.golden_id, other.golden_id, two), by(steward))
    assert homes() == {"1": one.golden_id, "2": other.golden_id, "7": other.golden_id}
    said = {(each.left_record_id, each.right_record_id): each.value for each in Judgement.objects.all()}
    assert said == {(one.pk, two.pk): "different", (two.pk, other.pk): "same"}
    regrouping.undo_move(receipt.pk, change=by(steward))
    assert homes() == {"1": one.golden_id, "2": one.golden_id, "7": other.golden_id}
    assert offences() == {}


def test_the_engine_does_not_bring_together_what_was_split(steward: User) -> None:
    sent("1", city="Lyon")
    sent("2", city="Lyon")
    one, two = stored()
    assert one.golden_id == two.golden_id
    receipt = done(split(one.golden_id, two), by(steward))
    assert not ReviewTask.objects.filter(state=TaskState.OPEN).exists()
    sent("2", city="Lyon", email="info@acme.fr")
    sent("1", city="Lyon", email="info@acme.fr")
    assert homes() == {"1": one.golden_id, "2": receipt.to_id}
    assert not ReviewTask.objects.filter(state=TaskState.OPEN).exists()
    assert offences() == {}


@pytest.mark.parametrize("kind", ["split", "move", "merge"])
def test_the_undo_is_the_identity_but_for_what_was_learned_since(kind: str, steward: User) -> None:
    one, two, three = a_group("1", "2", "3")
    other, *_ = a_group("7", legal_name="Lefebvre", registration_id="552100554")
    wish = {
        "split": split(one.golden_id, two),
        "move": move(one.golden_id, other.golden_id, two),
        "merge": merge(one.golden_id, other.golden_id, survivor=other.golden_id),
    }[kind]
    before = state()
    receipt = done(wish, by(steward))
    undo(receipt, steward)
    made = (receipt.to_id,) if kind == "split" else ()
    assert state(but=made) == before
    if made:
        assert selectors.golden(CUSTOMER, made[0]).golden.pk == one.golden_id
    again = done(wish, by(steward))
    sent("2", city="Nice", email="nice@acme.fr")
    undo(again, steward)
    goldens, records, said = state(but=(again.to_id, *made) if kind == "split" else ())
    assert (records, said) == before[1:]
    assert CustomerRecord.objects.get(pk=two.pk).city == "Nice"
    assert offences() == {}
    del three, goldens


def undo(receipt: Any, steward: User) -> None:
    if isinstance(receipt, MergeReceipt):
        review.undo_merge(receipt.pk, change=by(steward, "undone"))
    else:
        regrouping.undo_move(receipt.pk, change=by(steward, "undone"))


def test_an_override_that_ended_by_a_split_stands_again_when_that_is_undone(steward: User) -> None:
    one, two = a_group("1", "2")
    made = overriding.override(CUSTOMER, one.golden_id, Wish(unit="segment", values={"segment": "A"}), change=a_change())
    of_record = overriding.override(CUSTOMER, one.golden_id, Wish(unit="legal_name", record_id=two.pk), change=a_change())
    before = state()
    receipt = done(split(one.golden_id, two), by(steward))
    assert Override.objects.get(pk=of_record.pk).state == OverrideState.LAPSED
    assert Override.objects.get(pk=made.pk).state == OverrideState.IN_FORCE
    undo(receipt, steward)
    assert Override.objects.get(pk=of_record.pk).state == OverrideState.IN_FORCE
    after = state(but=(receipt.to_id,))
    assert after == before
    assert offences() == {}


def test_a_merge_against_an_earlier_judgement_says_so_and_needs_a_confirmation(steward: User) -> None:
    one, other = a_record("1", **ACME), a_record("2", source="erp", **ACME)
    review.decide(a_task(one, other).pk, answer=JudgementValue.DIFFERENT, user=steward, comment="a sister firm")
    wish = merge(one.golden_id, other.golden_id)
    (conflict,) = preview(wish).conflicts
    assert (conflict.value, conflict.author, conflict.comment) == ("different", "claire", "a sister firm")
    with pytest.raises(AgainstJudgements, match="claire judged crm · 1 and erp · 2 to be different"):
        done(wish, by(steward))
    before = state()
    receipt = done(wish, by(steward), confirmed=True)
    assert len(set(homes().values())) == 1
    assert receipt.set_aside == [conflict.judgement_id]
    undo(receipt, steward)
    assert state() == before
    assert offences() == {}


def test_a_split_against_an_earlier_judgement_says_so_and_brings_it_back_when_undone(steward: User) -> None:
    one, other = a_record("1", **ACME), a_record("2", source="erp", **ACME)
    review.decide(a_task(one, other).pk, answer=JudgementValue.SAME, user=steward)
    before = state()
    wish = split(one.golden_id, other)
    assert [each.value for each in preview(wish).conflicts] == ["same"]
    with pytest.raises(AgainstJudgements):
        done(wish, by(steward))
    receipt = done(wish, by(steward), confirmed=True)
    assert offences() == {}
    undo(receipt, steward)
    assert state(but=(receipt.to_id,)) == before
    assert offences() == {}


def test_what_changed_since_the_preview_is_not_carried_out(steward: User) -> None:
    one, two = a_group("1", "2")
    wish = split(one.golden_id, two)
    seen = preview(wish)
    sent("1", city="Nice")
    with pytest.raises(PreviewOutdated):
        regrouping.carry_out(CUSTOMER, wish, fingerprint=seen.fingerprint, change=by(steward))
    assert not MoveReceipt.objects.exists()


def test_what_can_not_be_done_is_refused_with_all_that_is_wrong(steward: User) -> None:
    one, two = a_group("1", "2")
    other, *_ = a_group("7", legal_name="Lefebvre", registration_id="552100554")
    for wish in (
        split(one.golden_id),
        split(one.golden_id, one, two),
        split(one.golden_id, other),
        move(one.golden_id, other.golden_id, one, two),
        move(one.golden_id, one.golden_id, one),
        merge(one.golden_id, one.golden_id),
        merge(one.golden_id, other.golden_id, survivor=UUID(int=1)),
    ):
        with pytest.raises(InvalidRegrouping):
            preview(wish)
    with pytest.raises(UnknownGoldenRecord):
        preview(merge(one.golden_id, UUID(int=1)))
    with pytest.raises(MissingReason):
        done(split(one.golden_id, two), by(steward, " "))
    done(merge(one.golden_id, other.golden_id), by(steward))
    with pytest.raises(StaleWrite):
        preview(merge(one.golden_id, other.golden_id))


def test_who_joined_since_stays_and_who_was_tied_to_them_goes_along(steward: User) -> None:
    one, two = a_group("1", "2")
    receipt = done(split(one.golden_id, two), by(steward))
    stays = into(a_record("8", **ACME), receipt.to_id, link={"record": two.pk})
    tied = a_record("9", source="erp", **ACME)
    review.decide(a_task(two, tied).pk, answer=JudgementValue.SAME, user=steward)
    assert set(homes()) == {"1", "2", "8", "9"}
    assert homes()["9"] == receipt.to_id
    undo(receipt, steward)
    assert homes() == {"1": one.golden_id, "2": one.golden_id, "8": receipt.to_id, "9": one.golden_id}
    del stays
    assert offences() == {}


def test_nobody_is_brought_back_to_whom_people_called_different_since(steward: User) -> None:
    one, two = a_group("1", "2")
    receipt = done(split(one.golden_id, two), by(steward))
    stranger = into(a_record("8", **ACME), one.golden_id)
    third = a_record("9", source="erp", **ACME)
    review.decide(a_task(stranger, third).pk, answer=JudgementValue.DIFFERENT, user=steward)
    done(merge(receipt.to_id, third.golden_id, survivor=receipt.to_id), by(steward))
    with pytest.raises(ForbiddenMerge, match="claire judged"):
        undo(receipt, steward)
    assert offences() == {}


def test_a_split_is_undone_once_and_not_after_an_erasure(steward: User) -> None:
    one, two, three = a_group("1", "2", "3")
    receipt = done(split(one.golden_id, two), by(steward))
    undo(receipt, steward)
    with pytest.raises(NothingToUndo):
        undo(receipt, steward)
    again = done(split(one.golden_id, three), by(steward, "asked by Mr Moulin"))
    erase(CUSTOMER, canonical_id=again.to_id, change=a_change("request 17"))
    with pytest.raises(Erased):
        undo(again, steward)
    assert MoveReceipt.objects.get(pk=again.pk).reason == ""
    assert offences() == {}


def test_a_split_whose_rest_was_withdrawn_is_undone_all_the_same(steward: User) -> None:
    sent("1", city="Lyon")
    sent("2", city="Lyon")
    one, two = stored()
    receipt = done(split(one.golden_id, two), by(steward))
    withdrawn("1")
    assert GoldenCustomer.objects.get(pk=one.golden_id).state == GoldenState.RETIRED
    undo(receipt, steward)
    assert GoldenCustomer.objects.get(pk=one.golden_id).state == GoldenState.ACTIVE
    assert homes()["2"] == one.golden_id
    assert offences() == {}


def withdrawn(external_id: str) -> None:
    withdraw_source_record(CUSTOMER, source="crm", external_id=external_id, withdrawn_at=None, change=a_change("gone"))


@pytest.mark.parametrize("size", [2, 30])
def test_the_number_of_statements_does_not_depend_on_the_number_of_members(size: int, steward: User, database: str) -> None:
    group = a_group(*(str(number) for number in range(size)))
    wish = split(group[0].golden_id, group[-1])
    with CaptureQueriesContext(connection) as queries:
        seen = look(CUSTOMER, wish, change=a_change())
    assert len(queries) == 4
    with CaptureQueriesContext(connection) as queries:
        receipt = regrouping.carry_out(CUSTOMER, wish, fingerprint=seen.fingerprint, change=by(steward))
    assert len(queries) == (CARRIED_OUT if database == "postgresql" else CARRIED_OUT_ON_SQLITE)
    with CaptureQueriesContext(connection) as queries:
        undo(receipt, steward)
    assert len(queries) == (UNDONE if database == "postgresql" else UNDONE_ON_SQLITE)


def test_both_sides_of_a_split_are_erased_one_after_the_other(steward: User) -> None:
    one, two = a_group("1", "2")
    receipt = done(split(one.golden_id, two), by(steward, "Mrs Moulin says that these are two"))
    for golden_id in (receipt.to_id, one.golden_id):
        erase(CUSTOMER, canonical_id=golden_id, change=a_change("request 17"))
        assert offences() == {}
    assert not ChangeEvent.objects.filter(reason__contains="Moulin").exists()
