"""The hierarchy through the API: where a customer stands, what its group comes to, and a steward's word."""

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from api.scopes import INGEST, OVERRIDES, READ
from golden_records.models import SourceSystem
from tests.api.calling import Caller, problem_of
from tests.api.conftest import MakeCaller
from tests.matching.hierarchy.families import heard

pytestmark = pytest.mark.django_db
WHY = {"reason": "the group's chart says so"}


@pytest.fixture
def program(crm: SourceSystem, caller_with: MakeCaller) -> Caller:
    """A program that may do all of this."""
    del crm
    return caller_with(None, INGEST, READ, OVERRIDES, name="program")


def customer(program: Caller, name: str, **attributes: Any) -> str:
    """Send a customer; its canonical id."""
    answer = program.send_customer("crm", name, legal_name=f"{name} {uuid4().hex}", **attributes)
    canonical_id: str = answer.json()["canonical_id"]
    return canonical_id


def test_a_customer_says_where_it_stands(program: Caller) -> None:
    shop, firm = customer(program, "shop", parent="firm"), customer(program, "firm", parent="holding")
    heard()
    assert program.get("/customers/refused-parents", query={"state": "unknown"}).json()["results"][0]["canonical_id"] == firm
    holding = customer(program, "holding")
    heard()
    document = program.get(f"/customers/{shop}/hierarchy").json()
    assert (document["parent"], document["ultimate_parent"], document["ancestors"]) == (firm, holding, [firm, holding])
    assert (document["told"]["state"], document["told"]["origin"]) == ("stands", "source")
    assert program.get(f"/customers/{holding}/children").json()["results"] == [firm]
    group = program.get(f"/customers/{shop}/group").json()
    assert (group["head"], group["members"], group["projects"], group["figures"]) == (holding, 3, 0, [])
    assert program.get(f"/customers/{firm}/group", query={"below": "true"}).json()["members"] == 2
    assert program.get("/customers/refused-parents").json()["results"] == []


def test_a_steward_s_word_stands_is_replaced_and_taken_back(program: Caller) -> None:
    holding, other = customer(program, "holding"), customer(program, "other")
    shop = customer(program, "shop", parent="holding")
    heard()
    answer = program.post(f"/customers/{shop}/parent", {"parent": other, **WHY})
    assert (answer.status_code, answer.json()["attribute"]) == (201, "parent")
    assert program.get(f"/customers/{shop}/hierarchy").json()["told"]["override"] == answer.json()["id"]
    assert program.get(f"/customers/{shop}").json()["references"]["parent"] == other
    program.post(f"/customers/{shop}/parent", {"parent": None, **WHY})
    assert program.get(f"/customers/{shop}/hierarchy").json()["parent"] is None
    assert program.post(f"/customers/{shop}/parent/clear", WHY).json()["state"] == "ended"
    assert program.get(f"/customers/{shop}/hierarchy").json()["parent"] == holding
    problem_of(program.post(f"/customers/{shop}/parent/clear", WHY), 409, "nothing_to_undo")


def test_a_loop_is_refused_and_named(program: Caller) -> None:
    a, b = customer(program, "a"), customer(program, "b")
    program.post(f"/customers/{b}/parent", {"parent": a, **WHY})
    problem = problem_of(program.post(f"/customers/{a}/parent", {"parent": b, **WHY}), 409, "hierarchy_loop")
    assert problem["loop"] == [a, b, a]
    assert program.get(f"/customers/{a}/hierarchy").json()["parent"] is None


def test_the_same_word_twice_is_one(program: Caller) -> None:
    a, b = customer(program, "a"), customer(program, "b")
    key = {"Idempotency-Key": str(uuid4())}
    first, second = (program.post(f"/customers/{b}/parent", {"parent": a, **WHY}, **key) for _ in range(2))
    assert first.json() == second.json()
    assert len(program.get("/overrides").json()["results"]) == 1


@pytest.mark.parametrize("body", [[], {}, {"parent": "x", **WHY}, {"parent": None}, {"parent": None, "reason": " "}, {"colour": 1, **WHY}])
def test_what_can_not_be_read_is_refused(program: Caller, body: Any) -> None:
    problem_of(program.post(f"/customers/{customer(program, 'a')}/parent", body), 400, "invalid_request")


def test_what_is_not_there_and_what_may_not_be_done_is_said(program: Caller, caller_with: MakeCaller) -> None:
    a, reader = customer(program, "a"), caller_with(None, READ, name="reader")
    problem_of(reader.post(f"/customers/{a}/parent", {"parent": None, **WHY}), 403, "insufficient_scope")
    problem_of(program.get(f"/customers/{uuid4()}/hierarchy"), 404, "unknown_golden_record")
    problem_of(program.post(f"/customers/{a}/parent", {"parent": str(uuid4()), **WHY}), 422, "invalid_override")
    problem_of(program.get(f"/customers/{a}/group", query={"since": "soon"}), 400, "invalid_request")
    problem_of(program.get(f"/customers/{a}/group", query={"below": "perhaps"}), 400, "invalid_request")
    problem_of(program.get("/customers/refused-parents", query={"state": "fine"}), 400, "invalid_request")


def test_where_a_customer_stands_takes_as_many_statements_however_high(
    program: Caller, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    lowest = customer(program, "0", parent="1")
    for number in range(1, 9):
        customer(program, str(number), parent=str(number + 1))
    heard()
    with django_assert_max_num_queries(5):
        assert len(program.get(f"/customers/{lowest}/hierarchy").json()["ancestors"]) == 8
