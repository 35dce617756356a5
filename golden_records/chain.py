"""Chains over what was told and done: each link binds an entry to its place and to all entries before it.

`digest` is HMAC-SHA256, keyed with the entry's own salt, over what an erasure may take away (values, the source's own id, the reason in
words); `hash` is SHA-256 over the hash before, the place, everything else of the entry, and the digest. So a chain whose entries were
partly erased still verifies, and nobody can guess an erased value from its digest, whose key is gone too.

There are two chains: `FEED` over the change events of golden records, and `AUDIT` over whatever else people and programs did.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson
from django.db import models

from golden_records.models import AuditEntry, AuditSeal, ChangeEvent, Seal, UnsealedEntry, UnsealedEvent

BEGINNING: Final = bytes(32)
"""What stands for the hash before the first."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The tables of a chain. `entry` is the name of a seal's reference to what it seals.

    `erasable` names the columns that an erasure may empty, `lasting` those that stay as they were written, both in the order in which
    they are hashed.
    """

    name: str
    entries: type[models.Model]
    waiting: type[models.Model]
    seals: type[models.Model]
    entry: str
    erasable: tuple[str, ...]
    lasting: tuple[str, ...]

    @property
    def entry_id(self) -> str:
        """The column of a seal, and of what waits for one, that refers to the entry."""
        return f"{self.entry}_id"


FEED: Final = Chain(
    name="changes",
    entries=ChangeEvent,
    waiting=UnsealedEvent,
    seals=Seal,
    entry="event",
    erasable=("before", "after", "external_id", "reason"),
    lasting=(
        "pk", "entity", "type", "golden_id", "golden_version", "attributes", "source", "successor_ids", "caused_by", "differing", "actor",
        "correlation_id", "config", "at",
    ),
)  # fmt: skip
AUDIT: Final = Chain(
    name="audit log",
    entries=AuditEntry,
    waiting=UnsealedEntry,
    seals=AuditSeal,
    entry="entry",
    erasable=("subject", "content", "reason"),
    lasting=("pk", "at", "actor", "action", "kind", "golden_ids", "attributes", "correlation_id"),
)
CHAINS: Final = (FEED, AUDIT)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands: after which hash, at which place, and since when."""

    previous: bytes
    seq: int
    sealed_at: datetime


def digest_of(entry: Any, chain: Chain = FEED) -> bytes:
    """Give the salted digest of what of an entry may be erased; it can't be made any more once it was."""
    private = [getattr(entry, name) for name in chain.erasable]
    return hmac.digest((entry.salt or "").encode(), _canonical(private), "sha256")


def hash_of(entry: Any, place: Place, digest: bytes, chain: Chain = FEED) -> bytes:
    """Give the hash that binds an entry to its place."""
    stands = [place.seq, place.sealed_at.timestamp(), *(_told(getattr(entry, name)) for name in chain.lasting)]
    return sha256(place.previous + digest + _canonical(stands)).digest()


def _told(value: Any) -> Any:
    return value.timestamp() if isinstance(value, datetime) else value


def _canonical(content: list[object]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
