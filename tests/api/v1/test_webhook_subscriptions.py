"""Webhooks through the API: subscribing, changing, trying, and what a key may see."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import override_settings
from standardwebhooks.webhooks import Webhook

from api.models import IdempotencyKey
from api.scopes import INGEST, READ, WEBHOOKS
from golden_records import sealing
from golden_records.models import SourceSystem, WebhookDeadLetter, WebhookSubscription
from golden_records.webhooks import tasks
from tests.api.calling import Caller, problem_of
from tests.api.conftest import MakeCaller
from tests.golden_records.webhooks.receiver import ALLOWED, Receiver, receiving, replies

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/webhook-subscriptions"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with override_settings(WEBHOOK_ALLOWED_NETWORKS=[f"{ALLOWED}/32"]), receiving() as listening:
        yield listening


@pytest.fixture
def program(crm: SourceSystem, erp: SourceSystem, caller_with: MakeCaller) -> Caller:
    """A program that may do all, for every source."""
    del crm, erp
    return caller_with(None, INGEST, READ, WEBHOOKS, name="program")


def subscribed(caller: Caller, receiver: Receiver, **terms: Any) -> Any:
    answer = caller.post(ADDRESS, {"name": "CRM", "url": receiver.url, **terms})
    assert answer.status_code == 201, answer.content
    return answer


def told(receiver: Receiver) -> list[str]:
    """Seal, deliver, and name the types of all messages so far."""
    sealing.seal()
    tasks.ring_webhooks()
    return [json.loads(message.body)["type"] for message in receiver.received]


def test_an_endpoint_is_subscribed_with_a_secret_that_is_shown_once(program: Caller, receiver: Receiver) -> None:
    answer = subscribed(program, receiver, event_types=["created"], entities=["customer"])
    document, secret = answer.json(), answer.headers["Webhook-Secret"]
    assert answer.headers["Location"] == f"/api/v1{ADDRESS}/{document['id']}"
    assert (document["circuit"], document["active"], document["with_values"]) == ("closed", True, False)
    assert secret.encode() not in answer.content
    shown = program.get(f"{ADDRESS}/{document['id']}")
    assert shown.json() == document
    assert "Webhook-Secret" not in shown.headers
    program.send_customer("crm", "1", legal_name="Acme", city="Lyon")
    assert told(receiver) == ["mdm.customer.created"]
    [message] = receiver.received
    assert Webhook(secret).verify(message.body, dict(message.headers))["data"]["entity"] == "customer"


def test_a_subscription_that_is_sent_twice_is_made_once_and_its_secret_is_kept_nowhere(program: Caller, receiver: Receiver) -> None:
    body = {"name": "CRM", "url": receiver.url}
    first = program.post(ADDRESS, body, Idempotency_Key="k1")
    second = program.post(ADDRESS, body, Idempotency_Key="k1")
    assert first.json() == second.json()
    assert WebhookSubscription.objects.count() == 1
    assert "Webhook-Secret" in first.headers
    assert "Webhook-Secret" not in second.headers
    assert first.headers["Webhook-Secret"][6:] not in str(list(IdempotencyKey.objects.values()))


def test_a_source_hears_no_echo_but_what_others_make_of_its_record(program: Caller, receiver: Receiver) -> None:
    subscribed(program, receiver, system="crm")
    program.send_customer("crm", "1", legal_name="Acme Conseil", registration_id="732829320", city="Lyon", country="FR")
    assert told(receiver) == []
    program.send_customer("erp", "C-1", legal_name="ACME CONSEIL", registration_id="732829320", city="Paris", country="FR")
    heard = told(receiver)
    assert "mdm.customer.linked" in heard
    assert "mdm.customer.updated" in heard
    receiver.received.clear()
    own = {"legal_name": "Acme Conseil", "registration_id": "732829320", "city": "Lyon", "country": "FR"}
    program.send_customer("crm", "1", **own, phone="+33142685300")
    assert program.get("/customers?registration_id=732829320").json()["results"][0]["attributes"]["phone"] == "+33142685300"
    assert told(receiver) == []


def test_terms_are_changed_one_by_one(program: Caller, receiver: Receiver) -> None:
    webhook = subscribed(program, receiver).json()["id"]
    changed = program.patch(f"{ADDRESS}/{webhook}", {"active": False, "sources": ["crm"]}).json()
    assert (changed["active"], changed["sources"], changed["url"]) == (False, ["crm"], receiver.url)
    program.send_customer("crm", "1", legal_name="Acme")
    assert told(receiver) == []
    program.patch(f"{ADDRESS}/{webhook}", {"active": True})
    assert "mdm.customer.created" in told(receiver)


def test_an_endpoint_is_unsubscribed(program: Caller, receiver: Receiver) -> None:
    webhook = subscribed(program, receiver).json()["id"]
    assert program.delete(f"{ADDRESS}/{webhook}").status_code == 204
    problem_of(program.get(f"{ADDRESS}/{webhook}"), 404, "unknown_webhook")
    program.send_customer("crm", "1", legal_name="Acme")
    assert told(receiver) == []


def test_a_test_message_is_sent_and_its_outcome_is_in_the_log(program: Caller, receiver: Receiver) -> None:
    webhook = subscribed(program, receiver).json()["id"]
    receiver.reply = replies(503, b"not yet")
    message_id = program.post(f"{ADDRESS}/{webhook}/test", b"").json()["message_id"]
    [delivery] = program.get(f"{ADDRESS}/{webhook}/deliveries").json()["results"]
    assert receiver.ids == [message_id]
    assert (delivery["message_id"], delivery["kind"], delivery["status"], delivery["answer"]) == (message_id, "test", 503, "not yet")


def test_a_secret_is_rotated(program: Caller, receiver: Receiver) -> None:
    answer = subscribed(program, receiver)
    webhook = answer.json()["id"]
    rotated = program.post(f"{ADDRESS}/{webhook}/rotate-secret", {"hours": 0})
    assert rotated.status_code == 200
    program.post(f"{ADDRESS}/{webhook}/test", b"")
    [message] = receiver.received
    assert Webhook(rotated.headers["Webhook-Secret"]).verify(message.body, dict(message.headers))["type"] == "mdm.test"
    assert len(message.headers["webhook-signature"].split()) == 1
    problem_of(program.post(f"{ADDRESS}/{webhook}/rotate-secret", {"hours": -1}), 400, "invalid_request")
    problem_of(program.post(f"{ADDRESS}/{webhook}/rotate-secret", {"hours": True}), 400, "invalid_request")


def test_a_dead_letter_is_seen_and_sent_again(program: Caller, receiver: Receiver) -> None:
    webhook = subscribed(program, receiver, event_types=["created"]).json()["id"]
    receiver.reply = replies(422, b"no")
    program.send_customer("crm", "1", legal_name="Acme")
    sealing.seal()
    for _ in range(5):
        WebhookSubscription.objects.get().progress.__class__.objects.update(next_try_at="2020-01-01T00:00:00Z")
        tasks.ring_webhooks()
    [letter] = program.get(f"{ADDRESS}/{webhook}/dead-letters").json()["results"]
    assert (letter["state"], letter["attempts"], letter["status"], letter["message_type"]) == ("waiting", 5, 422, "mdm.customer.created")
    receiver.reply = replies(204)
    assert program.post(f"{ADDRESS}/{webhook}/dead-letters/{letter['id']}/replay", b"").json() == {"requested": 1}
    assert WebhookDeadLetter.objects.get().state == "replayed"
    assert receiver.ids[-1] == letter["message_id"]
    problem_of(program.post(f"{ADDRESS}/{webhook}/dead-letters/999/replay", b""), 404, "unknown_dead_letter")


def test_what_is_wrong_is_told_by_its_place(program: Caller, receiver: Receiver) -> None:
    del receiver
    body = {"name": 7, "url": "https://10.0.0.1/", "event_types": "created", "active": "yes", "uri": "x"}
    problem = problem_of(program.post(ADDRESS, body), 400, "invalid_request")
    assert {(error["pointer"], error["code"]) for error in problem["errors"]} == {
        ("/name", "wrong_type"),
        ("/event_types", "wrong_type"),
        ("/active", "wrong_type"),
        ("/uri", "unknown_member"),
    }
    problem = problem_of(program.post(ADDRESS, {"name": "x", "url": "https://10.0.0.1/", "system": "sap"}), 400, "invalid_request")
    assert {error["pointer"] for error in problem["errors"]} == {"/url", "/system"}
    problem = problem_of(program.post(ADDRESS, []), 400, "invalid_request")
    problem = problem_of(program.post(ADDRESS, {}), 400, "invalid_request")
    assert {error["pointer"] for error in problem["errors"]} == {"/name", "/url"}


def test_a_key_without_the_scope_may_not_even_look(caller: Caller, receiver: Receiver) -> None:
    problem_of(caller.get(ADDRESS), 403, "insufficient_scope")
    problem_of(caller.post(ADDRESS, {"name": "x", "url": receiver.url}), 403, "insufficient_scope")


def test_values_are_sent_only_where_the_key_may_read_them(crm: SourceSystem, receiver: Receiver, caller_with: MakeCaller) -> None:
    del crm
    blind, seeing = caller_with(None, WEBHOOKS), caller_with(None, WEBHOOKS, READ)
    problem_of(blind.post(ADDRESS, {"name": "x", "url": receiver.url, "with_values": True}), 403, "insufficient_scope")
    webhook = subscribed(seeing, receiver, with_values=True).json()["id"]
    # Else a key that may not read could have values sent to an address of its own.
    problem_of(blind.patch(f"{ADDRESS}/{webhook}", {"url": receiver.url}), 403, "insufficient_scope")
    assert blind.patch(f"{ADDRESS}/{webhook}", {"with_values": False}).status_code == 200


def test_a_key_of_a_source_sees_and_makes_the_webhooks_of_that_source_alone(
    program: Caller, receiver: Receiver, caller_with: MakeCaller
) -> None:
    of_crm = caller_with("crm", WEBHOOKS)
    foreign = subscribed(program, receiver, system="erp").json()["id"]
    own = subscribed(of_crm, receiver).json()
    assert own["system"] == "crm"
    assert [webhook["id"] for webhook in of_crm.get(ADDRESS).json()["results"]] == [own["id"]]
    assert len(program.get(ADDRESS).json()["results"]) == 2
    for refused in (
        of_crm.get(f"{ADDRESS}/{foreign}"),
        of_crm.patch(f"{ADDRESS}/{foreign}", {"active": False}),
        of_crm.delete(f"{ADDRESS}/{foreign}"),
        of_crm.post(f"{ADDRESS}/{foreign}/test", b""),
        of_crm.post(f"{ADDRESS}/{foreign}/rotate-secret", {}),
        of_crm.get(f"{ADDRESS}/{foreign}/deliveries"),
        of_crm.get(f"{ADDRESS}/{foreign}/dead-letters"),
        of_crm.post(f"{ADDRESS}/{foreign}/dead-letters/1/replay", b""),
        of_crm.get(f"{ADDRESS}/{uuid4()}"),
    ):
        problem_of(refused, 404, "unknown_webhook")
    problem_of(of_crm.post(ADDRESS, {"name": "x", "url": receiver.url, "system": "erp"}), 400, "invalid_request")
