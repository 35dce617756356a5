"""The admin's pages of webhooks: made, looked at, tried, mended."""

from collections.abc import Iterator

import pytest
from django.test import Client, override_settings

from golden_records.models import DeadLetterState, WebhookDeadLetter, WebhookSubscription
from golden_records.webhooks import secrets
from tests.factories import a_person
from tests.golden_records.webhooks.receiver import ALLOWED, Receiver, receiving, replies
from tests.golden_records.webhooks.stories import AN_UPDATE, delivered, delivered_in_turns, endpoint, happened

pytestmark = pytest.mark.django_db

LIST = "/admin/golden_records/webhooksubscription/"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with override_settings(WEBHOOK_ALLOWED_NETWORKS=[f"{ALLOWED}/32"]), receiving() as listening:
        yield listening


def test_a_webhook_is_made_and_its_secret_shown_this_once(admin_client: Client, receiver: Receiver) -> None:
    answer = admin_client.post(f"{LIST}add/", {"name": "CRM", "url": receiver.url, "event_types": ["merged"], "active": "on"})
    row = WebhookSubscription.objects.get()
    [secret] = secrets.in_force(row.pk)
    assert secret in answer.content.decode().replace("&#x27;", "'")
    assert "no-store" in answer.headers["Cache-Control"]
    assert (row.name, row.event_types, row.history.get().actor) == ("CRM", ["merged"], "steward:admin")
    assert secret not in admin_client.get(f"{LIST}{row.pk}/change/").content.decode()


def test_what_is_wrong_with_an_address_is_told_at_its_field(admin_client: Client, receiver: Receiver) -> None:
    del receiver
    answer = admin_client.post(f"{LIST}add/", {"name": "CRM", "url": "https://10.0.0.1/", "active": "on"})
    assert "is not on the public Internet" in answer.content.decode()
    assert WebhookSubscription.objects.count() == 0


def test_the_page_shows_deliveries_and_dead_letters_which_can_be_sent_again(admin_client: Client, receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    row = subscribed.subscription
    happened(AN_UPDATE)
    receiver.reply = replies(422, b"unknown field")
    delivered_in_turns(subscribed)
    page = admin_client.get(f"{LIST}{row.pk}/change/").content.decode()
    assert "unknown field" in page
    assert str(AN_UPDATE.golden_id) in page
    receiver.reply = replies(204)
    letter = WebhookDeadLetter.objects.get()
    admin_client.post(f"{LIST}{row.pk}/replay/", {"letter": letter.pk})
    letter.refresh_from_db()
    assert letter.state == DeadLetterState.REPLAYED


def test_an_event_that_holds_the_others_up_is_set_aside_with_a_reason(admin_client: Client, receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    address = f"{LIST}{subscribed.subscription.pk}"
    happened(AN_UPDATE)
    assert "Set this event aside" not in admin_client.get(f"{address}/change/").content.decode()
    receiver.reply = replies(500)
    delivered(subscribed)
    assert "Set this event aside" in admin_client.get(f"{address}/change/").content.decode()
    admin_client.post(f"{address}/set-aside/", {"seq": "1", "reason": " "})
    assert not WebhookDeadLetter.objects.exists()
    page = admin_client.post(f"{address}/set-aside/", {"seq": "1", "reason": "too long for them"}, follow=True).content.decode()
    assert "event 1 set aside: too long for them" in page
    assert WebhookDeadLetter.objects.get().seq == 1
    assert "does not hold the webhook up" in admin_client.post(
        f"{address}/set-aside/", {"seq": "1", "reason": "again"}, follow=True
    ).content.decode().replace("&#x27;", "'")


def test_a_test_event_is_sent_and_its_outcome_told(admin_client: Client, receiver: Receiver) -> None:
    row = endpoint(receiver).subscription
    page = admin_client.post(f"{LIST}{row.pk}/test/", follow=True).content.decode()
    assert "took the test message: 204" in page
    assert len(receiver.received) == 1


def test_a_webhook_is_edited_paused_and_removed(admin_client: Client, receiver: Receiver) -> None:
    row = endpoint(receiver).subscription
    assert admin_client.get(f"{LIST}{row.pk}/edit/").status_code == 200
    admin_client.post(f"{LIST}{row.pk}/edit/", {"name": "Moved", "url": receiver.url, "active": "on", "with_values": "on"})
    row.refresh_from_db()
    assert (row.name, row.with_values) == ("Moved", True)
    admin_client.post(f"{LIST}{row.pk}/pause/")
    row.refresh_from_db()
    assert not row.active
    assert "Moved" in admin_client.get(LIST).content.decode()
    admin_client.post(f"{LIST}{row.pk}/delete-webhook/")
    assert WebhookSubscription.objects.count() == 0


def test_a_new_secret_is_shown_this_once_and_signs_beside_the_old_one(admin_client: Client, receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    page = admin_client.post(f"{LIST}{subscribed.subscription.pk}/rotate/").content.decode()
    new, old = secrets.in_force(subscribed.subscription.pk)
    assert new in page
    assert old == subscribed.secret


@pytest.mark.parametrize("action", ["test", "rotate", "pause", "replay", "dismiss", "set-aside", "delete-webhook"])
def test_only_those_who_may_change_webhooks_do(client: Client, receiver: Receiver, action: str) -> None:
    row = endpoint(receiver).subscription
    client.force_login(a_person())
    assert client.post(f"{LIST}{row.pk}/{action}/").status_code == 403
    assert client.get(f"{LIST}{row.pk}/{action}/").status_code == 405
