"""A source sends its records, and hears whose they are before the answer."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.scopes import INGEST, READ
from golden_records.change import Change
from golden_records.entities import ENTITIES, entity_type
from golden_records.models import CustomerRecord, GoldenCustomer, QuarantinedRow, SourceSystem
from golden_records.source_systems import save_mapping
from golden_records.sources import SourceRecordDraft
from matching.intake import submit_source_record
from tests.api.calling import Caller, problem_of, record_address
from tests.api.conftest import MakeCaller

pytestmark = pytest.mark.django_db

ADDRESS = record_address("crm", "customer", "0042")
# A real checksum: SIREN and the VAT id that follows from it.
ACME = {
    "kind": "organisation",
    "legal_name": "Acme Conseil",
    "registration_id": "732829320",
    "vat_id": "FR44732829320",
    "city": "Lyon",
    "postcode": "69002",
    "country": "FR",
}


def error_of(problem: Any) -> Any:
    (error,) = problem["errors"]
    return error


def test_a_first_record_becomes_a_golden_record(caller: Caller) -> None:
    answer = caller.send_customer("crm", "0042", **ACME)
    assert answer.status_code == 201
    document = answer.json()
    assert (document["outcome"], document["match"], document["problems"]) == ("created", None, [])
    assert str(GoldenCustomer.objects.get().pk) == document["canonical_id"]


def test_the_same_record_again_changes_nothing(caller: Caller) -> None:
    first = caller.send_customer("crm", "0042", **ACME)
    again = caller.send_customer("crm", "0042", **ACME)
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")
    assert again.json()["canonical_id"] == first.json()["canonical_id"]
    assert CustomerRecord.history.count() == 1, "stored and linked in one; nothing since"


def test_the_same_customer_from_another_source_is_linked_and_told_why(caller: Caller) -> None:
    first = caller.send_customer("crm", "0042", **ACME).json()
    second = caller.send_customer("erp", "C-17", **ACME | {"legal_name": "ACME CONSEIL SARL"}).json()
    assert (second["outcome"], second["canonical_id"]) == ("linked", first["canonical_id"])
    match = second["match"]
    assert match["probability"] > 0.9
    assert "registration_id" in {step["comparison"] for step in match["explanation"]}
    assert match["explanation"][-1]["bits"] == pytest.approx(match["weight"], abs=0.01)


def test_a_changed_record_is_taken_and_an_older_one_is_not(caller: Caller) -> None:
    def send(city: str, moment: str) -> Any:
        return caller.put(ADDRESS, {"attributes": ACME | {"city": city}, "source_updated_at": moment}).json()

    send("Lyon", "2025-03-01T10:00:00+01:00")
    assert send("Paris", "2025-03-02T10:00:00+01:00")["outcome"] == "linked"
    assert send("Nantes", "2025-03-01T23:00:00+01:00")["outcome"] == "unchanged"
    assert caller.get(ADDRESS).json()["attributes"]["city"] == "Paris"


def test_what_was_sent_can_be_read_with_its_canonical_id(caller: Caller) -> None:
    sent = caller.send_customer("crm", "0042", **ACME, phone="not a phone").json()
    document = caller.get(ADDRESS).json()
    assert (document["source"], document["entity"], document["external_id"]) == ("crm", "customer", "0042")
    assert document["canonical_id"] == sent["canonical_id"]
    assert document["attributes"]["registration_id"] == "732829320"
    assert document["attributes"]["phone"] is None
    assert [problem["field"] for problem in document["problems"]] == ["phone"]
    assert document["link"]["linked_by"] == "auto"


def test_the_evidence_of_a_link_can_be_read_again(caller: Caller) -> None:
    caller.send_customer("crm", "0042", **ACME)
    told = caller.send_customer("erp", "C-17", **ACME).json()["match"]
    address = record_address("erp", "customer", "C-17")
    document = caller.get(address, query={"explanation": "true"}).json()
    assert document["match"] == told
    assert document["link"]["probability"] == told["probability"]
    assert "match" not in caller.get(address).json()
    problem_of(caller.get(address, query={"explanation": "yes"}), 400, "invalid_request")


def test_a_caller_that_has_the_record_already_gets_no_body(caller: Caller) -> None:
    caller.send_customer("crm", "0042", **ACME)
    etag = caller.get(ADDRESS).headers["ETag"]
    assert caller.get(ADDRESS, If_None_Match=etag).status_code == 304
    assert caller.get(ADDRESS, If_None_Match=f'"other", W/{etag}').status_code == 304
    assert caller.get(ADDRESS, If_None_Match="*").status_code == 304
    caller.send_customer("crm", "0042", **ACME | {"city": "Paris"})
    assert caller.get(ADDRESS, If_None_Match=etag).status_code == 200


@pytest.mark.parametrize("external_id", ["a/b/c", "É 42", "100%", "?x=1#y", "..", "a//b"])
def test_any_id_that_a_source_may_have_comes_back_as_it_was(caller: Caller, external_id: str) -> None:
    assert caller.send_customer("crm", external_id, **ACME).status_code == 201
    assert caller.get(record_address("crm", "customer", external_id)).json()["external_id"] == external_id


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


def test_a_payload_is_read_by_the_mapping_of_its_source(caller: Caller, crm: SourceSystem) -> None:
    document = {
        "external_id": "Id",
        "updated_at": "LastModifiedDate",
        "attributes": {"legal_name": "Name", "city": "BillingCity", "kind": {"constant": "organisation"}},
    }
    save_mapping(crm, "customer", document, change=Change(actor="command:test", reason="test"))
    payload = {"Id": "0042", "Name": "Acme Conseil", "BillingCity": "LYON", "LastModifiedDate": "2025-03-01T10:00:00Z", "Extra__c": 12.5}
    assert caller.put(ADDRESS, {"payload": payload}).status_code == 201
    told = caller.get(ADDRESS).json()
    assert (told["attributes"]["legal_name"], told["attributes"]["kind"]) == ("Acme Conseil", "organisation")
    assert told["source_updated_at"] == "2025-03-01T10:00:00Z"
    assert CustomerRecord.objects.get().payload == payload, "kept as it was sent, with what the mapping does not use"


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


def test_a_change_is_signed_with_the_name_of_the_key_and_the_id_of_the_request(crm: SourceSystem, caller_with: MakeCaller) -> None:
    del crm
    caller_with("crm", INGEST, name="crm-connector").put(ADDRESS, {"attributes": ACME}, X_Request_ID="run-17")
    caller_with("crm", INGEST, READ).put(ADDRESS, {"attributes": ACME | {"city": "Nice"}}, X_Request_ID="x" * 100)
    first, *_, last = CustomerRecord.history.order_by("history_id")
    assert (first.actor, first.correlation_id, first.history_user) == ("api:crm-connector", "run-17", None)
    assert len(last.correlation_id) == 32, "an id too long for the column is replaced, not cut"
    assert set(GoldenCustomer.history.values_list("actor", flat=True)) == {"api:crm-connector", "api:crm-ingest-read"}


def test_reading_takes_one_query_beside_the_key(caller: Caller) -> None:
    caller.send_customer("crm", "0042", **ACME)
    caller.get(ADDRESS)
    with CaptureQueriesContext(connection) as queries:
        caller.get(ADDRESS)
    assert len(queries) == 1, queries.captured_queries


def test_the_api_adds_no_statement_to_those_of_taking_a_record_in(crm: SourceSystem, caller_with: MakeCaller) -> None:
    caller = caller_with("crm", INGEST)
    caller.send_customer("crm", "warm-up", legal_name="Verger Martin")
    draft = SourceRecordDraft(entity_type("customer"), crm, "1", {"legal_name": "Garage Dupont"})
    with CaptureQueriesContext(connection) as alone:
        submit_source_record(draft, change=Change(actor="command:test", reason="test"))
    with CaptureQueriesContext(connection) as called:
        caller.send_customer("crm", "2", legal_name="Pharmacie Leroy")
    assert len(called) == len(alone)


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


def test_a_record_that_is_withdrawn_says_so_and_its_canonical_id_goes_on_answering(caller: Caller) -> None:
    sent = caller.send_customer("crm", "0042", **ACME).json()
    gone = caller.delete(ADDRESS)
    assert (gone.status_code, gone.content) == (204, b"")
    assert caller.delete(ADDRESS).status_code == 204
    record = caller.get(ADDRESS).json()
    assert (record["state"], record["canonical_id"]) == ("withdrawn", sent["canonical_id"])
    assert record["withdrawn"] == {"at": record["updated_at"], "by": "api:everything", "reason": "withdrawn by its source"}
    golden = caller.get(f"/customers/{sent['canonical_id']}").json()
    assert (golden["state"], golden["retired"], golden["canonical_id"]) == ("retired", True, sent["canonical_id"])
    assert caller.get("/customers").json()["results"] == []


def test_what_was_sent_before_its_withdrawal_comes_late_and_changes_nothing(caller: Caller) -> None:
    caller.put(ADDRESS, {"attributes": ACME, "source_updated_at": "2026-03-01T10:00:00Z"})
    caller.delete(ADDRESS, query={"source_updated_at": "2026-03-01T14:00:00+02:00"})
    late = caller.put(ADDRESS, {"attributes": ACME | {"city": "Nice"}, "source_updated_at": "2026-03-01T11:00:00Z"})
    assert (late.status_code, late.json()["outcome"]) == (200, "unchanged")
    assert caller.get(ADDRESS).json()["state"] == "withdrawn"
    caller.put(ADDRESS, {"attributes": ACME | {"city": "Nice"}, "source_updated_at": "2026-03-01T13:00:00Z"})
    assert caller.get(ADDRESS).json()["state"] == "active"


def test_a_withdrawal_is_refused_as_any_write_is(caller: Caller, caller_with: MakeCaller) -> None:
    problem_of(caller.delete(ADDRESS), 404, "unknown_source_record")
    caller.send_customer("crm", "0042", **ACME)
    problem_of(caller.delete(ADDRESS, query={"source_updated_at": "yesterday"}), 400, "invalid_request")
    problem_of(caller_with("erp", INGEST).delete(ADDRESS), 403, "foreign_source")
    problem_of(caller_with("crm", READ).delete(ADDRESS), 403, "insufficient_scope")
    assert CustomerRecord.objects.get().state == "active"
