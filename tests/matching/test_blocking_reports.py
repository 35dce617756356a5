"""What blocking did is kept with each run, and its common keys can be read as long as records have them."""

import pytest
from pytest_django import DjangoAssertNumQueries

from golden_records.models import CustomerRecord
from matching import runs
from matching.active_config import active_config
from matching.blocking_reports import BEHIND, commonest_keys, in_force, last_studied_run
from matching.models import MatchRun
from tests.matching.conftest import CUSTOMER, Arrive

HOUSE = "+33 1 42 68 53 17"


@pytest.fixture
def studied(arrived: Arrive) -> MatchRun:
    for number in range(210):
        name = f"{chr(97 + number % 26) * 3}{number}q"
        arrived("crm", str(number), legal_name=f"Cabinet {name}", phone=HOUSE, city=f"Ville{number}")
    return runs.work_on(runs.start(CUSTOMER, actor="test").pk)


def test_a_run_keeps_what_blocking_did(studied: MatchRun) -> None:
    assert last_studied_run(CUSTOMER) == studied
    phone = next(rule for rule in studied.blocking["rules"] if rule["name"] == "phone")
    assert (phone["common_keys"], phone["common_records"]) == (1, 210)
    assert studied.blocking["records"] == 210
    assert "Cabinet" not in str(studied.blocking)


def test_a_common_key_is_read_from_the_records_that_have_it(
    studied: MatchRun, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(5):
        keys = commonest_keys(CUSTOMER, studied)
    key = next(key for key in keys if key.rule == "phone")
    assert (key.records, key.pairs) == (210, 210 * 209 // 2)
    assert "42685317" in key.text
    assert len(key.behind) == BEHIND
    assert key.looks_at == "phone"


def test_a_key_that_no_record_has_any_more_is_told_without_a_value(studied: MatchRun) -> None:
    CustomerRecord.objects.filter(phone__isnull=False).update(phone=None)
    key = next(key for key in commonest_keys(CUSTOMER, studied) if key.rule == "phone")
    assert key.text == ""


def test_the_limits_of_the_last_run_are_in_force(studied: MatchRun) -> None:
    rule = next(rule for rule in studied.blocking["rules"] if rule["name"] == "phone")
    rule["limit"] = 7
    rule["left_out"]["lone"]["pairs"] = 3
    studied.save(update_fields=["blocking"])
    active = active_config(CUSTOMER)
    told = dict(zip([rule.name for rule in active.config.blocking], in_force(CUSTOMER, active), strict=True))
    assert (told["phone"].limit, told["phone"].lone_left_out) == (7, True)
    assert told["email"].limit == 200


def test_before_any_run_the_rules_own_limits_are_in_force(arrived: Arrive) -> None:
    arrived("crm", "1", legal_name="Cabinet Roux")
    active = active_config(CUSTOMER)
    assert last_studied_run(CUSTOMER) is None
    assert {told.limit for told in in_force(CUSTOMER, active)} == {rule.limit for rule in active.config.blocking}
