"""Thousands of random operations on a hundred records, one after the other: at the end everything holds, and both chains verify."""

import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import pytest
from django.core.management import call_command

from golden_records import sealing
from golden_records.chain import CHAINS
from golden_records.models import (
    CustomerRecord,
    GoldenCustomer,
    GoldenState,
    MergeReceipt,
    MoveReceipt,
    Override,
    OverrideState,
    WhenSentAgain,
)
from matching.models import JudgementValue, ReviewTask, TaskState
from tests.matching.machine import SOURCES, RecordMachine

OPERATIONS: Final = int(os.environ.get("MDM_OPERATIONS", "500"))
SEED: Final = int(os.environ.get("MDM_OPERATIONS_SEED", "7"))
IDS: Final = 50
FIRMS: Final = 24
CHECKED_EVERY: Final = 2_500
LARGE: Final = 1_000_000
_WORDS: Final = ("Moulin", "Acme", "Lefebvre", "Nordwind", "Bertrand", "Rivoli", "Ardoise", "Cévennes")
_TRADES: Final = ("Conseil", "Ingénierie", "Menuiserie")


class ALife(RecordMachine):
    """What the state machine can do, chosen by seeded chance, over more records than Hypothesis would draw."""

    def __init__(self, chosen: random.Random) -> None:
        super().__init__()
        self._chosen = chosen
        self.done = Counter[str]()
        self.sources_and_a_steward()

    def go_on(self) -> None:
        """Do one thing that can be done now."""
        names = list(_WEIGHTS)
        name = self._chosen.choices(names, [_WEIGHTS[each] for each in names])[0]
        if _POSSIBLE.get(name, lambda: True)():
            getattr(self, f"_{name}")()
            self.done[name] += 1

    def _any(self) -> int:
        return self._chosen.randrange(LARGE)

    def _record(self) -> tuple[str, str]:
        return self._chosen.choice(SOURCES), str(self._chosen.randrange(IDS))

    def _ingest(self) -> None:
        self.a_source_sends(record=self._record(), attributes=self._attributes(), hour=None)

    def _update(self) -> None:
        held = CustomerRecord.objects.exclude(state="erased").select_related("source").order_by("id")
        found = self._one(self._any(), held)
        known = {name: getattr(found, name) for name in ("legal_name", "registration_id", "email", "city") if getattr(found, name)}
        changed = {"city": self._chosen.choice(("Paris", "Lyon", "Lille")), "segment": self._chosen.choice("ABC")}
        self.a_source_sends(record=(found.source.code, found.external_id), attributes=known | changed, hour=None)

    def _withdraw(self) -> None:
        self.a_source_withdraws(record=self._record(), hour=None)

    def _judge(self) -> None:
        self.a_steward_answers(choice=self._any(), answer=self._chosen.choice(list(JudgementValue)))

    def _undo_judgement(self) -> None:
        self.a_steward_takes_an_answer_back(choice=self._any())

    def _merge(self) -> None:
        self.a_steward_merges(choice=self._any(), other=self._any(), youngest=self._coin(), says=self._says())

    def _unmerge(self) -> None:
        self.a_merge_is_undone(choice=self._any(), overrules=False)

    def _split(self) -> None:
        self.a_steward_splits(choice=self._any(), parts=self._any(), says=self._says())

    def _move(self) -> None:
        self.a_steward_moves(choice=self._any(), other=self._any(), parts=self._any(), says=self._says())

    def _undo_move(self) -> None:
        self.a_split_or_a_move_is_undone(choice=self._any(), overrules=False)

    def _confirm(self) -> None:
        self.a_steward_confirms(choice=self._any())

    def _override(self) -> None:
        life = self._chosen.choice(["until_ended", "until_changed", "until_confirmed"])
        self.a_steward_overrides(choice=self._any(), value=self._chosen.choice("ABC"), life=life)

    def _end_override(self) -> None:
        self.an_override_is_ended(choice=self._any())

    def _erase(self) -> None:
        # Most come back: what is suppressed has no more to say.
        how = self._chosen.choices([WhenSentAgain.NEW, WhenSentAgain.SUPPRESS], [9, 1])[0]
        self.somebody_is_erased(choice=self._any(), when_sent_again=how)

    def _says(self) -> dict[str, bool]:
        return {"confirmed": self._coin(), "overrules": False}

    def _coin(self) -> bool:
        return self._chosen.random() < 0.5

    def _attributes(self) -> dict[str, Any]:
        firm = self._chosen.randrange(FIRMS)
        name = f"{_WORDS[firm % len(_WORDS)]} {_TRADES[firm // len(_WORDS)]}"
        told = {"legal_name": self._chosen.choice((name, name.upper(), f"{name} SAS")), "country": "FR"}
        optional = {"registration_id": _siren(firm), "email": f"contact@firm{firm}.fr", "city": "Lyon", "segment": "A"}
        return told | {key: value for key, value in optional.items() if self._coin()}


_WEIGHTS: Final[dict[str, float]] = {
    "ingest": 24,
    "update": 20,
    "withdraw": 5,
    "judge": 7,
    "undo_judgement": 4,
    "merge": 6,
    "unmerge": 5,
    "split": 7,
    "move": 6,
    "undo_move": 7,
    "confirm": 3,
    "override": 5,
    "end_override": 3,
    "erase": 0.6,
}


def _active() -> int:
    return GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).count()


_POSSIBLE: Final[dict[str, Callable[[], bool]]] = {
    "update": lambda: CustomerRecord.objects.exclude(state="erased").exists(),
    "judge": lambda: ReviewTask.objects.filter(state=TaskState.OPEN).exists(),
    "undo_judgement": lambda: ReviewTask.objects.filter(state=TaskState.DECIDED).exists(),
    "merge": lambda: _active() > 1,
    "unmerge": lambda: MergeReceipt.objects.filter(undone_at__isnull=True).exists(),
    "split": lambda: GoldenCustomer.objects.filter(state=GoldenState.ACTIVE, member_count__gt=1).exists(),
    "move": lambda: _active() > 1,
    "undo_move": lambda: MoveReceipt.objects.filter(undone_at__isnull=True).exists(),
    "confirm": lambda: _active() > 0,
    "override": lambda: _active() > 0,
    "end_override": lambda: Override.objects.filter(state=OverrideState.IN_FORCE).exists(),
    "erase": lambda: GoldenCustomer.objects.exclude(state=GoldenState.ERASED).exists(),
}


def _siren(firm: int) -> str:
    """A number of nine digits whose check digit is right."""
    digits = f"{73_282_930 + firm * 101:08d}"
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return digits + str(-sum(each // 10 + each % 10 for each in doubled) % 10)


def _live(operations: int) -> Counter[str]:
    life = ALife(random.Random(SEED))  # noqa: S311 - chooses, keeps no secret
    for number in range(1, operations + 1):
        life.go_on()
        if number % CHECKED_EVERY == 0:
            life.verify_all()
    life.verify_all()
    for chain in CHAINS:
        sealing.seal(chain)
    call_command("verify_audit")
    return life.done


@pytest.mark.django_db
def test_hundreds_of_random_operations_leave_nothing_broken() -> None:
    assert set(_live(250)) >= {"ingest", "merge", "unmerge", "split", "move", "undo_move", "override"}


@pytest.mark.slow
@pytest.mark.django_db
def test_thousands_of_random_operations_leave_nothing_broken() -> None:
    """As many as `MDM_OPERATIONS` says."""
    assert set(_live(OPERATIONS)) == set(_WEIGHTS)
