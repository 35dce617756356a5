from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from golden_records.models import WebhookSecret, WebhookSubscription
from golden_records.webhooks import secrets, subscriptions
from golden_records.webhooks.secrets import UnreadableSecret
from golden_records.webhooks.subscriptions import InvalidSubscription, Subscribed, Terms, UnknownSubscription, terms_of
from tests.factories import a_change, a_source
from tests.golden_records.webhooks.receiver import Receiver
from tests.golden_records.webhooks.stories import AN_UPDATE, delivered, endpoint, happened, progress_of

pytestmark = pytest.mark.django_db


def _verifies(secret: str, receiver: Receiver) -> bool:
    message = receiver.received[-1]
    try:
        Webhook(secret).verify(message.body, dict(message.headers))
    except WebhookVerificationError:
        return False
    return True


def _sent(subscribed: Subscribed) -> None:
    happened(AN_UPDATE)
    delivered(subscribed)


def test_a_secret_is_rotated_without_a_message_that_only_one_of_both_verifies(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    new = subscriptions.rotate_secret(subscribed.subscription.pk, change=a_change())
    _sent(subscribed)
    assert _verifies(subscribed.secret, receiver)
    assert _verifies(new, receiver)
    WebhookSecret.objects.exclude(valid_until=None).update(valid_until=timezone.now() - timedelta(seconds=1))
    _sent(subscribed)
    assert not _verifies(subscribed.secret, receiver)
    assert _verifies(new, receiver)


def test_a_secret_that_leaked_is_replaced_at_once(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    subscriptions.rotate_secret(subscribed.subscription.pk, change=a_change())
    new = subscriptions.rotate_secret(subscribed.subscription.pk, overlap=timedelta(0), change=a_change())
    _sent(subscribed)
    assert secrets.in_force(subscribed.subscription.pk) == [new]
    assert not _verifies(subscribed.secret, receiver)


def test_an_old_secret_is_never_kept_for_longer_than_a_week(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    subscriptions.rotate_secret(subscribed.subscription.pk, overlap=timedelta(days=400), change=a_change())
    until = WebhookSecret.objects.exclude(valid_until=None).get().valid_until
    assert until is not None
    assert until < timezone.now() + timedelta(days=8)


def test_no_secret_can_be_read_from_the_database(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    kept: list[object] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - a table's name
            kept += cursor.fetchall()
    assert subscribed.secret.removeprefix("whsec_") not in str(kept)


def test_secrets_survive_a_change_of_the_key_that_encrypts_them(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    with override_settings(SECRET_KEY="another-key-altogether", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        _sent(subscribed)
    assert _verifies(subscribed.secret, receiver)


def test_where_the_key_is_lost_nothing_is_sent_unsigned(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    with override_settings(SECRET_KEY="another-key-altogether"):
        _sent(subscribed)
        with pytest.raises(UnreadableSecret):
            secrets.in_force(subscribed.subscription.pk)
    assert receiver.received == []
    assert progress_of(subscribed).tries == 1


def test_all_that_is_wrong_is_told_at_once(receiver: Receiver) -> None:
    del receiver
    terms = Terms(name="", url="https://127.0.0.1/", system="sap", event_types=["exploded"], entities=["planet"], sources=["crm"])
    with pytest.raises(InvalidSubscription) as caught:
        subscriptions.subscribe(terms, position=0, change=a_change())
    problems: object = caught.value.data["problems"]
    assert isinstance(problems, list)
    assert {problem["field"] for problem in problems} == {"name", "url", "system", "event_types", "entities", "sources"}
    assert WebhookSubscription.objects.count() == 0


def test_terms_change_with_history_and_only_where_something_does(receiver: Receiver) -> None:
    a_source("crm")
    row = endpoint(receiver, system="crm").subscription
    subscriptions.change_terms(row.pk, {"name": row.name}, change=a_change())
    changed = subscriptions.change_terms(row.pk, {"with_values": True, "entities": ["project"]}, change=a_change("needs values"))
    assert terms_of(changed) == Terms(
        name="endpoint", url=receiver.url, system="crm", entities=["project"], event_types=[], sources=[], with_values=True
    )
    assert [each.history_change_reason for each in row.history.order_by("history_id")] == ["for a test", "needs values"]


def test_an_endpoint_can_be_moved_to_no_forbidden_address(receiver: Receiver) -> None:
    row = endpoint(receiver).subscription
    with pytest.raises(InvalidSubscription):
        subscriptions.change_terms(row.pk, {"url": "https://169.254.169.254/latest"}, change=a_change())
    assert WebhookSubscription.objects.get().url == receiver.url


def test_what_is_unsubscribed_is_gone_but_for_its_history(receiver: Receiver) -> None:
    subscribed = endpoint(receiver)
    _sent(subscribed)
    row = subscribed.subscription
    subscriptions.unsubscribe(row.pk, change=a_change())
    assert WebhookSubscription.objects.count() == WebhookSecret.objects.count() == 0
    assert WebhookSubscription.history.filter(id=row.pk, history_type="-").exists()
    with pytest.raises(UnknownSubscription):
        subscriptions.subscription(row.pk)


def test_nothing_is_known_of_a_webhook_that_never_was() -> None:
    with pytest.raises(UnknownSubscription):
        subscriptions.rotate_secret(uuid4(), change=a_change())
