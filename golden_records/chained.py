"""A chain, verified by what PostgreSQL writes: far quicker than entry by entry.

What is hashed is written there as `golden_records.chain` writes it, but for rare spellings (a whole second, an odd character, a document
with names). What verifies so is right, since nothing else has this hash; what does not is for `chain` itself to judge.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from django.db import connection, models

from golden_records.chain import BEGINNING, Chain

_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a chain, the hash before it and its own, and whether it verifies."""

    seq: int
    previous: bytes
    hash: bytes
    verifies: bool


def links(chain: Chain) -> Iterator[list[Link]]:
    """Give every place of a chain in its order, some thousand at a time. On SQLite none is said to verify."""
    previous, last = BEGINNING, 0
    while rows := _rows(chain, last):
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


def _rows(chain: Chain, last: int) -> list[Any]:
    if connection.vendor != "postgresql":
        seals = chain.seals._default_manager.order_by("seq").filter(seq__gt=last)
        return [(seq, digest, own, None, "", "") for seq, digest, own in seals.values_list("seq", "digest", "hash")[:_AT_ONCE]]
    seals_table, entries_table, entry_id = chain.seals._meta.db_table, chain.entries._meta.db_table, chain.entry_id
    page = f"SELECT seq, {entry_id}, digest, hash, sealed_at FROM {seals_table} WHERE seq > %s ORDER BY seq LIMIT {_AT_ONCE}"  # noqa: S608 - names of our own tables
    # Entries are sealed about in the order of their ids: so only those of the page are read, however they are joined.
    span = f"BETWEEN (SELECT min({entry_id}) FROM page) AND (SELECT max({entry_id}) FROM page)"  # noqa: S608 - as above
    private = _document([_text(chain, name) for name in chain.erasable])
    stands = _document(['s."seq"', _moment('s."sealed_at"'), *(_text(chain, name) for name in chain.lasting)])
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH page AS MATERIALIZED ({page}) SELECT s.seq, s.digest, s.hash, e.salt, {private}, {stands} "  # noqa: S608 - as above
            f"FROM page s JOIN {entries_table} e ON e.id = s.{entry_id} WHERE e.id {span} ORDER BY s.seq",
            [last],
        )
        return cursor.fetchall()  # type: ignore[no-any-return]


def _document(parts: list[str]) -> str:
    return "'[' || " + " || ',' || ".join(parts) + " || ']'"


def _text(chain: Chain, name: str) -> str:
    """Write a column of an entry in SQL as orjson writes its value."""
    field: Any = chain.entries._meta.pk if name == "pk" else chain.entries._meta.get_field(name)
    column = f'e."{field.column}"'
    if isinstance(field, models.IntegerField):
        return column
    if isinstance(field, models.DateTimeField):
        return _moment(column)
    if isinstance(field, models.JSONField):
        # PostgreSQL writes a space after each comma: between texts, and beside what is missing.
        compact = f"""replace({column}::text, '", "', '","')"""
        return f"coalesce(replace(replace({compact}, 'null, ', 'null,'), ', null', ',null'), 'null')"
    return f"coalesce(to_json({column})::text, 'null')"


def _moment(column: str) -> str:
    return f"extract(epoch FROM {column})::float8"
