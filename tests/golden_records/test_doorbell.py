"""The sealer is rung for when something was committed, cheaply, and nobody waits for a broker that is away."""

import time

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from golden_records import doorbell
from golden_records.doorbell import Doorbell
from golden_records.models import Seal
from golden_records.tasks import seal_events
from tests.factories import a_record


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moments at which a message was sent."""
    sent: list[float] = []
    monkeypatch.setattr(seal_events, "delay", lambda: sent.append(time.monotonic()))
    return sent


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monkeypatch.setattr(doorbell.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]  # the module's own import
    return now


def test_many_commits_in_a_moment_are_one_ring(rings: list[float], clock: list[float]) -> None:
    bell = Doorbell()
    for _ in range(5):
        bell.ring()
    assert len(rings) == 1
    clock[0] += 1
    bell.ring()
    assert len(rings) == 2


def test_a_broker_that_is_away_is_no_error_and_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    tries: list[int] = []

    def away() -> None:
        tries.append(1)
        raise OperationalError

    monkeypatch.setattr(seal_events, "delay", away)
    bell = Doorbell()
    bell.ring()
    clock[0] += 5
    bell.ring()
    assert len(tries) == 1
    clock[0] += 6
    bell.ring()
    assert len(tries) == 2


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_is_sealed_and_what_is_rolled_back_rings_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "_doorbell", Doorbell())
    with transaction.atomic():
        a_record("1", legal_name="Acme")
        transaction.set_rollback(True)
    assert not Seal.objects.exists()
    a_record("1", legal_name="Acme")
    assert list(Seal.objects.order_by("seq").values_list("event__type", flat=True)) == ["created", "linked"]
