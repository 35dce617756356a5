"""What Prometheus is told, and who may ask."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import DatabaseError
from django.test import Client, override_settings
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from golden_records import protection, sealing
from golden_records.entities import entity_type
from golden_records.models import CustomerRecord, MatchState, Seal, WebhookProgress, WebhookSubscription
from golden_records.offences import Check, Offence
from golden_records.sources import SourceRecordDraft
from matching import tasks
from matching.intake import submit_source_record
from matching.models import Pulse
from matching.verifying import Finding
from tests.factories import a_change, a_record, a_source

pytestmark = pytest.mark.django_db


def told(client: Client) -> dict[tuple[str, str], float]:
    """Every figure by its name and its labels' values."""
    text = client.get("/metrics").content.decode()
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(sample.name, ",".join(sample.labels.values())): sample.value for sample in samples}


def test_the_queue_is_told_by_its_length_and_by_how_long_the_first_has_waited(client: Client) -> None:
    for number in range(3):
        a_record(str(number), legal_name=f"Firme {number}")
    since = timezone.now() - timedelta(minutes=5)
    CustomerRecord.objects.filter(external_id__in=("0", "1")).update(match_state=MatchState.PENDING, updated_at=since)
    found = told(client)
    assert found["mdm_waiting_records", "customer"] == 2
    assert found["mdm_waiting_records", "project"] == 0
    assert 300 <= found["mdm_waiting_oldest_seconds", "customer"] < 400
    assert found["mdm_database_up", ""] == 1


def test_records_are_counted_by_outcome_and_matching_is_timed(client: Client) -> None:
    from_before = told(client)
    draft = SourceRecordDraft(entity_type("customer"), a_source(), "0042", {"legal_name": "Lefebvre Menuiserie"})
    submit_source_record(draft, change=a_change())
    found = told(client)
    for name in (("mdm_records_total", "customer,created"), ("mdm_match_seconds_count", "customer")):
        assert found[name] == from_before.get(name, 0) + 1


def test_the_sweep_and_what_verification_found_are_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def offends() -> list[Finding]:
        check = Check("partition", "x", lambda: iter(()))
        return [Finding(check, 3, (Offence("customer", {"record": 1}, "x", "x"),), 0.1)]

    monkeypatch.setattr("matching.tasks.verifying.verify", offends)
    tasks.verify()
    tasks.sweep()
    found = told(client)
    assert found["mdm_verify_offences", "partition"] == 3
    assert found["mdm_sweep_age_seconds", ""] < 60
    assert Pulse.objects.count() == 2


def test_what_an_endpoint_has_not_heard_yet_is_told_by_its_age(client: Client) -> None:
    now = timezone.now()
    hook = WebhookSubscription.objects.create(name="crm", url="https://crm.example/", secret_changed_at=now, created_at=now)
    WebhookProgress.objects.create(subscription=hook, position=0, next_try_at=timezone.now())
    assert told(client)["mdm_webhook_delay_seconds", str(hook.pk)] == 0
    a_record("0042", legal_name="Lefebvre Menuiserie")
    sealing.seal()
    with protection.unprotected():
        Seal.objects.update(sealed_at=timezone.now() - timedelta(minutes=5))
    assert 300 <= told(client)["mdm_webhook_delay_seconds", str(hook.pk)] < 400


def test_the_counts_of_a_process_are_told_while_the_database_is_away(client: Client) -> None:
    with patch("mdm.metrics.waiting", side_effect=DatabaseError):
        found = told(client)
    assert found["mdm_database_up", ""] == 0
    assert ("mdm_transactions_refused_total", "") in found


def test_without_a_token_only_this_machine_may_ask_and_no_proxy_on_it(client: Client) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 403


@override_settings(METRICS_TOKEN="swordfish")
def test_with_a_token_whoever_shows_it_may_ask_and_nobody_else(client: Client) -> None:
    shown = {"Authorization": "Bearer swordfish"}
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers=shown).status_code == 200
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer sword"}).status_code == 403


def test_what_several_processes_counted_is_summed_up(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = "from prometheus_client import Counter; Counter('mdm_tried', 'x').inc(2)"
    for _ in range(2):
        environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        subprocess.run([sys.executable, "-c", count], env=environment, check=True)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert told(client)["mdm_tried_total", ""] == 4
