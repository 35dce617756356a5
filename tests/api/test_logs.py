"""A record with values that stand nowhere else goes through API, worker and admin, and through what goes wrong on the way: no log holds
one of them, and all lines of a request carry its id.
"""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DataError, connection
from django.test import Client

from golden_records.models import ChangeEvent, CustomerRecord
from mdm.logging import configure
from tests.api.calling import Caller
from tests.factories import a_steward

pytestmark = pytest.mark.django_db

MARK = "Zyxwvut"
VALUES = {
    "kind": "person",
    "given_name": f"{MARK}a",
    "family_name": f"{MARK}b",
    "email": f"{MARK}c@example.org",
    "address_lines": f"1 rue {MARK}d",
    "city": f"{MARK}e",
}
ADDRESS = f"/source-records/crm/customer/{MARK}-0042"


class _Kept(logging.Handler):
    """Every line, as the service's own handler would write it."""

    def __init__(self) -> None:
        super().__init__()
        settings = configure(level="DEBUG", log_format="json")["formatters"]["structured"]
        self.formatter = settings["()"](processors=settings["processors"], foreign_pre_chain=settings["foreign_pre_chain"])
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(self.format(record))

    def of(self, request_id: str) -> list[dict[str, object]]:
        """Give the lines of a request."""
        return [line for line in map(json.loads, self.lines) if line.get("request_id") == request_id]


@pytest.fixture
def log() -> Iterator[_Kept]:
    kept, root = _Kept(), logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(kept)
    root.setLevel(level)


def test_no_log_holds_a_value_of_a_record_whatever_becomes_of_it(
    caller: Caller, client: Client, log: _Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert caller.put(ADDRESS, {"attributes": VALUES}).status_code == 201
    assert caller.put(ADDRESS, {"attributes": VALUES | {"birth_date": f"{MARK}"}}).status_code == 422
    assert caller.put(ADDRESS, {"attributes": {f"{MARK}": MARK}}).status_code == 400
    assert caller.get(f"/source-records/crm/customer/{MARK}-none").status_code == 404
    client.force_login(a_steward())
    assert client.get("/admin/golden_records/goldencustomer/", {"q": MARK}).status_code == 200
    assert client.get(f"/admin/{MARK}/").status_code == 404
    _a_fault_of_the_database(caller, monkeypatch)
    assert len(log.lines) > 8
    assert [line for line in log.lines if MARK.lower() in line.lower()] == []


def _a_fault_of_the_database(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of a database's error quote the row."""

    def fail(*_: object, **__: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        words = f"Key (family_name)=({MARK}b) already exists"
        raise DataError(words) from ValueError(MARK)

    monkeypatch.setattr("matching.intake.match_record", fail)
    caller.client.raise_request_exception = False
    assert caller.put(ADDRESS, {"attributes": VALUES | {"city": f"{MARK}f"}}).status_code == 500


def test_an_error_is_told_by_its_class_its_cause_and_where_it_came_from(log: _Kept) -> None:
    def fail() -> None:
        raise DataError(MARK) from ValueError(MARK)

    try:
        fail()
    except DataError:
        logging.getLogger("anything").exception("it failed")
    told = json.loads(log.lines[-1])
    assert told["event"] == "it failed"
    assert "django.db.utils.DataError" in told["exception"]
    assert "builtins.ValueError" in told["exception"]
    assert Path(__file__).name in told["exception"]
    assert MARK not in told["exception"]


def test_a_task_that_fails_is_told_by_its_name_and_id_and_not_by_its_error(log: _Kept) -> None:
    logger = logging.getLogger("celery.app.trace")
    data = {"name": "some.task", "id": "4711", "exc": f"DataError('{MARK}')", "description": "raised unexpected", "traceback": MARK}
    logger.error("Task %(name)s[%(id)s] %(description)s: %(exc)s", data, extra={"data": data})
    assert json.loads(log.lines[-1])["event"] == "Task some.task[4711] raised unexpected: ..."


def test_the_id_of_a_request_leads_from_its_lines_to_its_events(caller: Caller, log: _Kept) -> None:
    answer = caller.put(ADDRESS, {"attributes": VALUES}, X_Request_ID="of-the-request")
    assert answer.headers["X-Request-ID"] == "of-the-request"
    assert {line["event"] for line in log.of("of-the-request")} >= {"request"}
    assert set(ChangeEvent.objects.values_list("correlation_id", flat=True)) == {"of-the-request"}
    assert set(CustomerRecord.history.values_list("correlation_id", flat=True)) == {"of-the-request"}
