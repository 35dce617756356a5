"""Whatever happens to source records, in any order: everything that must hold does."""

import os
import sys
from typing import Final

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

import golden_records.erasure_checks
import golden_records.feed_checks
import golden_records.verifying
import matching.erasure_checks
import matching.verifying
from matching.active_config import forget_versions
from matching.core import parallel
from tests.lock_order import an_example
from tests.matching.machine import CUSTOMER, RecordMachine

_CHECKING: Final = (
    golden_records.erasure_checks,
    golden_records.feed_checks,
    golden_records.verifying,
    matching.erasure_checks,
    matching.verifying,
)
RUNS: Final = int(os.environ.get("MDM_STATE_MACHINE_RUNS", "200"))


class _RolledBack(RecordMachine):
    """Each run in a transaction of its own, which is rolled back at its end."""

    def __init__(self) -> None:
        super().__init__()
        forget_versions()
        self._transaction = an_example()
        self._transaction.__enter__()

    def teardown(self) -> None:
        try:
            # A step that failed says more than what it left behind.
            if sys.exc_info()[0] is None:
                self.verify_all()
        finally:
            transaction.set_rollback(True)
            self._transaction.__exit__(None, None, None)
            forget_versions()


@pytest.fixture(autouse=True)
def _small_and_of_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes half the time and can't find anything here: projects, of which there are none, and threads for eight records."""
    monkeypatch.setattr(parallel, "CORES", 1)
    for module in _CHECKING:
        monkeypatch.setattr(module, "ENTITIES", {CUSTOMER.name: CUSTOMER})


def _run(*, runs: int, steps: int) -> None:
    profile = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        verbosity=Verbosity.normal,
        print_blob=True,
    )
    run_state_machine_as_test(_RolledBack, settings=profile)


@pytest.mark.django_db
def test_a_few_random_histories_leave_nothing_broken() -> None:
    _run(runs=3, steps=12)


@pytest.mark.slow
@pytest.mark.django_db
def test_many_random_histories_leave_nothing_broken() -> None:
    _run(runs=RUNS, steps=50)
