"""The chain over change events: each link binds an event to its place and to all events before it.

`digest` is HMAC-SHA256, keyed with the event's own salt, over what an erasure may take away (values, the source's own id, the reason in
words); `hash` is SHA-256 over the hash before, the place, everything else of the event, and the digest. So a chain whose events were partly
erased still verifies, and nobody can guess an erased value from its digest, whose key is gone too.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

import orjson

from golden_records.models import ChangeEvent

BEGINNING: Final = bytes(32)
"""What stands for the hash before the first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands: after which hash, at which place, and since when."""

    previous: bytes
    seq: int
    sealed_at: datetime


def digest_of(event: ChangeEvent) -> bytes:
    """Give the salted digest of what of an event may be erased; it can't be made any more once it was."""
    private = [event.before, event.after, event.external_id, event.reason]
    return hmac.digest((event.salt or "").encode(), _canonical(private), "sha256")


def hash_of(event: ChangeEvent, place: Place, digest: bytes) -> bytes:
    """Give the hash that binds an event to its place."""
    stands = [
        place.seq,
        place.sealed_at.timestamp(),
        event.pk,
        event.entity,
        event.type,
        str(event.golden_id),
        event.golden_version,
        event.attributes,
        event.source,
        event.successor_ids,
        event.caused_by,
        event.differing,
        event.actor,
        event.correlation_id,
        event.config,
        event.at.timestamp(),
    ]
    return sha256(place.previous + digest + _canonical(stands)).digest()


def _canonical(content: list[object]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
