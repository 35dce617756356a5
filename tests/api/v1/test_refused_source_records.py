"""What a program sends wrongly is refused, at its place and with a remedy, and never breaks the service."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden_records.entities import ENTITIES
from golden_records.models import QuarantinedRow
from tests.api.calling import ACME, Caller, problem_of, record_address

pytestmark = pytest.mark.django_db

ADDRESS = record_address("crm", "customer", "0042")


def error_of(problem: Any) -> Any:
    (error,) = problem["errors"]
    return error


@pytest.mark.parametrize("external_id", ["x" * 201, " 42", "42 ", "4\t2", "4\x002"])
def test_an_id_that_no_source_can_mean_is_refused(caller: Caller, external_id: str) -> None:
    for answer in (caller.send_customer("crm", external_id, **ACME), caller.get(record_address("crm", "customer", external_id))):
        assert error_of(problem_of(answer, 400, "invalid_request"))["pointer"] == "external_id"


def test_a_misspelt_attribute_is_refused_with_the_right_name(caller: Caller) -> None:
    problem = problem_of(caller.send_customer("crm", "0042", legal_nam="Acme"), 400, "invalid_request")
    assert error_of(problem) == {
        "pointer": "/attributes/legal_nam",
        "code": "unknown_attribute",
        "detail": "The data dictionary has no such attribute.",
        "value": "Acme",
        "remedy": "Did you mean 'legal_name'?",
    }
    assert not QuarantinedRow.objects.exists(), "a mistake of the program, not of the data"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ([], "", "wrong_type"),
        ("text", "", "wrong_type"),
        (None, "", "wrong_type"),
        ({}, "", "one_of"),
        ({"attributes": {}, "payload": {}}, "", "one_of"),
        ({"attributes": None, "payload": None}, "", "one_of"),
        ({"attributes": []}, "/attributes", "wrong_type"),
        ({"payload": "x"}, "/payload", "wrong_type"),
        ({"attributes": ACME, "source_update_at": None}, "/source_update_at", "unknown_member"),
        ({"attributes": {"postcode": 69002}}, "/attributes/postcode", "wrong_type"),
        ({"attributes": {"legal_name": ["Acme"]}}, "/attributes/legal_name", "wrong_type"),
        ({"attributes": {"legal_name": {"fr": "Acme"}}}, "/attributes/legal_name", "wrong_type"),
        ({"attributes": {"kind": True}}, "/attributes/kind", "wrong_type"),
        ({"attributes": {"satisfaction": True}}, "/attributes/satisfaction", "wrong_type"),
        ({"attributes": ACME, "source_updated_at": "2025-03-01T10:00:00"}, "/source_updated_at", "invalid_moment"),
        ({"attributes": ACME, "source_updated_at": "2025-02-30T10:00:00Z"}, "/source_updated_at", "invalid_moment"),
        ({"attributes": ACME, "source_updated_at": "0001-01-01T00:00:00+14:00"}, "/source_updated_at", "invalid_moment"),
        ({"attributes": ACME, "source_updated_at": "9999-12-31T23:59:59-14:00"}, "/source_updated_at", "invalid_moment"),
        ({"attributes": ACME, "source_updated_at": 1_700_000_000}, "/source_updated_at", "invalid_moment"),
        ({"attributes": ACME, "source_updated_at": "yesterday"}, "/source_updated_at", "invalid_moment"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_at_its_place(caller: Caller, body: Any, pointer: str, code: str) -> None:
    error = error_of(problem_of(caller.put(ADDRESS, body), 400, "invalid_request"))
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert error["remedy"]


def test_every_mistake_is_named_at_once_but_not_endlessly_many(caller: Caller) -> None:
    body = {"attributes": {"legal_nam": 1, "citi": 2}, "x": 1, "source_updated_at": "never"}
    problem = problem_of(caller.put(ADDRESS, body), 400, "invalid_request")
    assert [error["pointer"] for error in problem["errors"]] == ["/x", "/attributes/legal_nam", "/attributes/citi", "/source_updated_at"]
    crowd = {"attributes": {f"a{number}": None for number in range(20_000)}}
    assert len(problem_of(caller.put(ADDRESS, crowd), 400, "invalid_request")["errors"]) == 50


def test_a_record_that_the_domain_rejects_waits_in_quarantine(caller: Caller) -> None:
    answer = caller.send_project("crm", "P-1", code="P-1", budget="a lot")
    problem = problem_of(answer, 422, "rejected_record")
    assert {error["pointer"] for error in problem["errors"]} == {"/attributes/title", "/attributes/budget"}
    assert next(error["value"] for error in problem["errors"] if error["pointer"] == "/attributes/budget") == "a lot"
    row = QuarantinedRow.objects.get(pk=problem["quarantined_row"])
    assert (row.source.code, row.entity, row.external_id, row.payload_is_mapped) == ("crm", "project", "P-1", True)
    assert row.payload == {"code": "P-1", "budget": "a lot"}
    problem_of(caller.get(record_address("crm", "project", "P-1")), 404, "unknown_source_record")


def test_a_payload_without_a_mapping_says_that_one_is_needed(caller: Caller) -> None:
    answer = caller.put(ADDRESS, {"payload": {"Name": "Acme"}})
    assert "mapping" in problem_of(answer, 422, "no_mapping")["detail"]


@pytest.mark.parametrize("source", ["sap", "CRM", "x" * 100, "a b", "c\x00m"])
def test_a_source_that_nobody_made_is_unknown(caller: Caller, source: str) -> None:
    problem_of(caller.send_customer(source, "1", **ACME), 404, "unknown_source")
    problem_of(caller.get(record_address(source, "customer", "1")), 404, "unknown_source_record")


def test_an_entity_type_that_does_not_exist_is_unknown_and_the_known_ones_are_listed(caller: Caller) -> None:
    for answer in (caller.put("/source-records/crm/suplier/1", {}), caller.get("/source-records/crm/suplier/1")):
        assert problem_of(answer, 404, "unknown_entity")["remedy"] == "Use one of: customer, project."


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
odd_values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=5)
HOSTILE = (
    *(
        "",
        " ",
        "\u202eevil",
        "e\u0301",
        "\U0001f469\u200d\U0001f469",
        "\ufeff",
        "\u0430cme",
        "x" * 5_000,
        "0000-00-00",
        "31/02/2025",
        "9999-12-31",
    ),
    *("1e400", "-", "n/a", "9" * 400, "+33", "http://", "@", "NaN", "%s", "' OR 1=1", "<script>"),
)
attribute_values = st.text() | st.sampled_from(HOSTILE)
attribute_names = st.sampled_from([spec.name for spec in ENTITIES["customer"].attributes])
shaped = st.fixed_dictionaries({"attributes": st.dictionaries(attribute_names, attribute_values, max_size=5)})
shapeless = st.fixed_dictionaries(
    {},
    optional={
        "attributes": st.dictionaries(attribute_names | st.text(), odd_values, max_size=5) | odd_values,
        "payload": odd_values,
        "source_updated_at": attribute_values | odd_values,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shaped | shapeless)
def test_whatever_a_program_sends_is_taken_or_refused_but_never_breaks_the_service(caller: Caller, body: Any) -> None:
    assert caller.put(ADDRESS, body).status_code in (200, 201, 400, 422)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_whatever_bytes_a_program_sends_are_refused_as_such(caller: Caller, body: bytes) -> None:
    assert caller.put(ADDRESS, body).status_code == 400
