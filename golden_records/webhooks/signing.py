"""Signatures as Standard Webhooks has them (specification 1.0): a receiver knows who sent, what, and when.

The secret and the signature are a dozen lines of the standard library; the reference implementation verifies them in the tests.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
VERSION: Final = "v1"


def new_secret() -> str:
    """Make a secret: 256 random bits, written as receivers' libraries read them."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(message_id: str, body: bytes, *, at: datetime, secrets_in_force: Sequence[str]) -> Mapping[str, str]:
    """Give the headers that identify and sign one message.

    One signature for each secret, so that a receiver may change its own at any moment while both are in force. The id stays
    the same however often a message is sent; the time is that of the sending, and the signature covers all three.
    """
    seconds = str(int(at.timestamp()))
    signatures = (f"{VERSION},{_signature(secret, message_id, seconds, body)}" for secret in secrets_in_force)
    return {"webhook-id": message_id, "webhook-timestamp": seconds, "webhook-signature": " ".join(signatures)}


def _signature(secret: str, message_id: str, seconds: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
