"""What is left of a source record that was erased: a text that stands for its name, and that nobody can read it from.

It is an HMAC of entity type, source and the source's own id, under a key that is derived from SECRET_KEY; a record that comes again is
recognised by it, and somebody who has the database alone can't find out whether a guess at an id is right. It takes the place of the
external id, so that a record and its tombstone are looked for in one statement.
"""

import hmac
from collections.abc import Iterable
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from golden_records.entities import EntityType
from golden_records.errors import Erased
from golden_records.models import RecordState, WhenSentAgain

Name = tuple[str, str]
"""The code of a source system, and its own id of a record."""

PREFIXES: Final = {WhenSentAgain.SUPPRESS: "erased:", WhenSentAgain.NEW: "erased, may come again:"}
_PURPOSE: Final = b"mdm: tombstones of erased records"


def tombstone_of(entity: EntityType, name: Name, when_sent_again: WhenSentAgain) -> str:
    """Give the tombstone of a record that is erased now."""
    return _made(entity, name, when_sent_again)[0]


def suppressing(entity: EntityType, name: Name) -> tuple[str, ...]:
    """Give the tombstones that keep a record from coming back: one for each key that SECRET_KEY was and still is."""
    return _made(entity, name, WhenSentAgain.SUPPRESS)


def suppressed(entity: EntityType, names: Iterable[Name]) -> set[Name]:
    """Give those of the records that were erased and are not to come back. One statement."""
    name_of = {tombstone: name for name in names for tombstone in suppressing(entity, name)}
    erased = entity.records.filter(external_id__any=name_of, state=RecordState.ERASED)
    return {name_of[tombstone] for tombstone in erased.values_list("external_id", flat=True)}


def names_of(entity: EntityType, names: Iterable[Name]) -> dict[str, Name]:
    """Give every tombstone that one of these records may have left, with its name: by whatever choice, under whatever key."""
    return {tombstone: name for name in names for when in WhenSentAgain for tombstone in _made(entity, name, when)}


def refuse_erased(entity: EntityType, source: str, external_id: str) -> None:
    """Raise `Erased` where a record that is not there was erased. One statement."""
    tombstones = names_of(entity, [(source, external_id)])
    if entity.records.filter(external_id__any=tombstones, state=RecordState.ERASED).exists():
        raise erased_record(entity)


def erased_record(entity: EntityType) -> Erased:
    """Make the error of a source record that was erased; it does not name the record again."""
    remedy = "Do not send or ask for it again: nothing of it is kept."
    return Erased(f"This {entity.name} record was erased, for good.", remedy=remedy, entity=entity.name)


def _made(entity: EntityType, name: Name, when_sent_again: WhenSentAgain) -> tuple[str, ...]:
    told = f"{entity.name}\x1f{name[0]}\x1f{name[1]}".encode(errors="surrogatepass")
    prefix = PREFIXES[when_sent_again]
    return tuple(prefix + hmac.digest(key, told, "sha256").hex() for key in _keys((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)))


@cache
def _keys(materials: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(material.encode()) for material in materials)
