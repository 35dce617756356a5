"""Many source ids become canonical ids in one call."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from golden_records.models import CustomerRecord, SourceSystem
from tests.api.calling import Caller, problem_of

pytestmark = pytest.mark.django_db

RESOLVE = "/cross-references/resolve"


def reference(source: str, external_id: str, entity: str = "customer") -> dict[str, str]:
    return {"source": source, "entity": entity, "external_id": external_id}


def test_the_answers_come_in_the_order_of_the_questions_each_with_its_reason(caller: Caller, crm: SourceSystem) -> None:
    customer = caller.send_customer("crm", "0042", legal_name="Acme Conseil").json()["canonical_id"]
    project = caller.send_project("erp", "P-1", title="Audit").json()["canonical_id"]
    now = timezone.now()
    CustomerRecord.objects.bulk_create(
        [CustomerRecord(source=crm, external_id="new", payload={}, fingerprint="", received_at=now, updated_at=now)]
    )
    asked = [
        reference("erp", "P-1", "project"),
        reference("crm", "nobody"),
        reference("crm", "0042"),
        reference("sap", "0042"),
        reference("crm", "0042", "supplier"),
        reference("crm", "new"),
        reference("crm", "0042"),
    ]
    results = caller.post(RESOLVE, {"references": asked}).json()["results"]
    assert [{name: result[name] for name in asked[0]} for result in results] == asked
    assert [(result["canonical_id"], result["reason"]) for result in results] == [
        (project, None),
        (None, "unknown_source_record"),
        (customer, None),
        (None, "unknown_source_record"),
        (None, "unknown_entity"),
        (None, "waiting_to_be_matched"),
        (customer, None),
    ]


def test_a_thousand_of_two_entity_types_take_two_queries_beside_the_key(caller: Caller) -> None:
    caller.get("/customers")
    asked = [reference("crm", str(number), "customer" if number % 2 else "project") for number in range(1_000)]
    with CaptureQueriesContext(connection) as queries:
        assert len(caller.post(RESOLVE, {"references": asked}).json()["results"]) == 1_000
    assert len(queries) == 2


def test_nothing_asked_is_nothing_answered(caller: Caller) -> None:
    assert caller.post(RESOLVE, {"references": []}).json() == {"results": []}


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ([], "", "wrong_type"),
        ({}, "", "wrong_type"),
        ({"references": {}}, "", "wrong_type"),
        ({"references": [], "more": 1}, "", "wrong_type"),
        ({"references": [reference("crm", "1")] * 1_001}, "/references", "too_many"),
        ({"references": ["crm"]}, "/references/0", "wrong_type"),
        ({"references": [reference("crm", "1"), {"source": "crm", "entity": "customer"}]}, "/references/1/external_id", "wrong_type"),
        ({"references": [{**reference("crm", "1"), "external_id": 42}]}, "/references/0/external_id", "wrong_type"),
        ({"references": [{**reference("crm", "1"), "externalid": "42"}]}, "/references/0/externalid", "unknown_member"),
    ],
)
def test_questions_of_the_wrong_shape_are_refused_at_their_place(caller: Caller, body: Any, pointer: str, code: str) -> None:
    (error,) = problem_of(caller.post(RESOLVE, body), 400, "invalid_request")["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)


def test_a_thousand_mistakes_are_not_all_listed(caller: Caller) -> None:
    problem = problem_of(caller.post(RESOLVE, {"references": [{}] * 1_000}), 400, "invalid_request")
    assert len(problem["errors"]) == 50
