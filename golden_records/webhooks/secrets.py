"""The secrets that messages are signed with: kept encrypted, shown once, and changed without a message going unverified."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.db.models import Q
from django.db.models.functions import Now

from golden_records.boxes import Box
from golden_records.change import Change
from golden_records.errors import MdmError
from golden_records.models import WebhookSecret
from golden_records.webhooks.signing import new_secret

OVERLAP: Final = timedelta(hours=24)
LONGEST_OVERLAP: Final = timedelta(days=7)
_box: Final = Box(b"mdm: secrets of webhooks")


class UnreadableSecret(MdmError):
    """The secrets of a webhook can't be decrypted: the key that they were written with is not known any more."""

    code = "unreadable_secret"
    title = "The secret can't be read"


def issue(subscription_id: UUID, *, overlap: timedelta, change: Change) -> str:
    """Make a new secret and give it, once; those before stay in force for `overlap`, so that receivers can change in peace.

    The caller owns the transaction.
    """
    until = change.at + overlap
    in_force = Q(valid_until=None) | Q(valid_until__gt=until)
    WebhookSecret.objects.filter(in_force, subscription_id=subscription_id).update(valid_until=until)
    secret = new_secret()
    ciphertext = _box.shut(secret)
    WebhookSecret.objects.bulk_create([WebhookSecret(subscription_id=subscription_id, ciphertext=ciphertext, created_at=change.at)])
    return secret


def in_force(subscription_id: UUID) -> Sequence[str]:
    """Give the secrets to sign with now, the newest first. Raises `UnreadableSecret`."""
    kept = WebhookSecret.objects.filter(Q(valid_until=None) | Q(valid_until__gt=Now()), subscription_id=subscription_id)
    try:
        return [_box.opened(secret.ciphertext) for secret in kept.order_by("-id")]
    except InvalidToken:
        message = "The secret was encrypted with a SECRET_KEY that is not known any more."
        remedy = "Put the old key into SECRET_KEY_FALLBACKS, or rotate the secret of this webhook."
        raise UnreadableSecret(message, remedy=remedy, subscription=str(subscription_id)) from None
