"""Two things happen at once, and the first is held up at every point where it could matter: what must always hold, holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from golden_records.models import SourceSystem, WhenSentAgain
from golden_records.sources import store, understand
from matching import regrouping, review, runs
from matching.active_config import active_config
from matching.erasure import erase
from matching.intake import submit_source_record
from matching.models import JudgementValue, ReviewTask
from matching.regroup_plan import Regrouping, RegroupKind
from matching.regroup_preview import look
from matching.verifying import verify
from matching.waiting import match_all_waiting, match_if_waiting
from matching.withdrawal import withdraw_source_record
from tests.benchmarks.serving.firms import firm
from tests.factories import a_steward
from tests.matching.conftest import CUSTOMER, by_test, draft
from tests.matching.interleaving import PATIENCE_SECONDS, STOPS, Stop, at_once, deadlocks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.only_on("postgresql")]


@dataclass(frozen=True)
class World:
    """A firm in one golden record with a record that was merged into it, and two doubtful ones that are asked about."""

    number: int
    sources: dict[str, SourceSystem]
    steward: User
    canonical_id: Any = None
    tasks: Mapping[str, int] = field(default_factory=dict)
    waiting: int | None = None
    run: int | None = None

    def send(self, source: str, external_id: str, **attributes: object) -> Any:
        """Have a source send a record."""
        return submit_source_record(draft(self.sources[source], external_id, "customer", attributes), change=by_test())

    def store(self, source: str, external_id: str, **attributes: object) -> None:
        """Have an import store a record, which then waits."""
        with transaction.atomic():
            store(CUSTOMER, [understand(draft(self.sources[source], external_id, "customer", attributes))], change=by_test())

    def erase(self) -> None:
        """Have the firm erased; its records come back when they are sent again."""
        erase(CUSTOMER, canonical_id=self.canonical_id, when_sent_again=WhenSentAgain.NEW, change=by_test())

    def split(self, which: str) -> Any:
        """Have the steward take a record out of its golden record by hand; nothing where it was erased."""
        record = CUSTOMER.records.filter(external_id=f"{self.number}-{which}", golden__isnull=False).first()
        if record is None:
            return None
        wish = Regrouping(RegroupKind.SPLIT, record.golden_id, None, (record.pk,))
        seen = look(CUSTOMER, wish, change=by_test())
        return regrouping.carry_out(CUSTOMER, wish, fingerprint=seen.fingerprint, change=by_test(), confirmed=True)

    def decide(self, which: str, answer: JudgementValue) -> ReviewTask:
        """Have the steward answer it."""
        return review.decide(self.tasks[which], answer=answer, user=self.steward)


ACTIONS: Final[dict[str, Callable[[World], Any]]] = {
    "ingest": lambda world: world.send("erp", str(world.number), **firm(world.number, "erp")),
    "update": lambda world: world.send("crm", f"{world.number}-d", **firm(world.number + 5_000, "crm")),
    "merge": lambda world: world.decide("b", JudgementValue.SAME),
    "unmerge": lambda world: review.undo(world.tasks["d"], user=world.steward),
    "split": lambda world: world.split("d"),
    "judge": lambda world: world.decide("c", JudgementValue.DIFFERENT),
    "withdraw": lambda world: withdraw_source_record(
        CUSTOMER, source="crm", external_id=f"{world.number}-b", withdrawn_at=None, change=by_test()
    ),
    "import": lambda world: world.store("crm", str(world.number), **firm(world.number, "crm") | {"status": "prospect"}),
    "sweep": lambda world: match_if_waiting(CUSTOMER, world.waiting or 0),
    "erase": lambda world: world.erase(),
    "run": lambda world: runs.work_on(world.run) if world.run is not None else None,
}


@pytest.fixture(autouse=True)
def _no_bells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are sealed by whoever asks for them: not in the middle of the two things that are looked at."""
    monkeypatch.setattr("golden_records.doorbell.seal_events.delay", lambda: None)


@pytest.fixture(autouse=True)
def _one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is there before anybody needs it, and stays as it is: what is doubtful stays doubtful."""
    monkeypatch.setattr(runs, "_FEWEST_TO_LEARN_FROM", 1_000_000)
    active_config(CUSTOMER)


@pytest.fixture
def systems() -> dict[str, SourceSystem]:
    return {code: SourceSystem.objects.create(code=code, name=code) for code in ("crm", "erp")}


@pytest.fixture
def steward() -> User:
    return a_steward()


def a_world(number: int, systems: dict[str, SourceSystem], steward: User, *, with_run: bool) -> World:
    world = World(number, systems, steward)
    known = firm(number, "crm")
    world = replace(world, canonical_id=world.send("crm", str(number), **known).canonical_id)
    for which in "bcd":
        world.send("crm", f"{number}-{which}", kind="organisation", legal_name=known["legal_name"], country="FR")
    world = replace(world, tasks={which: task_of(number, which).pk for which in "bcd"})
    world.decide("d", JudgementValue.SAME)
    world.store("erp", f"{number}-w", **firm(number, "erp"))
    world = replace(world, waiting=CUSTOMER.records.get(external_id=f"{number}-w").pk)
    if not with_run:
        return world
    run = runs.start(CUSTOMER, actor="test")
    runs.work_on(run.pk, seconds=0)  # planned, not applied
    return replace(world, run=run.pk)


def task_of(number: int, which: str) -> ReviewTask:
    """Give the question on the firm's first record and this one."""
    record = CUSTOMER.records.get(external_id=f"{number}-{which}")
    return ReviewTask.objects.filter(right_record_id=record.pk).order_by("left_record_id")[0]


@pytest.mark.parametrize("point", STOPS)
def test_whatever_comes_while_another_thing_is_held_up_the_invariants_hold(
    point: str, systems: dict[str, SourceSystem], steward: User
) -> None:
    before = deadlocks()
    for number, (one, other) in enumerate(product(ACTIONS, ACTIONS)):
        world = a_world(number, systems, steward, with_run="run" in {one, other})
        with (
            pytest.MonkeyPatch.context() as patched,
            at_once(Stop(patched, point), partial(ACTIONS[one], world), partial(ACTIONS[other], world)) as (first, second),
        ):
            pass
        assert (first.exception(), second.exception()) == (None, None), (one, other)
        if world.run is not None:
            runs.work_on(world.run)
    match_all_waiting(CUSTOMER, seconds=PATIENCE_SECONDS)
    assert [(finding.check.name, finding.offences[:3]) for finding in verify() if finding.count] == []
    assert deadlocks() == before


def test_a_record_of_somebody_else_does_not_wait_for_one_that_is_held_up(
    systems: dict[str, SourceSystem], steward: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, unrelated = World(1, systems, steward), World(500, systems, steward)
    stop = Stop(monkeypatch, "before commit")
    with at_once(stop, partial(ACTIONS["ingest"], world), partial(ACTIONS["ingest"], unrelated)) as (first, second):
        assert second.result(PATIENCE_SECONDS).outcome == "created"
        assert not first.done()


def test_a_record_of_the_same_customer_waits_and_joins_it(
    systems: dict[str, SourceSystem], steward: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(1, systems, steward)
    stop = Stop(monkeypatch, "before commit")
    with at_once(stop, partial(ACTIONS["ingest"], world), partial(world.send, "crm", "1", **firm(1, "crm"))) as (first, second):
        assert not first.done()
        assert not second.done()
    assert second.result().outcome == "linked"
    assert second.result().canonical_id == first.result().canonical_id
