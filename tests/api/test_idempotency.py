"""A request that is sent twice under one key changes things once, and is answered the same."""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api import idempotency
from api.idempotency import idempotent
from api.models import IdempotencyKey
from api.scopes import INGEST
from api.tasks import prune_idempotency_keys
from api.views import ApiView
from golden_records.errors import StaleWrite
from golden_records.models import SourceSystem
from mdm.urls import urlpatterns as real
from tests.api.calling import Caller, problem_of
from tests.api.conftest import MakeCaller

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class Doors:
    """Where a test stops a request in the middle of its work."""

    inside: ClassVar[Callable[[], None]] = lambda: None


class SourcesView(ApiView):
    """Makes a source system for every call: what must not happen twice."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": INGEST}

    @idempotent
    def post(self, request: Request, way: str) -> HttpResponse:
        """Make one, and answer in one of several ways."""
        made = SourceSystem.objects.create(code=f"s{SourceSystem.objects.count()}", name="made")
        Doors.inside()
        if way == "raises":
            raise StaleWrite("Changed.", remedy="Look again.")
        if way == "refuses":
            return Response({"no": True}, status=409)
        if way == "empty":
            return Response(status=204)
        if way == "plain":
            return HttpResponse(b"[1]", content_type="application/json", status=201)
        return Response({"made": made.code, "sent": request.data}, status=201, headers={"Location": f"/sources/{made.code}", "X-Own": "1"})


urlpatterns = [path("api/v1/tests/<str:way>", SourcesView.as_view()), *real]


@pytest.fixture
def client_of(caller_with: MakeCaller) -> Caller:
    return caller_with(None, INGEST, name="first")


def _post(caller: Caller, body: Any = None, *, key: str | None = "k1", way: str = "answers") -> Any:
    headers = {"Authorization": f"Bearer {caller.key}"} | ({"Idempotency-Key": key} if key is not None else {})
    return caller.client.post(f"/api/v1/tests/{way}", json.dumps(body or {"a": 1}), content_type="application/json", headers=headers)


def _told(answer: Any) -> tuple[int, bytes, str | None, str | None]:
    return answer.status_code, answer.content, answer.headers.get("Location"), answer.headers.get("Content-Type")


@pytest.mark.parametrize("way", ["answers", "empty", "plain"])
def test_the_same_request_again_is_answered_as_the_first_time_and_changes_nothing(client_of: Caller, way: str) -> None:
    first, second = _post(client_of, way=way), _post(client_of, way=way)
    assert _told(second) == _told(first)
    assert ("Idempotency-Replayed" in first.headers, second.headers["Idempotency-Replayed"]) == (False, "true")
    assert SourceSystem.objects.count() == 1


def test_without_a_key_every_request_is_carried_out(client_of: Caller) -> None:
    assert [_post(client_of, key=None).status_code for _ in range(2)] == [201, 201]
    assert SourceSystem.objects.count() == 2


def test_the_key_with_another_body_or_at_another_address_is_refused(client_of: Caller) -> None:
    _post(client_of)
    problem_of(_post(client_of, {"a": 2}), 422, "idempotency_key_reused")
    problem_of(_post(client_of, way="plain"), 422, "idempotency_key_reused")
    assert SourceSystem.objects.count() == 1


def test_two_programs_may_use_the_same_key(client_of: Caller, caller_with: MakeCaller) -> None:
    other = caller_with(None, INGEST, name="second")
    assert _post(client_of).json()["made"] != _post(other).json()["made"]


@pytest.mark.parametrize(("way", "code"), [("raises", "stale_write"), ("refuses", None)])
def test_an_error_leaves_nothing_behind_and_the_key_may_be_used_again(client_of: Caller, way: str, code: str | None) -> None:
    answer = _post(client_of, way=way)
    assert answer.status_code == 409
    assert answer.json().get("code") == code
    assert (SourceSystem.objects.count(), IdempotencyKey.objects.count()) == (0, 0)
    assert _post(client_of).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "é"])
def test_what_is_no_key_is_refused(client_of: Caller, key: str) -> None:
    assert problem_of(_post(client_of, key=key), 400, "invalid_request")["errors"][0]["pointer"] == "Idempotency-Key"
    assert SourceSystem.objects.count() == 0


def test_nothing_of_what_was_asked_is_kept(client_of: Caller) -> None:
    _post(client_of, {"name": "Jeanne Moreau"}, way="plain")
    kept = IdempotencyKey.objects.values_list().get()
    assert "Moreau" not in repr(kept)
    assert bytes(IdempotencyKey.objects.get().body or b"") == b"[1]"


def test_a_key_is_forgotten_after_seven_days(client_of: Caller) -> None:
    _post(client_of)
    _post(client_of, key="k2")
    IdempotencyKey.objects.filter(key="k1").update(created_at=timezone.now() - timedelta(days=7, seconds=1))
    prune_idempotency_keys()
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["k2"]
    assert _post(client_of).status_code == 201
    assert SourceSystem.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_of_twins_at_once_one_waits_and_both_hear_the_same(client_of: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, go_on, answers = threading.Event(), threading.Event(), list[Any]()

    def wait() -> None:
        entered.set()
        assert go_on.wait(20)

    monkeypatch.setattr(Doors, "inside", wait)
    threads = [threading.Thread(target=_post_from_a_thread, args=(client_of.key, answers)) for _ in range(2)]
    threads[0].start()
    assert entered.wait(20)
    threads[1].start()
    threading.Timer(0.3, go_on.set).start()
    for thread in threads:
        thread.join(30)
    assert [_told(answer) for answer in answers] == [_told(answers[0])] * 2
    assert sorted("Idempotency-Replayed" in answer.headers for answer in answers) == [False, True]
    assert SourceSystem.objects.count() == 1


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_twin_that_waits_too_long_is_told_to_come_again(client_of: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "LOCK_TIMEOUT", "100ms")
    held, answers = threading.Event(), list[Any]()

    def twin() -> None:
        with transaction.atomic():
            IdempotencyKey.objects.create(client="first", key="k1", fingerprint="x", created_at=timezone.now())
            held.set()
            done.wait(20)
            transaction.set_rollback(True)
        connection.close()

    done = threading.Event()
    thread = threading.Thread(target=twin)
    thread.start()
    assert held.wait(20)
    answers.append(_post(client_of))
    done.set()
    thread.join(30)
    problem_of(answers[0], 409, "idempotency_key_in_flight")
    assert answers[0].headers["Retry-After"] == "1"
    assert _post(client_of).status_code == 201


def _post_from_a_thread(key: str | None, answers: list[Any]) -> None:
    answers.append(_post(Caller(key)))
    connection.close()
