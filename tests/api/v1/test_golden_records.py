"""Golden records answer by canonical id, for ever, and say where each value comes from."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from golden_records import merging
from golden_records.change import Change
from golden_records.entities import entity_type
from tests.api.calling import Caller, problem_of

pytestmark = pytest.mark.django_db

CHANGE = Change(actor="steward:test", reason="the same firm")


def firm(number: int, **attributes: Any) -> dict[str, Any]:
    """Give a firm that is like no other."""
    names = ("Boulangerie", "Garage", "Cabinet", "Transports", "Menuiserie", "Pharmacie", "Imprimerie", "Verger")
    cities = ("Lyon", "Brest", "Lille", "Nice", "Pau", "Metz", "Tours", "Dijon")
    return {
        "kind": "organisation",
        "legal_name": f"{names[number % 8]} {chr(65 + number % 26) * 3}{number:03}",
        "city": cities[number % 8],
        "country": "FR",
        **attributes,
    }


def merge(survivor: str, absorbed: str) -> None:
    merging.merge(
        entity_type("customer"),
        survivor_id=uuid.UUID(survivor),
        absorbed_id=uuid.UUID(absorbed),
        change=CHANGE,
        terms=merging.Terms({"judgement": 1}),
    )


@pytest.fixture
def two_views_of_acme(caller: Caller) -> str:
    """One customer in both sources; ERP, the more trusted, writes it in full."""
    same = {"kind": "organisation", "registration_id": "732829320", "postcode": "69002", "city": "Lyon", "country": "FR"}
    caller.send_customer("crm", "0042", legal_name="Acme Conseil", website="acme.example.com", **same)
    answer = caller.send_customer("erp", "C-17", legal_name="Acme Conseil France", **same).json()
    assert answer["outcome"] == "linked"
    return str(answer["canonical_id"])


def test_a_golden_record_names_the_winner_of_each_value_and_what_the_others_say(caller: Caller, two_views_of_acme: str) -> None:
    document = caller.get(f"/customers/{two_views_of_acme}").json()
    assert (document["canonical_id"], document["requested_id"], document["retired"]) == (two_views_of_acme, two_views_of_acme, False)
    lineage = document["lineage"]["legal_name"]
    assert document["attributes"]["legal_name"] == lineage["value"]
    told = {(lineage["source"], lineage["external_id"])} | {(other["source"], other["external_id"]) for other in lineage["others"]}
    assert told == {("crm", "0042"), ("erp", "C-17")}
    assert [other["agrees"] for other in lineage["others"]] == [False]
    website = document["lineage"]["website"]
    assert (website["source"], website["external_id"], website["others"]) == ("crm", "0042", [])
    assert "lei" not in document["lineage"], "nobody knows it"


def test_a_golden_record_names_its_cross_references(caller: Caller, two_views_of_acme: str) -> None:
    alone, linked = caller.get(f"/customers/{two_views_of_acme}").json()["cross_references"]
    assert (alone["source"], alone["external_id"], alone["linked_by"], alone["probability"]) == ("crm", "0042", "auto", None)
    assert (linked["source"], linked["external_id"], linked["linked_by"]) == ("erp", "C-17", "auto")
    assert linked["probability"] > 0.9


def test_a_retired_id_answers_with_its_successor(caller: Caller) -> None:
    survivor = caller.send_customer("crm", "1", **firm(1)).json()["canonical_id"]
    retired = caller.send_customer("crm", "2", **firm(2)).json()["canonical_id"]
    merge(survivor, retired)
    answer = caller.get(f"/customers/{retired}")
    assert answer.status_code == 200
    assert answer.headers["Content-Location"] == f"/api/v1/customers/{survivor}"
    document = answer.json()
    assert (document["canonical_id"], document["requested_id"], document["retired"]) == (survivor, retired, True)
    assert {xref["external_id"] for xref in document["cross_references"]} == {"1", "2"}
    assert "Content-Location" not in caller.get(f"/customers/{survivor}").headers


def test_an_id_that_never_was_is_unknown(caller: Caller, two_views_of_acme: str) -> None:
    problem_of(caller.get(f"/customers/{uuid.UUID(int=7)}"), 404, "unknown_golden_record")
    problem_of(caller.get(f"/projects/{two_views_of_acme}"), 404, "unknown_golden_record")


def test_a_caller_that_has_the_golden_record_already_gets_no_body(caller: Caller, two_views_of_acme: str) -> None:
    address = f"/customers/{two_views_of_acme}"
    etag = caller.get(address).headers["ETag"]
    answer = caller.get(address, If_None_Match=etag)
    assert (answer.status_code, answer.headers["ETag"]) == (304, etag)
    caller.send_customer("erp", "C-17", legal_name="Acme Conseil France", registration_id="732829320", city="Paris", country="FR")
    assert caller.get(address, If_None_Match=etag).status_code == 200


def test_a_project_names_its_customer_by_canonical_id(caller: Caller, two_views_of_acme: str) -> None:
    project = caller.send_project("erp", "P-1", code="P-1", title="Datawarehouse", customer="C-17", budget="120000.5").json()
    document = caller.get(f"/projects/{project['canonical_id']}").json()
    assert document["attributes"]["customer"] == "C-17"
    assert document["references"] == {"customer": two_views_of_acme}
    assert document["attributes"]["budget"] == "120000.50"


def test_a_reference_to_a_record_that_never_came_is_null(caller: Caller) -> None:
    project = caller.send_project("erp", "P-1", code="P-1", title="Datawarehouse", customer="C-99").json()
    assert caller.get(f"/projects/{project['canonical_id']}").json()["references"] == {"customer": None}


def listed(caller: Caller, entity: str = "customers", **query: Any) -> list[Any]:
    """Follow a list to its end."""
    address: str | None = f"/{entity}"
    found: list[Any] = []
    while address is not None:
        page = caller.get(address, query=query or None).json()
        found += page["results"]
        address, query = page["next"] and page["next"].removeprefix("/api/v1"), {}
    return found


def test_a_list_is_walked_page_by_page_and_shows_each_active_record_once(caller: Caller) -> None:
    ids = [caller.send_customer("crm", str(number), **firm(number)).json()["canonical_id"] for number in range(7)]
    assert len(set(ids)) == 7
    merge(ids[0], ids[6])
    assert [entry["canonical_id"] for entry in listed(caller, limit=2)] == ids[:6]
    assert [entry["canonical_id"] for entry in listed(caller)] == ids[:6]


def test_a_record_written_while_a_list_is_walked_shifts_nothing(caller: Caller) -> None:
    ids = [caller.send_customer("crm", str(number), **firm(number)).json()["canonical_id"] for number in range(3)]
    first = caller.get("/customers", query={"limit": 2}).json()
    ids.append(caller.send_customer("crm", "3", **firm(3)).json()["canonical_id"])
    second = caller.get(first["next"].removeprefix("/api/v1")).json()
    assert [entry["canonical_id"] for entry in first["results"] + second["results"]] == ids


@pytest.fixture
def three_firms(caller: Caller) -> dict[str, str]:
    rows = {
        "crm": firm(1, legal_name="Boulangerie Martin", registration_id="732829320", country="FR"),
        "erp": firm(2, legal_name="Garage Dupont", vat_id="BE0403170701", country="BE"),
    }
    return {source: caller.send_customer(source, "1", **attributes).json()["canonical_id"] for source, attributes in rows.items()}


@pytest.mark.parametrize(
    ("query", "sources"),
    [
        ({"name": "MARTIN"}, {"crm"}),
        ({"name": "a"}, {"crm", "erp"}),
        ({"registration_id": "732829320"}, {"crm"}),
        ({"vat_id": "BE0403170701"}, {"erp"}),
        ({"country": "BE"}, {"erp"}),
        ({"source": "erp"}, {"erp"}),
        ({"source": "sap"}, set()),
        ({"country": "BE", "name": "martin"}, set()),
        ({"updated_since": "2020-01-01T00:00:00Z"}, {"crm", "erp"}),
        ({"updated_since": "2100-01-01T00:00:00+02:00"}, set()),
    ],
)
def test_lists_are_filtered(caller: Caller, three_firms: dict[str, str], query: dict[str, str], sources: set[str]) -> None:
    assert {entry["canonical_id"] for entry in listed(caller, **query)} == {three_firms[source] for source in sources}


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"contry": "FR"}, "contry", "unknown_parameter"),
        ({"updated_since": "yesterday"}, "updated_since", "invalid_parameter"),
        ({"name": "a\x00b"}, "name", "invalid_parameter"),
        ({"name": "x" * 301}, "name", "invalid_parameter"),
        ({"limit": "0"}, "limit", "invalid_limit"),
        ({"limit": "201"}, "limit", "invalid_limit"),
        ({"limit": "ten"}, "limit", "invalid_limit"),
        ({"limit": "٣"}, "limit", "invalid_limit"),
        ({"cursor": "made up"}, "cursor", "invalid_cursor"),
        ({"cursor": "WyJ4Il0"}, "cursor", "invalid_cursor"),
        ({"cursor": "WzFd"}, "cursor", "invalid_cursor"),
        ({"cursor": "W10"}, "cursor", "invalid_cursor"),
        ({"cursor": "é"}, "cursor", "invalid_cursor"),
        ({"cursor": ""}, "cursor", "invalid_cursor"),
    ],
)
def test_a_query_that_can_not_be_meant_is_refused(caller: Caller, query: dict[str, str], pointer: str, code: str) -> None:
    (error,) = problem_of(caller.get("/customers", query=query), 400, "invalid_request")["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)


def count(call: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        call()
    return len(queries)


def test_reading_takes_as_many_queries_for_many_records_as_for_one(caller: Caller) -> None:
    customer = caller.send_customer("erp", "C-1", **firm(1)).json()["canonical_id"]
    caller.send_project("erp", "P-0", code="P-0", title="Audit énergétique", customer="C-1")
    few = count(lambda: caller.get("/projects"))
    for number in range(1, 6):
        caller.send_project("erp", f"P-{number}", code=f"P-{number}", title=f"Étude {number * 37} du site {number}", customer="C-1")
    assert count(lambda: caller.get("/projects")) == few == 2, "the rows, and what they refer to"
    logging_it = 1 if connection.vendor == "postgresql" else 2
    assert count(lambda: caller.get(f"/customers/{customer}")) <= 4 + logging_it


def test_a_golden_record_answers_as_of_a_moment_what_it_answered_then(caller: Caller, two_views_of_acme: str) -> None:
    then = caller.get(f"/customers/{two_views_of_acme}").json()
    moment = timezone.now().isoformat()
    caller.send_customer("erp", "C-17", legal_name="Acme Conseil et Services", registration_id="732829320", city="Lyon", country="FR")
    assert caller.get(f"/customers/{two_views_of_acme}").json() != then
    assert caller.get(f"/customers/{two_views_of_acme}", query={"as_of": moment}).json() == then


@pytest.mark.parametrize("moment", ["yesterday", "2025-03-31", "2025-03-31T09:30:00"])
def test_a_moment_without_time_or_zone_is_refused(caller: Caller, two_views_of_acme: str, moment: str) -> None:
    problem = problem_of(caller.get(f"/customers/{two_views_of_acme}", query={"as_of": moment}), 400, "invalid_request")
    assert problem["errors"][0]["pointer"] == "as_of"


def test_before_its_birth_a_golden_record_is_unknown(caller: Caller, two_views_of_acme: str) -> None:
    problem_of(caller.get(f"/customers/{two_views_of_acme}", query={"as_of": "2020-01-01T00:00:00Z"}), 404, "unknown_golden_record")
