import json
import logging
from collections.abc import Callable

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from mdm.celery import CorrelatedTask
from mdm.logging import RequestIdMiddleware, configure


def _answering(view: Callable[[], None], *, sent: str | None = None) -> HttpResponse:
    def respond(request: HttpRequest) -> HttpResponse:
        del request
        view()
        return HttpResponse()

    headers = {} if sent is None else {"X-Request-ID": sent}
    response = RequestIdMiddleware(respond)(RequestFactory().get("/", headers=headers))
    assert isinstance(response, HttpResponse)
    return response


def test_the_callers_request_id_is_sent_back(client: Client) -> None:
    response = client.get("/health/live", headers={"X-Request-ID": "crm-export-0042"})
    assert response["X-Request-ID"] == "crm-export-0042"


def test_a_request_without_id_gets_a_new_one(client: Client) -> None:
    first, second = (client.get("/health/live")["X-Request-ID"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize("hostile", ["a b", 'x"}{"level":"error', "é", "x" * 129])
def test_an_id_that_could_forge_a_log_line_is_replaced(hostile: str) -> None:
    assert _answering(lambda: None, sent=hostile)["X-Request-ID"] != hostile


def test_log_lines_of_a_request_carry_its_id_and_those_after_it_do_not() -> None:
    seen = []
    _answering(lambda: seen.append(structlog.contextvars.get_contextvars()), sent="abc")
    assert seen == [{"request_id": "abc"}]
    assert structlog.contextvars.get_contextvars() == {}


def test_a_request_is_logged_by_its_route_not_by_what_it_asks_for(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    with structlog.testing.capture_logs() as lines:
        client.get("/health/live?name=Dupont")
    fields = {name: lines[-1][name] for name in ("event", "method", "route", "status")}
    assert fields == {"event": "request", "method": "GET", "route": "health/live", "status": 200}
    assert "Dupont" not in str(lines) + capsys.readouterr().err


def test_a_log_line_is_one_json_object() -> None:
    settings = configure(level="INFO", log_format="json")["formatters"]["structured"]
    formatter = settings["()"](processors=settings["processors"], foreign_pre_chain=settings["foreign_pre_chain"])
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        line = formatter.format(logging.LogRecord("api", logging.WARNING, __file__, 1, "two\nlines", None, None))
    assert "\n" not in line
    fields = json.loads(line)
    assert (fields["event"], fields["level"], fields["logger"], fields["request_id"]) == ("two\nlines", "warning", "api", "abc")


def test_a_task_takes_the_request_id_along(monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[dict[str, str]] = []

    def publish(self: object, *args: object, headers: dict[str, str], **options: object) -> None:
        del self, args, options
        published.append(headers)

    monkeypatch.setattr("celery.Task.apply_async", publish)
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        CorrelatedTask().apply_async()
    CorrelatedTask().apply_async()
    assert published == [{"request_id": "abc"}, {}]
