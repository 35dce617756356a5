"""Laws: to merge, split or move, to learn something, and to undo it, is to have learned it and nothing else."""

from typing import Any, Final
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden_records import overriding
from golden_records.change import Change
from golden_records.errors import MdmError
from golden_records.models import CustomerRecord, GoldenCustomer, MergeReceipt, Override
from golden_records.overriding import Wish
from golden_records.sources import SourceRecordDraft
from matching import regrouping, review
from matching.active_config import forget_versions
from matching.intake import submit_source_record
from matching.models import Judgement
from matching.regroup_plan import InvalidRegrouping, Regrouping, RegroupKind
from matching.regroup_preview import look
from matching.verifying import verify
from matching.withdrawal import withdraw_source_record
from tests.factories import a_change, a_record, a_source, into
from tests.lock_order import an_example
from tests.matching.conftest import CUSTOMER

pytestmark = pytest.mark.django_db

RECORDS: Final = 6
BOOKKEEPING: Final = ("version", "updated_at", "created_at", "received_at", "linked_at", "fingerprint")
ANSWERING: Final = ("id", "state", "successor_id")
FIRMS: Final[tuple[dict[str, Any], ...]] = (
    {"legal_name": "Acme Ingénierie SAS", "registration_id": "732829320", "country": "FR"},
    {"legal_name": "Lefebvre Menuiserie", "registration_id": "552100554", "country": "FR"},
)

# Who is with whom, what is overridden before, what is done, and what is learned in between.
GROUPS: Final = st.lists(st.integers(0, 1), min_size=RECORDS, max_size=RECORDS)
OVERRIDES: Final = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["segment", "industry"]), st.booleans()), max_size=2)
ACTS: Final = st.tuples(st.sampled_from(RegroupKind), st.integers(1, 2**RECORDS - 1), st.booleans())
LEARNED: Final = st.lists(st.tuples(st.integers(0, RECORDS - 1), st.sampled_from(["A", "B", None])), max_size=4)


def by_claire() -> Change:
    return Change(actor="steward:claire", reason="told by the customer")


def arranged(groups: list[int], overrides: list[tuple[int, str, bool]]) -> list[Any]:
    """Records of up to two golden records, and overrides on these: a value, or what a record says."""
    records: list[Any] = []
    first: dict[int, Any] = {}
    for number, group in enumerate(groups):
        record = a_record(str(number), **FIRMS[group], segment="S", industry=f"I{number}")
        records.append(into(record, first[group].golden_id, link={"record": first[group].pk}) if group in first else record)
        first.setdefault(group, records[-1])
    for group, unit, is_record in overrides:
        home = first.get(group)
        if home is not None:
            last = [each for each in records if each.golden_id == home.golden_id][-1]
            wish = Wish(unit, record_id=last.pk) if is_record else Wish(unit, {unit: "said by a steward"}, life="until_changed")
            _try(lambda home=home, wish=wish: overriding.override(CUSTOMER, home.golden_id, wish, change=by_claire()))
    return records


def wished(records: list[Any], act: tuple[RegroupKind, int, bool]) -> Regrouping:
    kind, bits, other_way = act
    homes = sorted({each.golden_id for each in records}, reverse=other_way)
    chosen = tuple(each.pk for number, each in enumerate(records) if bits >> number & 1 and each.golden_id == homes[0])
    other = homes[-1] if kind is not RegroupKind.SPLIT else None
    return Regrouping(kind, homes[0], other, () if kind is RegroupKind.MERGE else chosen)


def learn(records: list[Any], learned: list[tuple[int, str | None]]) -> None:
    """Records are sent again with another segment, or withdrawn."""
    for number, segment in learned:
        if segment is None:
            withdraw_source_record(CUSTOMER, source="crm", external_id=str(number), withdrawn_at=None, change=a_change("gone"))
            continue
        group = next(firm for firm in FIRMS if firm["legal_name"] == records[number].legal_name)
        draft = SourceRecordDraft(CUSTOMER, a_source(), str(number), {**group, "segment": segment, "industry": f"I{number}"})
        submit_source_record(draft, change=a_change("sent"))


def undo(receipt: Any) -> None:
    if isinstance(receipt, MergeReceipt):
        review.undo_merge(receipt.pk, change=by_claire())
    else:
        regrouping.undo_move(receipt.pk, change=by_claire())


def state(*, but: set[UUID], sent_again: frozenset[str]) -> tuple[list[Any], ...]:
    """All that is known, but what counts the writing itself, and golden records that were made in between.

    Nor by which evidence a record is held that was sent again: whoever was with it then is asked for that. Of one that is retired only
    what it answers with: it keeps what it held when it was retired, which may have been by the merge.
    """
    goldens = GoldenCustomer.objects.exclude(pk__in=but)
    records = [row | ({"link": None} if row["external_id"] in sent_again else {}) for row in _plain(CustomerRecord.objects.all())]
    said = Judgement.objects.filter(withdrawn_at__isnull=True).values("left_record_id", "right_record_id", "value")
    overridden = Override.objects.order_by("created_at", "unit").values("golden_id", "unit", "state", "end")
    known = [row if row["state"] == "active" else {name: row[name] for name in ANSWERING} for row in _plain(goldens)]
    return known, records, list(said), list(overridden)


def _sent_again(learned: list[tuple[int, str | None]]) -> frozenset[str]:
    return frozenset(str(number) for number, segment in learned if segment is not None)


def _plain(rows: Any) -> list[Any]:
    return [{name: value for name, value in row.items() if name not in BOOKKEEPING} for row in rows.order_by("id").values()]


def _try(work: Any) -> None:
    try:
        work()
    except MdmError:
        return


def _learned_alone(records: list[Any], learned: list[tuple[int, str | None]]) -> tuple[list[Any], ...]:
    """What is known where the same was learned, and nothing was merged, split or moved."""
    with an_example():
        learn(records, learned)
        found = state(but=set(), sent_again=_sent_again(learned))
        transaction.set_rollback(True)
    return found


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(groups=GROUPS, overrides=st.just([]), act=ACTS, learned=LEARNED)
def test_the_undo_leaves_what_was_learned_and_nothing_else(groups: Any, overrides: Any, act: Any, learned: Any) -> None:
    _law(groups, overrides, act, learned)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(groups=GROUPS, overrides=OVERRIDES, act=ACTS)
def test_the_undo_brings_back_overrides_that_ended_by_it(groups: Any, overrides: Any, act: Any) -> None:
    _law(groups, overrides, act, [])


def _law(groups: Any, overrides: Any, act: Any, learned: Any) -> None:
    forget_versions()
    with an_example():
        records = arranged(groups, overrides)
        wanted = _learned_alone(records, learned)
        before = set(GoldenCustomer.objects.values_list("pk", flat=True))
        wish = wished(records, act)
        try:
            seen = look(CUSTOMER, wish, change=by_claire())
        except InvalidRegrouping:
            seen = None
        if seen is not None:
            receipt = regrouping.carry_out(CUSTOMER, wish, fingerprint=seen.fingerprint, change=by_claire())
            learn(records, learned)
            undo(receipt)
            made = set(GoldenCustomer.objects.values_list("pk", flat=True)) - before
            assert state(but=made, sent_again=_sent_again(learned)) == wanted
            assert not {finding.check.name for finding in verify() if finding.count} - {"blocking keys", "auto-match completeness"}
        transaction.set_rollback(True)
    forget_versions()
