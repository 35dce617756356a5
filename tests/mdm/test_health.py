from unittest.mock import patch

import pytest
from django.db import DatabaseError
from django.test import Client

from mdm.embedded import valkey


def test_live_answers_without_database_or_broker(client: Client) -> None:
    response = client.get("/health/live")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_when_database_broker_and_migrations_are(client: Client, broker: valkey.Broker) -> None:
    del broker
    response = client.get("/health/ready")
    assert response.json() == {"status": "ok", "checks": {"database": "ok", "migrations": "ok", "broker": "ok"}}
    assert response.status_code == 200


@pytest.mark.django_db
def test_not_ready_and_says_so_when_the_database_is_away(client: Client) -> None:
    with patch("mdm.health.connection.cursor", side_effect=DatabaseError):
        response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "unavailable"
