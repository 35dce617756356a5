"""A source sends many records in one call, and hears of each line what became of it."""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from io import BytesIO
from itertools import islice
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # has no types

from api.scopes import INGEST
from api.v1 import source_lines, source_stream
from golden_records import taking
from golden_records.change import Change
from golden_records.models import (
    CustomerRecord,
    GoldenCustomer,
    GoldenProject,
    ImportJob,
    ImportState,
    MatchState,
    QuarantinedRow,
    SourceSystem,
)
from golden_records.source_systems import save_mapping
from matching import tasks
from tests.api.calling import Caller, problem_of, schema
from tests.api.conftest import MakeCaller

pytestmark = pytest.mark.django_db
matched = pytest.mark.django_db(transaction=True)  # bells ring when a transaction is committed

ADDRESS = "/api/v1/source-records"


def line(external_id: str, *, source: str = "crm", entity: str = "customer", **more: Any) -> dict[str, Any]:
    more.setdefault("attributes", {"legal_name": f"Maison {external_id}", "city": "Lyon"})
    return {"source": source, "entity": entity, "external_id": external_id} | more


def body(*lines: Any) -> bytes:
    return b"".join(each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n" for each in lines)


def send(caller: Caller, content: bytes, *, content_type: str = "application/x-ndjson", **headers: str) -> Any:
    bearer = {"Authorization": f"Bearer {caller.key}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    # Django's client leaves the type of an empty body out.
    return caller.client.post(ADDRESS, content, content_type=content_type, headers=bearer, CONTENT_TYPE=content_type)


def told(answer: Any) -> list[Any]:
    """The lines of the answer, each of which is as the schema says."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (202, "application/x-ndjson")
    found = [json.loads(each) for each in b"".join(answer.streaming_content).splitlines()]
    document = schema()
    validator = Draft202012Validator({"$ref": "#/components/schemas/SourceRecordOutcome", "components": document["components"]})
    for each in found:
        validator.validate(each)
    return found


def outcomes(answer: Any) -> list[tuple[int, str]]:
    return [(each["line"], each["outcome"]) for each in told(answer)]


def job_of(caller: Caller, answer: Any) -> Any:
    return caller.get(answer.headers["Location"].removeprefix("/api/v1")).json()


@matched
def test_every_line_is_answered_and_the_records_are_matched_afterwards(caller: Caller) -> None:
    acme = {"legal_name": "Acme Conseil", "registration_id": "732829320", "city": "Lyon"}
    project = line("P1", entity="project", attributes={"code": "P1", "title": "Extension du site", "customer": "1"})
    answer = send(caller, body(line("1", attributes=acme), line("9", source="erp", attributes=acme), project))
    assert told(answer) == [
        {"line": 1, "source": "crm", "entity": "customer", "external_id": "1", "outcome": "accepted", "problems": [], "problem": None},
        {"line": 2, "source": "erp", "entity": "customer", "external_id": "9", "outcome": "accepted", "problems": [], "problem": None},
        {"line": 3, "source": "crm", "entity": "project", "external_id": "P1", "outcome": "accepted", "problems": [], "problem": None},
    ]
    assert (GoldenCustomer.objects.count(), GoldenProject.objects.count()) == (1, 1)
    job = job_of(caller, answer)
    assert (job["state"], job["received"], job["created"], job["matching"]) == ("completed", 3, 3, {"waiting": 0, "failed": 0})


def test_the_same_lines_again_are_unchanged_and_newer_and_older_ones_are_told(caller: Caller) -> None:
    moment = {"source_updated_at": "2025-02-01T00:00:00Z"}
    assert outcomes(send(caller, body(line("1", **moment), line("2")))) == [(1, "accepted"), (2, "accepted")]
    assert outcomes(send(caller, body(line("1", **moment), line("2")))) == [(1, "unchanged"), (2, "unchanged")]
    old = line("1", source_updated_at="2025-01-01T00:00:00Z", attributes={"legal_name": "Alt"})
    answer = send(caller, body(old, line("2", attributes={"legal_name": "Neu"})))
    assert outcomes(answer) == [(1, "stale"), (2, "updated")]
    job = job_of(caller, answer)
    assert (job["received"], job["updated"], job["stale"]) == (2, 1, 1)


def test_one_record_twice_in_a_call_ends_as_its_last_line_has_it(caller: Caller) -> None:
    answer = send(caller, body(line("1"), line("1"), line("1", attributes={"legal_name": "Neu"})))
    assert outcomes(answer) == [(1, "accepted"), (2, "unchanged"), (3, "updated")]
    assert CustomerRecord.objects.get().legal_name == "Neu"


def test_what_the_domain_rejects_waits_in_quarantine_once_however_often_it_is_sent(caller: Caller) -> None:
    bad = line("P1", entity="project", attributes={"code": "P1", "budget": "a lot"})
    (first,) = told(send(caller, body(bad)))
    (second,) = told(send(caller, body(line("1"), b"\n", bad)))[1:]
    row = QuarantinedRow.objects.get()
    assert (first["outcome"], first["line"], second["line"]) == ("quarantined", 1, 3)
    assert first["problem"]["quarantined_row"] == second["problem"]["quarantined_row"] == row.pk
    error = next(error for error in first["problem"]["errors"] if error["value"])
    assert (error["pointer"], error["value"]) == ("/attributes/budget", "a lot")
    assert error["remedy"]


@pytest.mark.parametrize(
    ("bad", "code", "pointer"),
    [
        (b'{"source": "crm",\n', "malformed_json", None),
        (b"\xff\xfe{\x00}\x00\n", "malformed_json", None),
        (b'{"source": "caf\xe9"}\n', "malformed_json", None),
        (b"[1]\n", "invalid_request", ""),
        (b'{"source": "crm", "entity": "customer"}\n', "invalid_request", "/external_id"),
        (line("1", attributes={"legal_nam": "x"}), "invalid_request", "/attributes/legal_nam"),
        (line("1", color="blue"), "invalid_request", "/color"),
        (line(" 1"), "invalid_request", "external_id"),
        (line("1", source="sap"), "unknown_source", None),
        (line("1", entity="supplier"), "unknown_entity", None),
        (line("1", attributes=None, payload={"Name": "x"}), "no_mapping", None),
        (b'{"source": "crm", "x": "' + b"y" * 1024 * 1024 + b'"}\n', "payload_too_large", None),
    ],
)
def test_a_line_that_is_no_record_is_refused_with_a_remedy_and_the_rest_goes_on(
    caller: Caller, bad: Any, code: str, pointer: str | None
) -> None:
    answer = send(caller, body(line("a"), bad, line("b")))
    lines = told(answer)
    assert [(each["line"], each["outcome"]) for each in lines] == [(1, "accepted"), (2, "refused"), (3, "accepted")]
    problem = lines[1]["problem"]
    assert (problem["code"], bool(problem["remedy"])) == (code, True)
    assert [error["pointer"] for error in problem["errors"]] == ([] if pointer is None else [pointer])
    job = job_of(caller, answer)
    assert (job["received"], job["created"], job["refused"]) == (3, 2, 1)
    assert not QuarantinedRow.objects.exists()


@pytest.mark.usefixtures("crm", "erp")
def test_a_key_that_is_bound_to_a_source_writes_no_other(caller_with: MakeCaller) -> None:
    bound = caller_with("crm", INGEST)
    lines = told(send(bound, body(line("1"), line("2", source="erp"), line("3", source="erp"))))
    assert [each["outcome"] for each in lines] == ["accepted", "refused", "refused"]
    assert lines[1]["problem"]["code"] == lines[2]["problem"]["code"] == "foreign_source"


def test_the_columns_of_a_source_are_read_by_its_mapping(caller: Caller, crm: SourceSystem) -> None:
    document = {"external_id": "Id", "attributes": {"legal_name": "Name"}}
    save_mapping(crm, "customer", document, change=Change(actor="command:test", reason="test"))
    sent = [line(str(number), attributes=None, payload={"Name": f"Maison {number}"}) for number in range(3)]
    assert outcomes(send(caller, body(*sent))) == [(1, "accepted"), (2, "accepted"), (3, "accepted")]
    assert CustomerRecord.objects.get(external_id="1").legal_name == "Maison 1"


@matched
@pytest.mark.parametrize("content", [b"", b"\n\r\n  \n"])
def test_a_call_without_records_is_a_job_without_records(caller: Caller, content: bytes) -> None:
    answer = send(caller, content)
    assert told(answer) == []
    assert (job_of(caller, answer)["state"], job_of(caller, answer)["received"]) == ("completed", 0)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_what_is_no_ndjson_by_its_own_word_is_refused(caller: Caller, content_type: str) -> None:
    problem_of(send(caller, body(line("1")), content_type=content_type), 415, "unsupported_media_type")
    problem_of(send(caller, body(line("1")), Content_Encoding="gzip"), 415, "unsupported_media_type")
    assert not ImportJob.objects.exists()


def test_a_client_may_ask_for_ndjson(caller: Caller) -> None:
    assert outcomes(send(caller, body(line("1")), Accept="application/x-ndjson")) == [(1, "accepted")]


def test_a_body_in_chunks_is_read_to_its_end(caller: Caller) -> None:
    bearer = {"Authorization": f"Bearer {caller.key}", "Transfer-Encoding": "chunked"}
    stream = {"wsgi.input": BytesIO(body(line("1"), line("2"))), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    answer = caller.client.post(ADDRESS, content_type="application/x-ndjson", headers=bearer, **stream)  # type: ignore[arg-type]  # of WSGI
    assert outcomes(answer) == [(1, "accepted"), (2, "accepted")]
    stream |= {"wsgi.input_terminated": False}
    refused = caller.client.post(ADDRESS, content_type="application/x-ndjson", headers=bearer, **stream)  # type: ignore[arg-type]  # of WSGI
    problem_of(refused, 411, "length_required")


@matched
def test_a_body_that_breaks_off_leaves_what_was_stored_and_a_job_that_says_how_far_it_got(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_lines, "LINES_AT_ONCE", 2)
    content = body(*(line(str(number)) for number in range(5)))
    bearer = {"Authorization": f"Bearer {caller.key}"}
    stream = {"wsgi.input": BytesIO(content), "CONTENT_LENGTH": str(len(content) + 100)}
    answer = caller.client.post(ADDRESS, content_type="application/x-ndjson", headers=bearer, **stream)  # type: ignore[arg-type]  # of WSGI
    lines = told(answer)
    assert [each["outcome"] for each in lines] == ["accepted"] * 4 + ["interrupted"]
    assert (lines[-1]["line"], lines[-1]["problem"]["code"]) == (5, "broken_off")
    job = job_of(caller, answer)
    assert (job["state"], job["received"], job["created"]) == ("failed", 4, 4)
    assert CustomerRecord.objects.filter(match_state=MatchState.MATCHED).count() == 4
    again = send(caller, content)
    assert [outcome for _, outcome in outcomes(again)] == ["unchanged"] * 4 + ["accepted"]


@matched
def test_a_database_that_is_away_in_the_middle_interrupts_with_a_problem(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_lines, "LINES_AT_ONCE", 2)
    real = taking._store  # noqa: SLF001 - where the database fails
    calls = list[int]()

    def fails_later(*args: Any) -> Any:
        calls.append(1)
        if len(calls) > 1:
            raise OperationalError("away")
        return real(*args)

    monkeypatch.setattr(taking, "_store", fails_later)
    answer = send(caller, body(*(line(str(number)) for number in range(3))))
    lines = told(answer)
    assert [(each["line"], each["outcome"]) for each in lines] == [(1, "accepted"), (2, "accepted"), (3, "interrupted")]
    assert (lines[-1]["problem"]["status"], len(calls)) == (503, 1 + 5)
    assert ImportJob.objects.get().state == ImportState.FAILED


@matched
def test_no_more_calls_are_taken_at_once_than_leave_room_for_others(caller: Caller) -> None:
    open_calls = [send(caller, body(line("1"))) for _ in range(source_stream.CALLS_AT_ONCE)]
    refused = send(caller, body(line("1")))
    problem_of(refused, 503, "busy")
    assert refused.headers["Retry-After"]
    for answer in open_calls:
        assert len(told(answer)) == 1
    assert outcomes(send(caller, body(line("1")))) == [(1, "unchanged")]


def test_the_job_is_told_before_the_body_is_read(caller: Caller) -> None:
    answer = send(caller, body(line("1")))
    assert job_of(caller, answer)["state"] == "running"
    assert outcomes(answer) == [(1, "accepted")]
    assert job_of(caller, answer)["state"] == "completed"


def test_the_job_of_a_process_that_died_is_closed_by_the_sweep(caller: Caller) -> None:
    answer = send(caller, body(line("1")))
    ImportJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    assert (job_of(caller, answer)["state"], job_of(caller, answer)["error"]) == ("failed", "the call was lost")
    assert [outcome for _, outcome in outcomes(answer)] == ["interrupted"]


def test_a_job_that_nobody_knows_is_a_problem(caller: Caller) -> None:
    problem_of(caller.get("/jobs/01a20e37-7fad-77c9-9aa5-b990451c2c41"), 404, "unknown_job")


def test_memory_does_not_grow_with_the_body(caller: Caller) -> None:
    """A generator stands for the network: no more than a chunk of it may have been read beyond what is stored."""
    ahead = list[int]()

    class Network(BytesIO):
        def __init__(self, lines: Iterable[bytes]) -> None:
            super().__init__()
            self.lines = iter(lines)
            self.sent = 0

        def read(self, _: int | None = -1) -> bytes:
            part = b"".join(islice(self.lines, 100))
            self.sent += part.count(b"\n")
            ahead.append(self.sent - (ImportJob.objects.get().rows_done if self.sent else 0))
            return part

    def content() -> Iterator[bytes]:
        for number in range(1_200):
            yield body(line(str(number % 40)))

    bearer = {"Authorization": f"Bearer {caller.key}", "Transfer-Encoding": "chunked"}
    stream = {"wsgi.input": Network(content()), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    answer = caller.client.post(ADDRESS, content_type="application/x-ndjson", headers=bearer, **stream)  # type: ignore[arg-type]  # of WSGI
    assert len(told(answer)) == 1_200
    assert max(ahead) <= source_lines.LINES_AT_ONCE + 100
