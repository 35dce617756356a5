"""Merges, splits and moves through the API: looked at first, done as they were shown, and taken back."""

from typing import Any
from uuid import uuid4

import pytest

from api.scopes import INGEST, MERGES, READ
from golden_records.models import AuditEntry, SourceSystem
from tests.api.calling import ACME, Caller, problem_of
from tests.api.conftest import MakeCaller

pytestmark = pytest.mark.django_db

LEFEBVRE = {"legal_name": "Lefebvre Menuiserie", "registration_id": "552100554", "city": "Lyon", "country": "FR"}


@pytest.fixture
def program(crm: SourceSystem, erp: SourceSystem, caller_with: MakeCaller) -> Caller:
    """A program that may do all of this."""
    del crm, erp
    return caller_with(None, INGEST, READ, MERGES, name="program")


def sent(program: Caller, name: str, attributes: dict[str, Any]) -> str:
    source, _, external_id = name.partition("/")
    return str(program.put(f"/source-records/{source}/customer/{external_id}", {"attributes": attributes}).json()["canonical_id"])


def record(name: str) -> dict[str, str]:
    source, _, external_id = name.partition("/")
    return {"source": source, "external_id": external_id}


def looked_at(program: Caller, kind: str, **wish: Any) -> Any:
    answer = program.post(f"/{kind}-previews", {"entity": "customer"} | wish)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def carried_out(program: Caller, kind: str, plural: str, *, confirm: bool = False, **wish: Any) -> Any:
    told = {"preview": looked_at(program, kind, **wish)["fingerprint"], "reason": "told by the customer", "confirm": confirm}
    return program.post(f"/{plural}", {"entity": "customer"} | told | wish)


def test_a_merge_is_looked_at_done_followed_and_undone(program: Caller) -> None:
    one, other = sent(program, "crm/1", ACME), sent(program, "erp/K1", LEFEBVRE)
    seen = looked_at(program, "merge", canonical_ids=[other, one])
    survivor, absorbed = seen["golden_records"]
    assert (survivor["canonical_id"], survivor["state_after"]) == (one, "active")
    assert (absorbed["canonical_id"], absorbed["state_after"], absorbed["successor"]) == (other, "retired", one)
    assert survivor["source_records_after"] == [record("crm/1"), record("erp/K1")]
    assert {"type": "merged", "canonical_id": other} in [{name: each[name] for name in ("type", "canonical_id")} for each in seen["events"]]
    answer = carried_out(program, "merge", "merges", canonical_ids=[other, one])
    assert (answer.status_code, answer.json()["from"], answer.json()["to"]) == (201, other, one)
    assert program.get(f"/customers/{other}").json()["canonical_id"] == one
    address = answer.headers["Location"].removeprefix("/api/v1")
    told = program.get(address).json()
    assert (told["by"], told["reason"], told["source_records"]) == ("api:program", "told by the customer", [record("erp/K1")])
    assert program.get("/merges").json()["results"] == [told]
    assert program.post(f"{address}/undo", {"reason": "a mistake"}).json()["undone_at"] is not None
    assert program.get(f"/customers/{other}").json()["canonical_id"] == other
    problem_of(program.post(f"{address}/undo", {"reason": "again"}), 409, "nothing_to_undo")


def test_the_survivor_may_be_chosen(program: Caller) -> None:
    one, other = sent(program, "crm/1", ACME), sent(program, "erp/K1", LEFEBVRE)
    answer = carried_out(program, "merge", "merges", canonical_ids=[one, other], survivor=other)
    assert (answer.json()["from"], answer.json()["to"]) == (one, other)


def test_records_are_split_off_and_moved_and_brought_back(program: Caller) -> None:
    one = sent(program, "erp/C-1", ACME)
    assert sent(program, "crm/1", ACME) == one
    other = sent(program, "erp/K1", LEFEBVRE)
    made = carried_out(program, "split", "splits", canonical_id=one, source_records=[record("crm/1")])
    new = made.json()["to"]
    assert program.get("/source-records/crm/customer/1").json()["canonical_id"] == new
    program.post(f"/splits/{made.json()['id']}/undo", {"reason": "one firm"})
    assert program.get(f"/customers/{new}").json()["canonical_id"] == one
    moved = carried_out(program, "move", "moves", canonical_id=one, source_records=[record("crm/1")], to=other)
    assert program.get("/source-records/crm/customer/1").json()["canonical_id"] == other
    problem_of(program.get(f"/splits/{moved.json()['id']}"), 404, "unknown_receipt")
    program.post(f"/moves/{moved.json()['id']}/undo", {"reason": "one firm"})
    assert program.get("/source-records/crm/customer/1").json()["canonical_id"] == one


def test_what_changed_since_the_preview_is_refused_and_what_is_sent_twice_is_done_once(program: Caller) -> None:
    one, other = sent(program, "crm/1", ACME), sent(program, "erp/K1", LEFEBVRE)
    wish = {"entity": "customer", "canonical_ids": [one, other], "reason": "one firm"}
    old = looked_at(program, "merge", canonical_ids=[one, other])["fingerprint"]
    sent(program, "erp/K1", LEFEBVRE | {"city": "Paris"})
    problem_of(program.post("/merges", wish | {"preview": old}), 412, "preview_outdated")
    body = wish | {"preview": looked_at(program, "merge", canonical_ids=[one, other])["fingerprint"]}
    key = str(uuid4())
    first, again = (program.post("/merges", body, **{"Idempotency-Key": key}) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(program.get("/merges").json()["results"]) == 1


def test_against_an_earlier_judgement_it_is_done_only_when_confirmed(program: Caller) -> None:
    one = sent(program, "erp/C-1", ACME)
    sent(program, "crm/1", ACME)
    new = carried_out(program, "split", "splits", canonical_id=one, source_records=[record("crm/1")]).json()["to"]
    wish: dict[str, Any] = {"canonical_ids": [one, new]}
    (conflict,) = looked_at(program, "merge", **wish)["conflicts"]
    assert (conflict["value"], conflict["by"], conflict["comment"]) == ("different", "API key program", "told by the customer")
    problem_of(carried_out(program, "merge", "merges", **wish), 409, "against_judgements")
    assert carried_out(program, "merge", "merges", **wish, confirm=True).status_code == 201


def test_what_can_not_be_read_is_told_by_its_place(program: Caller) -> None:
    one = sent(program, "crm/1", ACME)
    wish = {"entity": "customer", "canonical_id": one, "source_records": [{"source": "crm", "external_id": "9"}, 7], "to": "x", "why": 1}
    problem_of(program.post("/move-previews", wish), 400, "invalid_request")
    del wish["why"]
    problem = problem_of(program.post("/move-previews", wish), 400, "invalid_request")
    assert {each["pointer"] for each in problem["errors"]} == {"/to", "/source_records/0", "/source_records/1"}
    for kind in ("merge", "split", "move"):
        problem_of(program.post(f"/{kind}-previews", {"entity": "supplier"}), 400, "invalid_request")
        problem_of(program.post(f"/{kind}-previews", []), 400, "invalid_request")
    only = {"entity": "customer", "canonical_id": one, "source_records": [record("crm/1")]}
    problem_of(program.post("/split-previews", only), 422, "invalid_regrouping")


def test_a_preview_is_a_reading_that_the_audit_log_keeps(program: Caller) -> None:
    one, other = sent(program, "crm/1", ACME), sent(program, "erp/K1", LEFEBVRE)
    looked_at(program, "merge", canonical_ids=[one, other])
    entry = AuditEntry.objects.filter(action="read").latest("id")
    assert set(entry.golden_ids or ()) == {one, other}
