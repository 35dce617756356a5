"""A program asks why two records are one or two, also where they were never compared."""

import pytest

from tests.api.calling import Caller, problem_of

pytestmark = pytest.mark.django_db

EXPLAIN = "/match-explanations"
ASKED = {"entity": "customer", "left": {"source": "crm", "external_id": "1"}, "right": {"source": "erp", "external_id": "2"}}


def test_two_records_that_were_never_compared_are_explained(caller: Caller) -> None:
    caller.send_customer("crm", "1", legal_name="Acme Conseil", city="Lyon")
    caller.send_customer("erp", "2", legal_name="Boulangerie Martin", city="Nantes")
    told = caller.post(EXPLAIN, ASKED).json()
    assert (told["compared"], told["outcome"]) == (False, "no_match")
    assert told["verdict"] == "Never compared: no blocking rule in common. It would be no match."
    assert told["explanation"][-1]["bits"] == pytest.approx(told["weight"], abs=0.001)
    words = next(rule for rule in told["rules"] if rule["rule"] == "same words")
    assert words["meeting"] == "different"
    assert "boulangerie martin" in words["reason"]


def test_two_records_of_one_customer_meet_by_name_and_match(caller: Caller) -> None:
    caller.send_customer("crm", "1", legal_name="Acme Conseil", registration_id="732829320")
    caller.send_customer("erp", "2", legal_name="ACME CONSEIL SARL", registration_id="732829320")
    told = caller.post(EXPLAIN, ASKED).json()
    assert (told["compared"], told["outcome"]) == (True, "match")
    assert next(rule for rule in told["rules"] if rule["rule"] == "registration_id")["meeting"] == "met"


def test_a_record_that_was_never_sent_is_not_found(caller: Caller) -> None:
    problem_of(caller.post(EXPLAIN, ASKED), 404, "unknown_source_record")


def test_a_question_that_can_not_be_read_is_told_place_by_place(caller: Caller) -> None:
    problem = problem_of(caller.post(EXPLAIN, {"entity": 3, "left": {"source": "crm", "id": "1"}, "rigt": {}}), 400, "invalid_request")
    assert {error["pointer"] for error in problem["errors"]} == {"/entity", "/left/id", "/left/external_id", "/right", "/rigt"}
