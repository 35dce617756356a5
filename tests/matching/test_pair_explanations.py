"""Any two records are explained from the database: also such as were never compared."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import DjangoAssertNumQueries

from golden_records.errors import UnknownSourceRecord
from matching.active_config import active_config
from matching.core.decide import Outcome
from matching.core.meeting import Meeting
from matching.models import BlockingKey
from matching.pair_explanations import explain_records
from tests.matching.conftest import ACME, ACME_IN_ERP, CUSTOMER, Submit

OTHER = {"legal_name": "Boulangerie Martin", "city": "Nantes", "phone": "+33 2 40 11 22 33"}


def reasons(left: tuple[str, str], right: tuple[str, str]) -> dict[str, Any]:
    return {rule.rule: rule for rule in explain_records(CUSTOMER, left, right).explanation.rules}


def test_two_records_of_one_customer_say_by_which_rules_they_met(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    submitted("erp", "1", **ACME_IN_ERP)
    found = explain_records(CUSTOMER, ("crm", "1"), ("erp", "1"))
    assert (found.left.source.code, found.right.source.code) == ("crm", "erp")
    assert found.explanation.compared
    assert found.explanation.outcome is Outcome.MATCH
    assert found.explanation.verdict.startswith("Compared by registration_id, ")
    assert found.config_version == active_config(CUSTOMER).version


def test_the_sides_stand_as_they_were_asked_for(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    submitted("crm", "2", **OTHER)
    one, other = explain_records(CUSTOMER, ("crm", "2"), ("crm", "1")), explain_records(CUSTOMER, ("crm", "1"), ("crm", "2"))
    name = next(step for step in one.explanation.steps if step.comparison == "name")
    assert (name.left, name.right) == ("Boulangerie Martin", "Acme Ingénierie SAS")
    assert one.explanation.weight == other.explanation.weight


def test_two_records_that_were_never_compared_say_why_and_what_they_would_score(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    submitted("crm", "2", **OTHER)
    found = explain_records(CUSTOMER, ("crm", "1"), ("crm", "2"))
    assert not found.explanation.compared
    assert found.explanation.verdict == "Never compared: no blocking rule in common. It would be no match."
    told = reasons(("crm", "1"), ("crm", "2"))
    assert told["registration_id"].reason == "no registration id on the right"
    assert "'acme ingenierie' and 'boulangerie martin'" in told["same words"].reason
    assert found.explanation.steps[-1].level == "total"


def test_a_key_that_very_many_records_have_is_told_as_too_common(submitted: Submit) -> None:
    shared = "+33 1 99 00 00 11"
    submitted("crm", "1", legal_name="Atelier Roux", phone=shared, city="Nice")
    submitted("crm", "2", legal_name="Pharmacie Lenoir", phone=shared, city="Metz")
    row = BlockingKey.objects.filter(rule=6).first()
    assert row is not None
    others = [BlockingKey(entity="customer", record_id=10_000 + number, rule=6, key=row.key) for number in range(300)]
    BlockingKey.objects.bulk_create(others)
    assert active_config(CUSTOMER).config.blocking[6].name == "phone"
    told = reasons(("crm", "1"), ("crm", "2"))
    assert told["phone"].meeting is Meeting.COMMON
    assert "302 records: more than 200" in told["phone"].reason


def test_an_explanation_takes_few_statements(submitted: Submit, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    submitted("crm", "1", **ACME)
    submitted("crm", "2", **OTHER)
    with django_assert_max_num_queries(6):
        explain_records(CUSTOMER, ("crm", "1"), ("crm", "2"))


def test_a_record_that_was_never_sent_is_named(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    with pytest.raises(UnknownSourceRecord, match="'erp' has no customer '9'"):
        explain_records(CUSTOMER, ("crm", "1"), ("erp", "9"))


def test_the_command_prints_the_verdict_the_evidence_and_the_rules(submitted: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    submitted("crm", "1", **ACME)
    submitted("crm", "2", **OTHER)
    call_command("explain", "crm:1", "crm:2", "--entity", "customer")
    printed = capsys.readouterr().out
    assert "Never compared: no blocking rule in common." in printed
    assert "before comparing" in printed
    assert "no registration id on the right" in " ".join(printed.split())


@pytest.mark.parametrize("named", ["crm", ":1", "crm:", "crm:77"])
def test_the_command_refuses_what_names_no_record(submitted: Submit, named: str) -> None:
    submitted("crm", "1", **ACME)
    with pytest.raises(CommandError):
        call_command("explain", "crm:1", named, stdout=StringIO())
