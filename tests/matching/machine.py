"""The state machine of everything that happens to source records: Hypothesis finds sequences after which something does not hold."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from golden_records import moving
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.errors import Erased, ForbiddenMerge, NothingToUndo
from golden_records.models import (
    CustomerRecord,
    Endorsement,
    GoldenCustomer,
    GoldenState,
    MergeReceipt,
    MoveReceipt,
    Override,
    OverrideState,
    SourceSystem,
    WhenSentAgain,
)
from golden_records.overriding import InvalidOverride, OverrideStands, Wish
from golden_records.selectors import follow
from golden_records.sources import SourceRecordDraft, StoreOutcome, store, understand
from matching import assigning, endorsing, four_eyes, overriding, regrouping, review, runs, verifying
from matching.erasure import erase
from matching.four_eyes import AwaitsSecond, NeedsSecond
from matching.intake import submit_source_record
from matching.locks import in_transaction
from matching.models import FourEyesRule, JudgementValue, ReviewTask, TaskState
from matching.realtime import match_waiting
from matching.regroup_plan import InvalidRegrouping, Regrouping, RegroupKind
from matching.regroup_preview import look
from matching.regrouping import AgainstJudgements
from matching.withdrawal import withdraw_source_record

CUSTOMER: Final = entity_type("customer")
NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOURCES: Final = ("crm", "erp")
# Few names, numbers and addresses, so that records are one, might be one, contradict each other and bridge others.
ATTRIBUTES: Final = st.fixed_dictionaries(
    {"legal_name": st.sampled_from(["Moulin Conseil SARL", "Moulin Conseils", "Acme Ingénierie SAS", "Acme Ingenierie Lyon"])},
    optional={
        "registration_id": st.sampled_from(["732829320", "552100554"]),
        "email": st.sampled_from(["contact@moulin-conseil.fr", "direction@acme.fr"]),
        "phone": st.sampled_from(["+33142685300", "+33472000001"]),
        "city": st.sampled_from(["Paris", "Lyon"]),
        "postcode": st.sampled_from(["75002", "69002"]),
        "segment": st.sampled_from(["A", "B"]),
    },
)
RECORDS: Final = st.tuples(st.sampled_from(SOURCES), st.sampled_from(["1", "2", "3", "4"]))
CHOICE: Final = st.integers(0, 1_000)
SAYS: Final = st.fixed_dictionaries({"confirmed": st.booleans(), "overrules": st.booleans()})
"""What a steward says who merges, splits or moves: that earlier judgements give way, and that it is done by one where it takes two."""
HOUR: Final = st.none() | st.integers(0, 8)
STEPS_BETWEEN_RUNS: Final = 8
STEPS_BETWEEN_CHECKS: Final = int(os.environ.get("MDM_STATE_MACHINE_CHECK_EVERY", "10"))


class RecordMachine(RuleBasedStateMachine):
    """Sources send, send late and withdraw; runs match; stewards answer, merge, split, move, override and take back; somebody is erased.

    Everything is verified every few steps, and at the end of a history by whoever runs it: what is wrong stays wrong, so that a history
    is still cut to the step which broke it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[Any] = set()
        self.erased: set[Any] = set()
        self.suppressed: set[tuple[str, str]] = set()
        self._since_run = self._since_verified = 0

    @initialize()
    def sources_and_a_steward(self) -> None:
        """Two sources, one steward."""
        for code, trust in zip(SOURCES, (60, 80), strict=True):
            SourceSystem.objects.get_or_create(code=code, defaults={"name": code.upper(), "trust": trust})
        self.steward = User.objects.get_or_create(username="claire")[0]
        self.second = User.objects.get_or_create(username="henri")[0]

    @rule(record=RECORDS, attributes=ATTRIBUTES, hour=HOUR)
    def a_source_sends(self, record: tuple[str, str], attributes: dict[str, object], hour: int | None) -> None:
        """A record is stored and matched at once, with any time of the source's own, or none."""
        try:
            submit_source_record(self._draft(record, attributes, hour), change=self._change())
        except Erased:
            assert record in self.suppressed
        else:
            assert record not in self.suppressed

    @rule(record=RECORDS, attributes=ATTRIBUTES, hour=HOUR)
    def an_import_stores(self, record: tuple[str, str], attributes: dict[str, object], hour: int | None) -> None:
        """A record is stored and waits."""
        with transaction.atomic():
            stored = store(CUSTOMER, [understand(self._draft(record, attributes, hour))], change=self._change())[0]
        assert (stored.outcome is StoreOutcome.SUPPRESSED) == (record in self.suppressed)

    @rule()
    def the_sweep_matches_what_waits(self) -> None:
        """Each one that waits, by itself."""
        for record_id in CustomerRecord.objects.filter(match_state="pending", state="active").values_list("id", flat=True):
            self._match(record_id)

    # It takes ten times as long as other steps, and after another one there is little left to do.
    @precondition(lambda self: self._since_run >= STEPS_BETWEEN_RUNS)
    @rule()
    def a_run_matches_all(self) -> None:
        """A matching run, to its end."""
        self._since_run = 0
        runs.work_on(runs.start(CUSTOMER, actor="test").pk)

    @rule(record=RECORDS, hour=HOUR)
    def a_source_withdraws(self, record: tuple[str, str], hour: int | None) -> None:
        """A record is withdrawn, if there is such a one."""
        if CustomerRecord.objects.filter(source__code=record[0], external_id=record[1]).exists():
            at = None if hour is None else NOON + timedelta(hours=hour)
            withdraw_source_record(CUSTOMER, source=record[0], external_id=record[1], withdrawn_at=at, change=self._change())

    @precondition(lambda _: ReviewTask.objects.filter(state=TaskState.OPEN).exists())
    @rule(choice=CHOICE, answer=st.sampled_from(JudgementValue))
    def a_steward_answers(self, choice: int, answer: JudgementValue) -> None:
        """One of the open questions is answered, which may merge or part."""
        task = self._one(choice, ReviewTask.objects.filter(state=TaskState.OPEN).order_by("id"))
        try:
            review.decide(task.pk, answer=answer, user=self.steward)
        except ForbiddenMerge:
            assert answer != JudgementValue.UNSURE
        except AwaitsSecond:
            assert task.awaits_second

    @precondition(lambda _: ReviewTask.objects.filter(state=TaskState.DECIDED).exists())
    @rule(choice=CHOICE)
    def a_steward_takes_an_answer_back(self, choice: int) -> None:
        """One of the answers is undone, in any order, with its merge."""
        task = self._one(choice, ReviewTask.objects.filter(state=TaskState.DECIDED).order_by("id"))
        try:
            review.undo(task.pk, user=self.steward)
        except NothingToUndo:
            assert task.merge_id is not None
        except AwaitsSecond:
            assert task.awaits_second
        except Erased:
            assert task.merge.absorbed_id in self.erased

    @rule(takes_two=st.booleans(), only_confirmed=st.booleans())
    def an_administrator_switches_four_eyes(self, takes_two: bool, only_confirmed: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        """One steward is enough, or not any more, for all or for what is confirmed."""
        told = {"is_active": takes_two, "only_confirmed": only_confirmed, "reason": "test"}
        FourEyesRule.objects.update_or_create(entity="customer", defaults=told)

    @precondition(lambda _: GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).exists())
    @rule(choice=CHOICE)
    def a_steward_confirms(self, choice: int) -> None:
        """A golden record is right as it is."""
        golden = self._one(choice, self._active())
        endorsing.confirm(CUSTOMER, golden.pk, version=golden.version, change=self._by_steward())

    @precondition(lambda _: Endorsement.objects.filter(stands=True).exists())
    @rule(choice=CHOICE, overrules=st.booleans())
    def a_mark_is_taken_off(self, choice: int, overrules: bool) -> None:  # noqa: FBT001 - as above
        """One of the marks, wherever its golden record went; where it takes two, only by one who may do it alone."""
        mark = self._one(choice, Endorsement.objects.filter(stands=True).order_by("id"))
        try:
            endorsing.take_off(CUSTOMER, mark.golden_id, change=self._by_steward(), overrules=overrules)
        except NeedsSecond:
            assert FourEyesRule.objects.filter(is_active=True, only_confirmed=True).exists()
            assert not overrules

    @precondition(lambda _: ReviewTask.objects.filter(awaits_second=True).exists())
    @rule(choice=CHOICE, says=st.sampled_from(["agree", "disagree", "withdraw"]))
    def a_second_steward_answers(self, choice: int, says: str) -> None:
        """A second one agrees or not, or the first one thinks again; where it can't be done any more, the answer waits still."""
        task = self._one(choice, ReviewTask.objects.filter(awaits_second=True).order_by("id"))
        try:
            if says == "agree":
                review.agree(task.pk, user=self.second, version=task.version)
            elif says == "disagree":
                four_eyes.disagree(task.pk, user=self.second, version=task.version, hand_to=self.steward)
            else:
                four_eyes.withdraw(task.pk, user=self.steward, version=task.version)
        except (ForbiddenMerge, NothingToUndo, Erased):
            assert says == "agree"
        assert ReviewTask.objects.get(pk=task.pk).awaits_second in {False, says == "agree"}

    @precondition(lambda _: ReviewTask.objects.filter(state=TaskState.OPEN, awaits_second=False).exists())
    @rule(choice=CHOICE, days=st.none() | st.integers(1, 9))
    def a_steward_defers(self, choice: int, days: int | None) -> None:
        """A question is put off, or brought back."""
        task = self._one(choice, ReviewTask.objects.filter(state=TaskState.OPEN, awaits_second=False).order_by("id"))
        until = timezone.localdate() + timedelta(days=days) if days else None
        assigning.defer(task.pk, until=until, user=self.steward, version=task.version)

    @precondition(lambda _: MergeReceipt.objects.filter(undone_at__isnull=True).exists())
    @rule(choice=CHOICE, overrules=st.booleans())
    def a_merge_is_undone(self, choice: int, overrules: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        """One of the merges is undone."""
        receipt = self._one(choice, MergeReceipt.objects.filter(undone_at__isnull=True).order_by("id"))
        try:
            review.undo_merge(receipt.pk, user=self.steward, overrules=overrules)
        except (NothingToUndo, NeedsSecond, AwaitsSecond):
            assert MergeReceipt.objects.get(pk=receipt.pk).undone_at is None
        except Erased:
            assert receipt.absorbed_id in self.erased

    @precondition(lambda _: GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).count() > 1)
    @rule(choice=CHOICE, other=CHOICE, youngest=st.booleans(), says=SAYS)
    def a_steward_merges(self, choice: int, other: int, youngest: bool, says: dict[str, bool]) -> None:  # noqa: FBT001 - drawn by Hypothesis
        """Any two golden records, the younger surviving where the steward chooses it."""
        ids = list(self._active().values_list("pk", flat=True))
        one, two = ids[choice % len(ids)], ids[other % len(ids)]
        survivor = max(one, two) if youngest else None
        self._regroup(Regrouping(RegroupKind.MERGE, one, two, survivor_id=survivor), says)

    @precondition(lambda _: GoldenCustomer.objects.filter(state=GoldenState.ACTIVE, member_count__gt=1).exists())
    @rule(choice=CHOICE, parts=CHOICE, says=SAYS)
    def a_steward_splits(self, choice: int, parts: int, says: dict[str, bool]) -> None:
        """Some records of a golden record, also withdrawn ones, get one of their own."""
        golden = self._one(choice, self._active().filter(member_count__gt=1))
        self._regroup(Regrouping(RegroupKind.SPLIT, golden.pk, record_ids=self._some_of(golden, parts)), says)

    @precondition(lambda _: GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).count() > 1)
    @rule(choice=CHOICE, other=CHOICE, parts=CHOICE, says=SAYS)
    def a_steward_moves(self, choice: int, other: int, parts: int, says: dict[str, bool]) -> None:
        """Some records of a golden record go to another one."""
        golden, to = self._one(choice, self._active()), self._one(other, self._active())
        self._regroup(Regrouping(RegroupKind.MOVE, golden.pk, to.pk, self._some_of(golden, parts)), says)

    @precondition(lambda _: MoveReceipt.objects.filter(undone_at__isnull=True).exists())
    @rule(choice=CHOICE, overrules=st.booleans())
    def a_split_or_a_move_is_undone(self, choice: int, overrules: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        """One of them, in any order."""
        receipt = self._one(choice, MoveReceipt.objects.filter(undone_at__isnull=True).order_by("id"))
        try:
            regrouping.undo_move(receipt.pk, change=self._by_steward(), overrules=overrules)
        except (NothingToUndo, ForbiddenMerge, NeedsSecond):
            assert MoveReceipt.objects.get(pk=receipt.pk).undone_at is None
        except Erased:
            assert {receipt.from_id, receipt.to_id} & self.erased or {*moving.homes_of(receipt)} & self.erased

    @precondition(lambda _: GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).exists())
    @rule(choice=CHOICE, value=st.sampled_from(["A", "B", "C"]), life=st.sampled_from(["until_ended", "until_changed", "until_confirmed"]))
    def a_steward_overrides(self, choice: int, value: str, life: str) -> None:
        """A value stands, whatever the sources say."""
        golden = self._one(choice, self._active())
        try:
            overriding.override(CUSTOMER, golden.pk, Wish("segment", {"segment": value}, life=life), change=self._by_steward())
        except (OverrideStands, InvalidOverride):
            assert Override.objects.exists() or life != "until_ended"

    @precondition(lambda _: Override.objects.filter(state=OverrideState.IN_FORCE).exists())
    @rule(choice=CHOICE)
    def an_override_is_ended(self, choice: int) -> None:
        """One that stands, wherever its golden record went."""
        made = self._one(choice, Override.objects.filter(state=OverrideState.IN_FORCE).order_by("created_at", "pk"))
        overriding.end_override(made.pk, change=self._by_steward())

    @precondition(lambda _: GoldenCustomer.objects.exclude(state=GoldenState.ERASED).exists())
    @rule(choice=CHOICE, when_sent_again=st.sampled_from(WhenSentAgain))
    def somebody_is_erased(self, choice: int, when_sent_again: WhenSentAgain) -> None:
        """Whoever answers for one of the canonical ids; their records come back, or don't."""
        golden = self._one(choice, GoldenCustomer.objects.exclude(state=GoldenState.ERASED).order_by("id"))
        held = CustomerRecord.objects.exclude(state="erased")
        names = {pk: (source, name) for pk, source, name in held.values_list("id", "source__code", "external_id")}
        erasure = erase(CUSTOMER, canonical_id=golden.pk, when_sent_again=when_sent_again, change=self._change())
        gone = CustomerRecord.objects.filter(golden_id__in=[erasure.golden_id, *erasure.other_ids], pk__in=names)
        if when_sent_again == WhenSentAgain.SUPPRESS:
            self.suppressed |= {names[pk] for pk in gone.values_list("pk", flat=True)}
        self.erased |= set(GoldenCustomer.objects.filter(state=GoldenState.ERASED).values_list("pk", flat=True))
        assert golden.pk in self.erased

    @invariant()
    def everything_holds(self) -> None:
        """Now and then, what `verify_all` asks."""
        self._since_run += 1
        self._since_verified += 1
        if self._since_verified >= STEPS_BETWEEN_CHECKS:
            self.verify_all()

    def verify_all(self) -> None:
        """What `manage.py verify` checks holds; and every canonical id seen leads to one that stands, or whose records were withdrawn."""
        self._since_verified = 0
        found = {finding.check.name: finding.offences for finding in verifying.verify() if finding.count}
        assert not found, found
        self.ids |= set(GoldenCustomer.objects.values_list("pk", flat=True))
        for golden_id in self.ids:
            answering = follow(CUSTOMER, golden_id)
            assert (answering.state == GoldenState.ERASED) == (answering.pk in self.erased)
            assert answering.pk == golden_id or golden_id not in self.erased

    def _draft(self, record: tuple[str, str], attributes: dict[str, object], hour: int | None) -> SourceRecordDraft:
        at = None if hour is None else NOON + timedelta(hours=hour)
        source = SourceSystem.objects.get(code=record[0])
        return SourceRecordDraft(CUSTOMER, source, record[1], attributes=dict(attributes), source_updated_at=at)

    def _active(self) -> Any:
        return GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).order_by("pk")

    def _some_of(self, golden: GoldenCustomer, parts: int) -> tuple[int, ...]:
        """Some of its records, as the bits of a number say; one at least."""
        ids = list(CustomerRecord.objects.filter(golden=golden).order_by("id").values_list("id", flat=True))
        return tuple(pk for number, pk in enumerate(ids) if parts >> number & 1) or (ids[0],)

    def _regroup(self, wish: Regrouping, says: dict[str, bool]) -> None:
        """What the preview shows is done; what can't be done, or takes two, is refused before anything is."""
        change = self._by_steward()
        try:
            seen = look(CUSTOMER, wish, change=change)
        except InvalidRegrouping:
            return
        try:
            regrouping.carry_out(CUSTOMER, wish, fingerprint=seen.fingerprint, change=change, **says)
        except AgainstJudgements:
            assert seen.conflicts
            assert not says["confirmed"]
            return
        except NeedsSecond:
            assert FourEyesRule.objects.filter(is_active=True).exists()
            assert not says["overrules"]
            return
        for side in seen.sides:
            if side.golden_id is not None and not side.retires:
                row = GoldenCustomer.objects.get(pk=side.golden_id)
                assert all(each.after == getattr(row, each.spec.name) for each in side.values)

    def _by_steward(self) -> Change:
        return Change(actor=f"steward:{self.steward.get_username()}", reason="test", user_id=self.steward.pk)

    def _change(self) -> Change:
        return Change(actor="command:test", reason="test")

    def _match(self, record_id: int) -> None:
        change = self._change()
        in_transaction(lambda guard: match_waiting(CUSTOMER, record_id, guard=guard, change=change))

    def _one(self, choice: int, rows: Any) -> Any:
        found: Sequence[Any] = list(rows)
        return found[choice % len(found)]
