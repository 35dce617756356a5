from datetime import timedelta
from unittest.mock import patch

import pytest
import redis
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from matching import tasks
from matching.models import Pulse
from mdm.embedded import valkey


def test_live_answers_without_database_or_broker(client: Client) -> None:
    response = client.get("/health/live")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_when_database_broker_migrations_sweep_and_lock_table_are(client: Client, broker: valkey.Broker) -> None:
    del broker
    tasks.sweep()
    response = client.get("/health/ready")
    checks = dict.fromkeys(("database", "migrations", "broker", "sweep", "locks"), "ok")
    assert response.json() == {"status": "ok", "checks": checks}
    assert response.status_code == 200


@pytest.mark.django_db
def test_without_the_broker_the_service_is_degraded_and_still_ready_since_it_takes_records(client: Client) -> None:
    tasks.sweep()
    with patch("mdm.health.redis.Redis.ping", side_effect=redis.ConnectionError):
        response = client.get("/health/ready")
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["checks"]["broker"]) == ("degraded", "unavailable")


@pytest.mark.django_db
def test_a_sweep_that_stays_away_is_told(client: Client) -> None:
    assert client.get("/health/ready").json()["checks"]["sweep"] == "never ran"
    tasks.sweep()
    Pulse.objects.update(at=timezone.now() - timedelta(minutes=10))
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"]["sweep"].startswith("ran 60")


@pytest.mark.django_db
def test_not_ready_and_says_so_when_the_database_is_away(client: Client) -> None:
    with patch("mdm.health.connection.cursor", side_effect=DatabaseError):
        response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "unavailable"
    assert response.json()["checks"]["sweep"] == "unavailable"
