"""Every error is a problem document, with a code for programs, words for people, and no secret of ours."""

import importlib
from collections.abc import Iterator

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.test import Client, RequestFactory
from grimp import build_graph

from api import errors
from golden_records.errors import Busy, MdmError
from tests.api.calling import Caller, problem_of, record_address

ADDRESS = record_address("crm", "customer", "0042")
SECRET = "the password is swordfish"


def every_error(base: type[MdmError] = MdmError) -> Iterator[type[MdmError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from every_error(kind)


def test_every_error_that_the_api_can_meet_has_a_status_and_a_code_of_its_own() -> None:
    used = build_graph("api", "matching", "golden_records").find_upstream_modules("api.urls")
    for module in used:
        importlib.import_module(module)
    codes = [kind.code for kind in every_error() if kind.__module__ in used]
    assert "busy" in codes
    assert set(codes) <= set(errors.STATUS)
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("method", ["get", "put", "post", "delete", "patch", "options"])
@pytest.mark.parametrize("address", ["/api/v1/nowhere", "/api/v1/", "/api/v1/customers/not-a-uuid", "/api/nowhere", "/api/v1/customers/"])
def test_an_address_that_leads_nowhere_is_a_problem_for_everybody(client: Client, method: str, address: str) -> None:
    problem_of(getattr(client, method)(address), 404, "not_found")


def test_pages_outside_the_api_keep_their_own_errors(client: Client) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    page = RequestFactory().get("/admin/x")
    assert errors.bad_request(page, SuspiciousOperation("x")).status_code == 400
    assert errors.forbidden(page, PermissionDenied()).status_code == 403
    assert errors.server_error(page).headers["Content-Type"].startswith("text/html")


def test_a_host_that_is_not_ours_is_a_problem_too(client: Client) -> None:
    problem_of(client.get("/api/v1/customers", headers={"Host": "evil.example"}), 400, "bad_request")
    assert errors.forbidden(RequestFactory().get("/api/v1/x"), PermissionDenied()).status_code == 403


def test_a_method_that_an_address_does_not_know_is_answered_with_those_it_does(caller: Caller) -> None:
    answer = caller.client.patch(f"/api/v1{ADDRESS}", headers={"Authorization": f"Bearer {caller.key}"})
    problem_of(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, PUT, DELETE"


def test_a_caller_that_takes_no_json_is_told_that_there_is_nothing_else(caller: Caller) -> None:
    problem_of(caller.get(ADDRESS, Accept="application/xml"), 406, "not_acceptable")


@pytest.mark.parametrize("content_type", ["text/csv", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
def test_a_body_that_is_no_json_by_its_own_word_is_refused(caller: Caller, content_type: str) -> None:
    headers = {"Authorization": f"Bearer {caller.key}"}
    answer = caller.client.put(f"/api/v1{ADDRESS}", data=b"a=1", content_type=content_type, headers=headers)
    problem_of(answer, 415, "unsupported_media_type")


def test_a_compressed_body_is_refused_instead_of_being_misread(caller: Caller) -> None:
    problem_of(caller.put(ADDRESS, b"\x1f\x8b", Content_Encoding="gzip"), 415, "unsupported_media_type")


def test_a_body_in_chunks_is_refused_instead_of_being_taken_for_an_empty_one(caller: Caller) -> None:
    headers = {"Authorization": f"Bearer {caller.key}", "Transfer-Encoding": "chunked"}
    problem_of(caller.client.generic("PUT", f"/api/v1{ADDRESS}", content_type="application/json", headers=headers), 411, "length_required")


def test_a_body_that_is_cut_off_says_where(caller: Caller) -> None:
    problem = problem_of(caller.put(ADDRESS, b'{"attributes": {'), 400, "malformed_json")
    assert "line 1, column 17" in problem["detail"]


def test_a_body_beyond_the_limit_is_too_large(caller: Caller) -> None:
    problem_of(caller.put(ADDRESS, b'{"attributes": {"city": "' + b"x" * 2**20 + b'"}}'), 413, "payload_too_large")


@pytest.mark.parametrize("raised", [Busy("taken", remedy="again"), OperationalError(SECRET)])
def test_what_may_be_sent_again_says_when(caller: Caller, monkeypatch: pytest.MonkeyPatch, raised: Exception) -> None:
    def refuse(*_: object) -> None:
        raise raised

    monkeypatch.setattr("golden_records.selectors.golden", refuse)
    answer = caller.get("/customers/0196a0b0-0000-7000-8000-000000000000")
    problem_of(answer, 503, "busy" if isinstance(raised, Busy) else "unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize("raised", [OperationalError(SECRET), InterfaceError(SECRET)])
def test_where_the_database_is_away_outside_the_views_too_it_is_no_bug(
    client: Client, monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    def refuse(_: object) -> None:
        raise raised

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", refuse)
    client.cookies["sessionid"] = "of-some-browser"
    client.raise_request_exception = False
    page = client.get("/admin/")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")
    assert SECRET not in page.content.decode()
    try:
        raise raised
    except type(raised):
        answer = errors.server_error(RequestFactory().get("/api/v1/x"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


def test_a_bug_is_a_problem_that_tells_nothing_of_the_inside(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr("golden_records.selectors.golden", fail)
    caller.client.raise_request_exception = False
    answer = caller.get("/customers/0196a0b0-0000-7000-8000-000000000000")
    problem_of(answer, 500, "internal_error")
    assert SECRET not in answer.content.decode()


def test_the_instance_of_a_problem_is_the_id_that_the_caller_gave_the_request(client: Client) -> None:
    problem = client.get("/api/v1/nowhere", headers={"X-Request-ID": "night-run-17"}).json()
    assert problem["instance"] == "/requests/night-run-17"
