"""The chain over the events, verified by what PostgreSQL writes: far quicker than event by event.

What is hashed is written there as `golden_records.chain` writes it, but for rare spellings (a whole second, an odd character). What
verifies so is right, since nothing else has this hash; what does not is for `chain` itself to judge.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from django.db import connection

from golden_records.chain import BEGINNING
from golden_records.models import ChangeEvent, Seal

_AT_ONCE: Final = 5_000
_PRIVATE: Final = ("before", "after", "external_id", "reason")
_STANDS: Final = (
    "seq",
    "sealed_at",
    "id",
    "entity",
    "type",
    "golden_id",
    "golden_version",
    "attributes",
    "source",
    "successor_ids",
    "caused_by",
    "differing",
    "actor",
    "correlation_id",
    "config",
    "at",
)
_NUMBERS: Final = {"seq", "id", "golden_version"}
_MOMENTS: Final = {"sealed_at", "at"}
_DOCUMENTS: Final = {"before", "after", "attributes", "successor_ids", "differing"}


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the feed, the hash before it and its own, and whether it verifies."""

    seq: int
    previous: bytes
    hash: bytes
    verifies: bool


def links() -> Iterator[list[Link]]:
    """Give every place in the feed in its order, some thousand at a time. On SQLite none is said to verify."""
    previous, last = BEGINNING, 0
    while rows := _rows(last):
        found = []
        for seq, digest, own, salt, private, stands in rows:
            found.append(Link(seq, previous, own := bytes(own), _verifies(previous, (bytes(digest), own), salt, private, stands)))
            previous = own
        yield found
        last = rows[-1][0]


def _verifies(previous: bytes, sealed: tuple[bytes, bytes], salt: str | None, private: str, stands: str) -> bool:
    if salt is None:
        return False
    digest, own = sealed
    return hmac.digest(salt.encode(), private.encode(), "sha256") == digest and sha256(previous + digest + stands.encode()).digest() == own


def _rows(last: int) -> list[Any]:
    seals = Seal.objects.order_by("seq").filter(seq__gt=last)
    if connection.vendor != "postgresql":
        return [(seq, digest, own, None, "", "") for seq, digest, own in seals.values_list("seq", "digest", "hash")[:_AT_ONCE]]
    page = f"SELECT seq, event_id, digest, hash, sealed_at FROM {Seal._meta.db_table} WHERE seq > %s ORDER BY seq LIMIT {_AT_ONCE}"  # noqa: S608 - names of our own tables
    # Events are sealed about in the order of their ids: so only those of the page are read, however they are joined.
    span = "BETWEEN (SELECT min(event_id) FROM page) AND (SELECT max(event_id) FROM page)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH page AS MATERIALIZED ({page}) SELECT s.seq, s.digest, s.hash, e.salt, {_document(_PRIVATE)}, {_document(_STANDS)} "  # noqa: S608 - as above
            f"FROM page s JOIN {ChangeEvent._meta.db_table} e ON e.id = s.event_id WHERE e.id {span} ORDER BY s.seq",
            [last],
        )
        return cursor.fetchall()  # type: ignore[no-any-return]


def _document(names: tuple[str, ...]) -> str:
    return "'[' || " + " || ',' || ".join(map(_text, names)) + " || ']'"


def _text(name: str) -> str:
    """Write a column in SQL as orjson writes its value."""
    column = f's."{name}"' if name in {"seq", "sealed_at"} else f'e."{name}"'
    if name in _NUMBERS:
        return column
    if name in _MOMENTS:
        return f"extract(epoch FROM {column})::float8"
    if name in _DOCUMENTS:
        # PostgreSQL writes a space after each comma: between texts, and beside what is missing.
        compact = f"""replace({column}::text, '", "', '","')"""
        return f"coalesce(replace(replace({compact}, 'null, ', 'null,'), ', null', ',null'), 'null')"
    return f"coalesce(to_json({column})::text, 'null')"
