from collections.abc import Callable

import pytest
from celery import current_app

from tests.processes import WorkerProcess

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_a_real_worker_takes_tasks_from_the_real_broker(start_worker: Callable[..., WorkerProcess]) -> None:
    worker = start_worker()
    assert current_app.control.ping(destination=[worker.name], timeout=5) == [{worker.name: {"ok": "pong"}}]


def test_a_killed_worker_answers_no_more_and_another_can_be_started(start_worker: Callable[..., WorkerProcess]) -> None:
    first = start_worker()
    first.kill()
    assert current_app.control.ping(destination=[first.name], timeout=0.5) == []
    assert start_worker().name != first.name
