"""Delivery in fair weather: what arrives, in which order, and what it says."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from standardwebhooks.webhooks import Webhook

from golden_records import outbox
from golden_records.models import DeliveryKind, EventType, WebhookDelivery
from golden_records.webhooks import subscriptions, turns
from golden_records.webhooks.delivering import Left, send_test
from golden_records.webhooks.envelope import new_test_id
from tests.factories import a_change, a_record, a_source
from tests.golden_records.webhooks.receiver import Receiver, replies
from tests.golden_records.webhooks.stories import (
    AN_UPDATE,
    COURIER,
    delivered,
    endpoint,
    envelope,
    happened,
    many,
    places,
    progress_of,
)

pytestmark = pytest.mark.django_db


def test_what_happens_arrives_in_order_each_once(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(*many(250))
    assert delivered(subscribed) is Left.NOTHING
    assert places(receiver) == list(range(1, 251))
    assert len(set(receiver.ids)) == 250
    assert progress_of(subscribed).position == outbox.head()


def test_what_was_delivered_is_not_delivered_again(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(AN_UPDATE)
    delivered(subscribed)
    delivered(subscribed)
    assert len(receiver.received) == 1


def test_a_message_is_a_signed_cloud_event(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(AN_UPDATE)
    delivered(subscribed)
    [message] = receiver.received
    found = Webhook(subscribed.secret).verify(message.body, dict(message.headers))
    assert message.headers["content-type"] == "application/cloudevents+json"
    assert found["id"] == message.headers["webhook-id"]
    assert {name: found[name] for name in ("specversion", "type", "subject", "source", "datacontenttype")} == {
        "specversion": "1.0",
        "type": "mdm.customer.updated",
        "subject": str(AN_UPDATE.golden_id),
        "source": "http://localhost:8000",
        "datacontenttype": "application/json",
    }
    assert found["data"] == {
        "seq": 1,
        "entity": "customer",
        "event": "updated",
        "canonical_id": str(AN_UPDATE.golden_id),
        "version": 2,
        "attributes": ["city", "phone"],
        "source": None,
        "external_id": None,
        "successor_ids": [],
    }


def test_no_value_leaves_unless_the_subscription_may_see_values(receiver: Receiver) -> None:
    thin, fat = endpoint(receiver), endpoint(receiver, with_values=True)
    happened(AN_UPDATE)
    delivered(thin)
    delivered(fat)
    without, with_values = receiver.received
    assert b"canary" not in without.body
    assert envelope(with_values)["data"]["before"] == {"city": "Lyon", "phone": "+33 1 canary"}
    assert envelope(with_values)["data"]["after"] == {"city": "Paris", "phone": "+33 2 canary"}


def test_a_new_endpoint_hears_nothing_of_the_past(receiver: Receiver) -> None:
    happened(AN_UPDATE)
    subscribed = endpoint(receiver)
    assert delivered(subscribed) is Left.NOTHING
    assert receiver.received == []


def test_an_endpoint_hears_of_the_events_and_entity_types_it_asked_for(receiver: Receiver) -> None:
    subscribed = endpoint(receiver, event_types=["merged", "split"], entities=["customer"])
    happened(AN_UPDATE, replace(AN_UPDATE, type=EventType.MERGED), replace(AN_UPDATE, type=EventType.MERGED, entity="project"))
    delivered(subscribed)
    assert [envelope(message)["type"] for message in receiver.received] == ["mdm.customer.merged"]
    assert progress_of(subscribed).position == 3


def test_an_endpoint_of_a_source_hears_what_concerns_golden_records_of_that_source_and_every_erasure(receiver: Receiver) -> None:
    ours, other = a_record("1", source="crm", legal_name="Acme"), a_record("2", source="erp", legal_name="Bolt")
    subscribed = endpoint(receiver, sources=["crm"])
    merged = replace(AN_UPDATE, type=EventType.MERGED, golden_id=uuid4(), successor_ids=[UUID(str(ours.golden_id))])
    happened(
        replace(AN_UPDATE, golden_id=UUID(str(ours.golden_id))),
        replace(AN_UPDATE, golden_id=UUID(str(other.golden_id))),
        replace(AN_UPDATE, type=EventType.UNLINKED, golden_id=uuid4(), source="crm", external_id="1"),
        merged,
        replace(AN_UPDATE, type=EventType.ERASED, golden_id=uuid4(), attributes=(), before=None, after=None),
    )
    position = outbox.head() - 5
    delivered(subscribed)
    assert [place - position for place in places(receiver) if place > position] == [1, 3, 4, 5]


@pytest.mark.parametrize(
    ("differing", "is_heard"), [(("city",), True), (("city", "phone", "website"), True), ((), False), (("website",), False)]
)
def test_a_system_hears_of_its_own_write_only_where_the_golden_record_differs(
    receiver: Receiver, differing: tuple[str, ...], *, is_heard: bool
) -> None:
    a_source("crm")
    subscribed = endpoint(receiver, system="crm")
    happened(replace(AN_UPDATE, caused_by="crm", differing=differing))
    delivered(subscribed)
    assert bool(receiver.received) is is_heard


def test_a_system_hears_of_what_others_write(receiver: Receiver) -> None:
    a_source("crm")
    subscribed = endpoint(receiver, system="crm")
    happened(replace(AN_UPDATE, caused_by="erp"), AN_UPDATE)
    delivered(subscribed)
    assert len(receiver.received) == 2


def test_a_test_message_arrives_signed_and_is_in_the_log(receiver: Receiver) -> None:
    subscribed, message_id = endpoint(receiver), new_test_id()
    answer = send_test(subscribed.subscription, message_id, by=COURIER)
    assert answer.status == 204
    [message] = receiver.received
    assert Webhook(subscribed.secret).verify(message.body, dict(message.headers))["type"] == "mdm.test"
    [row] = WebhookDelivery.objects.all()
    assert (row.kind, row.message_id, row.status) == (DeliveryKind.TEST, message_id, 204)
    assert progress_of(subscribed).position == 0


def test_every_try_is_in_the_log_with_how_the_answer_begins(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(AN_UPDATE)
    receiver.reply = replies(500, "désolé\x00".encode() * 200)
    delivered(subscribed)
    receiver.reply = replies(204)
    delivered(subscribed)
    failed, succeeded = WebhookDelivery.objects.order_by("id")
    assert (failed.status, failed.attempt, failed.answer[:6], len(failed.answer)) == (500, 1, "désolé", 500)
    assert (succeeded.status, succeeded.attempt, succeeded.message_id) == (204, 2, failed.message_id)


def test_an_endpoint_that_has_too_much_to_hear_leaves_the_turn_to_others(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(*many(5))
    assert delivered(subscribed, by=replace(COURIER, seconds=0.0)) is Left.MORE
    assert delivered(subscribed) is Left.NOTHING
    assert places(receiver) == [1, 2, 3, 4, 5]


def test_a_paused_endpoint_goes_on_where_it_stopped(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    happened(*many(2))
    subscriptions.change_terms(subscribed.subscription.pk, {"active": False}, change=a_change())
    assert delivered(subscribed) is Left.NOTHING
    assert receiver.received == []
    subscriptions.change_terms(subscribed.subscription.pk, {"active": True}, change=a_change())
    delivered(subscribed)
    assert places(receiver) == [1, 2]


def test_a_delivery_stops_after_the_message_in_hand_when_the_endpoint_is_paused(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed = endpoint(receiver)
    happened(*many(5))
    keep = turns.keep

    def pause_before_the_third(turn: turns.Turn) -> turns.Turn:
        if len(receiver.received) == 2:
            subscriptions.change_terms(subscribed.subscription.pk, {"active": False}, change=a_change())
        return keep(turn)

    monkeypatch.setattr(turns, "keep", pause_before_the_third)
    assert delivered(subscribed) is Left.NOTHING
    assert places(receiver) == [1, 2, 3]
    assert progress_of(subscribed).position == 2
