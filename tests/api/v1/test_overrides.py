"""Overrides through the API: making, finding and ending them."""

from typing import Any
from uuid import uuid4

import pytest

from api.scopes import INGEST, OVERRIDES, READ
from golden_records.models import SourceSystem
from tests.api.calling import ACME, Caller, problem_of
from tests.api.conftest import MakeCaller

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(crm: SourceSystem, erp: SourceSystem, caller_with: MakeCaller) -> Caller:
    """A program that may do all of this."""
    del crm, erp
    return caller_with(None, INGEST, READ, OVERRIDES, name="program")


@pytest.fixture
def customer(program: Caller) -> str:
    """The address of a golden customer that two sources know."""
    program.put("/source-records/erp/customer/C-1", {"attributes": ACME | {"segment": "large"}})
    answer = program.put("/source-records/crm/customer/1", {"attributes": ACME | {"segment": "small"}})
    return f"/customers/{answer.json()['canonical_id']}"


def made(program: Caller, customer: str, **wish: Any) -> Any:
    return program.post(f"{customer}/overrides", {"attribute": "segment", "reason": "told by the customer"} | wish)


def test_a_value_is_overridden_shown_with_its_override_and_ended(program: Caller, customer: str) -> None:
    answer = made(program, customer, values={"segment": "key account"}, life="until_date", until="2999-12-31")
    assert (answer.status_code, answer.json()["state"]) == (201, "in_force")
    address = answer.headers["Location"].removeprefix("/api/v1")
    document = program.get(customer).json()
    told = document["lineage"]["segment"]
    assert (document["attributes"]["segment"], told["rule"], told["override"]) == ("key account", "pinned", answer.json()["id"])
    assert (told["source"], [other["value"] for other in told["others"]]) == (None, ["large", "small"])
    shown = program.get(address).json()
    assert (shown["values"], shown["owner"], shown["reason"]) == ({"segment": "key account"}, "api:program", "told by the customer")
    assert program.get(f"{customer}/overrides").json()["results"] == [shown]
    assert program.get("/overrides", query={"state": "in_force"}).json()["results"] == [shown]
    assert program.post(f"{address}/end", {"reason": "a mistake"}).json()["state"] == "ended"
    assert program.get(customer).json()["attributes"]["segment"] == "large"
    assert (program.get(address).json()["end"], program.get("/overrides", query={"state": "in_force"}).json()["results"]) == ("by_hand", [])
    problem_of(program.post(f"{address}/end", {"reason": "again"}), 409, "nothing_to_undo")


def test_a_source_record_is_overridden_to(program: Caller, customer: str) -> None:
    record = {"source": "crm", "external_id": "1"}
    answer = made(program, customer, source_record=record)
    assert program.get(customer).json()["lineage"]["segment"]["source"] == "crm"
    assert program.get(f"/overrides/{answer.json()['id']}").json()["source_record"] == record


def test_the_same_request_twice_makes_one_override(program: Caller, customer: str) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    wish = {"attribute": "segment", "reason": "told", "values": {"segment": "key account"}}
    first, second = (program.post(f"{customer}/overrides", wish, **key) for _ in range(2))
    assert first.json() == second.json()
    assert len(program.get("/overrides").json()["results"]) == 1


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"values": {"segment": "x"}, "colour": 1}, 400, "invalid_request"),
        ({"values": "x"}, 400, "invalid_request"),
        ({"values": {"segment": "x"}, "until": "soon"}, 400, "invalid_request"),
        ({"source_record": {"source": "crm", "external_id": "no such"}}, 400, "invalid_request"),
        ({"attribute": 5, "values": {}}, 400, "invalid_request"),
        ({"attribute": "colour", "values": {"colour": "red"}}, 422, "invalid_override"),
        ({}, 422, "invalid_override"),
    ],
)
def test_what_can_not_be_is_refused(program: Caller, customer: str, wish: dict[str, Any], status: int, code: str) -> None:
    answer = made(program, customer, **wish)
    problem_of(answer, status, code)
    assert program.get("/overrides").json()["results"] == []


def test_overriding_takes_a_scope_of_its_own_and_what_is_not_there_is_said(program: Caller, customer: str, caller_with: MakeCaller) -> None:
    reader = caller_with(None, READ, name="reader")
    problem_of(made(reader, customer, values={"segment": "x"}), 403, "insufficient_scope")
    problem_of(program.get(f"/overrides/{uuid4()}"), 404, "unknown_override")
    problem_of(made(program, f"/customers/{uuid4()}", values={"segment": "x"}), 404, "unknown_golden_record")
    problem_of(program.get("/overrides", query={"state": "asleep"}), 400, "invalid_request")
