"""Whatever happens to source records, in any order: everything that must hold does, after each step."""

import os
from typing import Final

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from matching.active_config import forget_versions
from tests.lock_order import an_example
from tests.matching.machine import RecordMachine

RUNS: Final = int(os.environ.get("MDM_STATE_MACHINE_RUNS", "20"))


class _RolledBack(RecordMachine):
    """Each run in a transaction of its own, which is rolled back at its end."""

    def __init__(self) -> None:
        super().__init__()
        forget_versions()
        self._transaction = an_example()
        self._transaction.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._transaction.__exit__(None, None, None)
        forget_versions()


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
