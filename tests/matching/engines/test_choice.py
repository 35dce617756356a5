"""Choosing an engine: a run planned by Spark ends in the golden records that one machine finds, and what is missing is said."""

import importlib.util
import shutil
from functools import partial

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from golden_records.models import CustomerRecord
from matching.engines import choice, local
from matching.models import MatchDecision, MatchRun, RunState
from tests.matching.conftest import ACME, ACME_IN_ERP, Arrive


def test_the_engine_of_this_machine_keeps_to_its_memory() -> None:
    chosen = choice.engine("local", master="", memory_mib=7)
    assert isinstance(chosen, partial)
    assert (chosen.func, chosen.keywords) == (local.match, {"memory_mib": 7})


def test_without_pyspark_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(CommandError) as refused:
        call_command("match", engine="spark")
    assert str(refused.value) == "The Spark engine needs PySpark: pip install '.[spark]'"


def test_without_java_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(CommandError) as refused:
        call_command("match", engine="spark")
    assert str(refused.value) == "The Spark engine needs Java, which was not found: install Java 17 or newer, or set JAVA_HOME."


def test_an_engine_that_does_not_exist_is_refused() -> None:
    with pytest.raises(choice.MissingEngine, match="There is no engine 'flink', but local, spark"):
        choice.engine("flink", master="")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("java")
def test_matching_on_spark_links_records_and_keeps_the_evidence(arrived: Arrive) -> None:
    arrived("crm", "C1", **ACME)
    arrived("erp", "E1", **ACME_IN_ERP)
    arrived("erp", "E2", legal_name="Garnier Optique", registration_id="552100554", city="Lyon", country="FR")
    call_command("match", entity="customer", engine="spark", master="local[1]")
    golden = dict(CustomerRecord.objects.values_list("external_id", "golden_id"))
    assert golden["C1"] == golden["E1"] != golden["E2"]
    assert MatchDecision.objects.get().outcome == "match"
    run = MatchRun.objects.get()
    assert run.state == RunState.COMPLETED
    assert {"start", "block", "score", "cluster", "collect"} <= run.timings.keys()
