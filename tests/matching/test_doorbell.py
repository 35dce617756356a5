"""A broker that is away costs a request nothing, and no record."""

from typing import Any

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from matching import doorbell
from matching.doorbell import ring

pytestmark = pytest.mark.django_db(transaction=True)


class Task:
    """A task whose broker is there or not."""

    name = "a task"

    def __init__(self, *, broker_is_there: bool) -> None:
        self.broker_is_there = broker_is_there
        self.published = list[tuple[Any, ...]]()
        self.tries = 0

    def apply_async(self, ids: tuple[Any, ...]) -> None:
        """Publish."""
        self.tries += 1
        if not self.broker_is_there:
            raise OperationalError("Connection refused")
        self.published.append(ids)


@pytest.fixture(autouse=True)
def _heard_nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell._Bell, "quiet_until", 0.0)  # noqa: SLF001 - as in a process that has just begun


def test_the_bell_rings_when_the_transaction_is_committed_and_not_before() -> None:
    task: Any = Task(broker_is_there=True)
    with transaction.atomic():
        ring(task, "customer", 1)
        assert task.published == []
    assert task.published == [("customer", 1)]


def test_nobody_is_told_of_what_was_rolled_back() -> None:
    task: Any = Task(broker_is_there=True)
    with transaction.atomic():
        ring(task, 1)
        transaction.set_rollback(True)
    assert task.published == []


def test_a_broker_that_is_away_is_no_error_and_is_not_tried_again_at_once() -> None:
    task: Any = Task(broker_is_there=False)
    for _ in range(3):
        ring(task, 1)
    assert task.tries == 1


def test_it_is_tried_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    task: Any = Task(broker_is_there=False)
    ring(task, 1)
    monkeypatch.setattr(doorbell._Bell, "quiet_until", 0.0)  # noqa: SLF001 - the while is over
    task.broker_is_there = True
    ring(task, 2)
    assert task.published == [(2,)]
