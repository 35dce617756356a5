"""The change feed: in order, without gaps, from any place on, and only what a key may see."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from api.scopes import CHANGES, INGEST, READ
from golden_records import feed, protection
from golden_records.models import Seal, SourceSystem
from tests.api.calling import Caller, problem_of
from tests.api.conftest import MakeCaller

ACME = {"legal_name": "Acme Conseil", "registration_id": "732829320", "city": "Lyon", "country": "FR"}


@pytest.fixture
def reader(caller_with: MakeCaller) -> Caller:
    return caller_with(None, CHANGES, READ)


def changes(reader: Caller, after: str = "0", **query: Any) -> Any:
    answer = reader.get("/changes", query={"after": after} | query)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.django_db
def test_a_record_that_is_sent_is_heard_of(caller: Caller, reader: Caller) -> None:
    canonical_id = caller.send_customer("crm", "0042", **ACME).json()["canonical_id"]
    page = changes(reader)
    created, linked = page["results"]
    assert [created["type"], linked["type"]] == ["created", "linked"]
    assert [event["seq"] for event in page["results"]] == [1, 2]
    assert {event["canonical_id"] for event in page["results"]} == {canonical_id}
    assert created["after"] == {"kind": "organisation", **ACME}
    assert (created["before"], created["attributes"]) == (None, list(created["after"]))
    assert linked["source_record"] == {"source": "crm", "external_id": "0042"}
    assert (linked["caused_by"], linked["differing"], linked["actor"]) == ("crm", [], "api:everything")
    assert page["has_more"] is False


@pytest.mark.django_db
def test_an_update_tells_before_and_after_under_the_request_that_made_it(caller: Caller, reader: Caller) -> None:
    caller.send_customer("crm", "0042", **ACME)
    cursor = changes(reader)["cursor"]
    answer = caller.send_customer("crm", "0042", **(ACME | {"city": "Paris"}))
    (event,) = changes(reader, cursor)["results"]
    assert (event["type"], event["attributes"]) == ("updated", ["city"])
    assert (event["before"], event["after"], event["version"]) == ({"city": "Lyon"}, {"city": "Paris"}, 2)
    assert event["correlation_id"] == answer.headers["X-Request-ID"]


@pytest.mark.django_db
def test_the_same_record_again_is_no_news(caller: Caller, reader: Caller) -> None:
    caller.send_customer("crm", "0042", **ACME)
    cursor = changes(reader)["cursor"]
    caller.send_customer("crm", "0042", **ACME)
    assert changes(reader, cursor) == {"results": [], "cursor": cursor, "has_more": False}


@pytest.mark.django_db
def test_pages_follow_one_another_and_can_be_read_again(caller: Caller, reader: Caller) -> None:
    for number in range(3):
        caller.send_customer("crm", str(number), legal_name=f"Firm of {number}00 people", city="Lyon")
    everything = changes(reader)["results"]
    seen, cursor, more = [], "0", True
    while more:
        page = changes(reader, cursor, limit=2)
        assert page == changes(reader, cursor, limit=2)
        seen += page["results"]
        cursor, more = page["cursor"], page["has_more"]
    assert seen == everything
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))


@pytest.mark.django_db
def test_filters_leave_out_and_never_stop_the_reader(caller: Caller, reader: Caller) -> None:
    caller.send_customer("crm", "1", **ACME)
    caller.send_project("erp", "P-1", title="Audit", customer="1")
    assert {event["entity"] for event in changes(reader, entity="project")["results"]} == {"project"}
    assert {event["type"] for event in changes(reader, type="created")["results"]} == {"created"}
    assert len(changes(reader, type=["created", "linked"])["results"]) == 4
    assert {event["caused_by"] for event in changes(reader, source="erp")["results"]} == {"erp"}
    nothing = changes(reader, type="retired")
    assert (nothing["results"], nothing["cursor"]) == ([], changes(reader)["cursor"])


@pytest.mark.django_db
def test_who_begins_now_hears_only_what_comes(caller: Caller, reader: Caller) -> None:
    caller.send_customer("crm", "1", **ACME)
    changes(reader)
    begun = changes(reader, "now")
    assert begun["results"] == []
    caller.send_customer("crm", "2", legal_name="Boulangerie Dupont", city="Lille")
    assert [event["type"] for event in changes(reader, begun["cursor"])["results"]] == ["created", "linked"]


@pytest.mark.django_db
def test_a_key_that_may_not_read_learns_names_and_no_values(caller: Caller, caller_with: MakeCaller) -> None:
    caller.send_customer("crm", "1", **ACME)
    answer = caller_with(None, CHANGES).get("/changes")
    created = answer.json()["results"][0]
    assert set(created["attributes"]) == {"kind", *ACME}
    assert not {"before", "after", "reason"} & set(created)
    assert b"Acme" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("scopes", [(READ,), (INGEST,), ()])
def test_only_a_key_for_the_feed_reads_it(caller_with: MakeCaller, scopes: tuple[str, ...]) -> None:
    assert problem_of(caller_with(None, *scopes).get("/changes"), 403, "insufficient_scope")["scope"] == CHANGES


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"after": "17"}, "after"),
        ({"after": "-1-0000000000000000"}, "after"),
        ({"after": "1-zz"}, "after"),
        ({"after": ""}, "after"),
        ({"after": "9" * 40 + "-0123456789abcdef"}, "after"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"wait": "31"}, "wait"),
        ({"wait": "-1"}, "wait"),
        ({"wait": "1.5"}, "wait"),
        ({"entity": "supplier"}, "entity"),
        ({"type": "exploded"}, "type"),
        ({"source": "nobody"}, "source"),
        ({"before": "1"}, "before"),
    ],
)
def test_what_cannot_be_asked_is_told_where(reader: Caller, query: dict[str, str], pointer: str) -> None:
    problem = problem_of(reader.get("/changes", query=query), 400, "invalid_request")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.django_db
def test_a_cursor_from_before_a_restore_is_refused(caller: Caller, reader: Caller) -> None:
    caller.send_customer("crm", "1", **ACME)
    cursor = changes(reader)["cursor"]
    with protection.unprotected():
        Seal.objects.filter(seq=2).update(hash=b"\0" * 32)
    problem_of(reader.get("/changes", query={"after": cursor}), 410, "cursor_of_another_feed")
    problem_of(reader.get("/changes", query={"after": f"99-{cursor.partition('-')[2]}"}), 410, "cursor_of_another_feed")


@pytest.mark.django_db
def test_who_waits_for_nothing_is_answered_when_the_time_is_over(reader: Caller) -> None:
    began = time.monotonic()
    assert changes(reader, wait=1)["results"] == []
    assert time.monotonic() - began >= 1


@pytest.mark.django_db
def test_a_process_with_all_seats_taken_answers_at_once(reader: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "waiting_room", feed.WaitingRoom(0))
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waited"))
    assert changes(reader, wait=30)["results"] == []


def test_a_seat_is_free_again_after_use() -> None:
    room = feed.WaitingRoom(1)
    with room.seat() as one, room.seat() as other:
        assert (one, other) == (True, False)
    with room.seat() as again:
        assert again


@pytest.mark.django_db(transaction=True)
def test_who_waits_hears_as_soon_as_it_happens_and_holds_no_transaction(
    crm: SourceSystem, caller_with: MakeCaller, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    del crm
    reader, writer = caller_with(None, CHANGES), caller_with(None, INGEST)
    waiting, held = threading.Event(), list[bool]()
    sleep = time.sleep

    def watched(seconds: float) -> None:
        held.append(connection.in_atomic_block)
        waiting.set()
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", watched)

    def wait() -> Any:
        try:
            return changes(Caller(reader.key), wait=20)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(wait)
        assert waiting.wait(10)
        assert idle_in_transaction(database) == 0
        writer.send_customer("crm", "1", **ACME)
        assert [event["type"] for event in answer.result(15)["results"]] == ["created", "linked"]
    assert set(held) == {False}


def idle_in_transaction(database: str) -> int:
    if database != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'")
        return int(cursor.fetchone()[0])
