import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from golden_records.webhooks.signing import new_secret, signed_headers


def _now() -> datetime:
    return datetime.now(tz=UTC)


@given(body=st.dictionaries(st.text(), st.text()), message_id=st.uuids())
def test_what_is_signed_passes_the_reference_implementation(body: dict[str, str], message_id: object) -> None:
    secret, sent = new_secret(), json.dumps(body).encode()
    headers = signed_headers(str(message_id), sent, at=_now(), secrets_in_force=[secret])
    assert Webhook(secret).verify(sent, dict(headers)) == body


def test_while_a_secret_is_rotated_both_the_old_and_the_new_one_verify() -> None:
    old, new = new_secret(), new_secret()
    headers = dict(signed_headers("m1", b"{}", at=_now(), secrets_in_force=[new, old]))
    assert Webhook(old).verify(b"{}", headers) == {}
    assert Webhook(new).verify(b"{}", headers) == {}


def test_a_secret_that_is_no_longer_in_force_does_not_verify() -> None:
    old, new = new_secret(), new_secret()
    headers = dict(signed_headers("m1", b"{}", at=_now(), secrets_in_force=[new]))
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(b"{}", headers)


@pytest.mark.parametrize(("name", "value"), [("webhook-id", "m2"), ("webhook-timestamp", "1700000000"), ("webhook-signature", "v1,AAAA")])
def test_no_part_of_a_message_can_be_changed_unnoticed(name: str, value: str) -> None:
    secret = new_secret()
    headers = dict(signed_headers("m1", b"{}", at=_now(), secrets_in_force=[secret])) | {name: value}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b"{}", headers)


def test_a_message_that_was_recorded_is_refused_five_minutes_later() -> None:
    secret = new_secret()
    headers = dict(signed_headers("m1", b"{}", at=_now() - timedelta(minutes=6), secrets_in_force=[secret]))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(secret).verify(b"{}", headers)


def test_no_two_secrets_are_the_same() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
