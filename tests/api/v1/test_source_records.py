"""A source sends its records, and hears whose they are before the answer."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.scopes import INGEST, READ
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.models import CustomerRecord, GoldenCustomer, SourceSystem
from golden_records.source_systems import known_sources, save_mapping
from golden_records.sources import SourceRecordDraft
from matching.intake import submit_source_record
from tests.api.calling import ACME, Caller, problem_of, record_address
from tests.api.conftest import MakeCaller

pytestmark = pytest.mark.django_db

ADDRESS = record_address("crm", "customer", "0042")


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


def test_a_change_is_signed_with_the_name_of_the_key_and_the_id_of_the_request(crm: SourceSystem, caller_with: MakeCaller) -> None:
    del crm
    caller_with("crm", INGEST, name="crm-connector").put(ADDRESS, {"attributes": ACME}, X_Request_ID="run-17")
    caller_with("crm", INGEST, READ).put(ADDRESS, {"attributes": ACME | {"city": "Nice"}}, X_Request_ID="x" * 100)
    first, *_, last = CustomerRecord.history.order_by("history_id")
    assert (first.actor, first.correlation_id, first.history_user) == ("api:crm-connector", "run-17", None)
    assert len(last.correlation_id) == 32, "an id too long for the column is replaced, not cut"
    assert set(GoldenCustomer.history.values_list("actor", flat=True)) == {"api:crm-connector", "api:crm-ingest-read"}


def test_a_source_reads_its_own_record_with_one_query_beside_the_key(crm: SourceSystem, caller_with: MakeCaller) -> None:
    del crm
    caller = caller_with("crm", INGEST, READ)
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


@pytest.mark.parametrize("bound_to", ["crm", None])
def test_a_source_that_was_switched_off_is_told_so(crm: SourceSystem, caller_with: MakeCaller, bound_to: str | None) -> None:
    SourceSystem.objects.filter(pk=crm.pk).update(is_active=False)
    known_sources.forget()
    caller = caller_with(bound_to, INGEST, READ)
    problem = problem_of(caller.put(ADDRESS, {"attributes": ACME}), 403, "inactive_source")
    assert "switched off" in problem["detail"]
    problem_of(caller.delete(ADDRESS), 403, "inactive_source")
    assert not CustomerRecord.objects.exists()
