"""API keys: made, listed and revoked here alone. Only a digest is kept, so a key can be shown once and never again."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from django.db import IntegrityError, transaction

from api.models import ApiKey
from api.problems import DuplicateKeyName, InvalidKeyName, UnknownKey
from golden_records.change import Change
from golden_records.errors import UnknownSource
from golden_records.history import write_history
from golden_records.models import SourceSystem

BRAND: Final = "mdm"
PREFIX_BYTES: Final = 4
RANDOM_BYTES: Final = 32
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key just made: the row that is kept, and the secret that is not."""

    row: ApiKey
    secret: str


def digest_of(key: str) -> str:
    """Give the digest under which a key is kept.

    A plain SHA-256 is enough, and no slow password hash is needed: the key is 256 random bits, which nobody guesses.
    """
    return sha256(key.encode()).hexdigest()


@transaction.atomic
def create_key(*, name: str, source: str | None, scopes: Sequence[str], change: Change) -> IssuedKey:
    """Make a key. With `source` (a code) it may write only that source's records.

    Raises `UnknownSource`, `InvalidKeyName`, or `DuplicateKeyName` where a key of that name exists, revoked or not: a name in
    the history stands for one program forever.
    """
    if NAME.fullmatch(name) is None:
        raise InvalidKeyName(f"{name!r} is not a name for a key.", remedy="Use up to 100 letters, digits, '.', '_' and '-'.", name=name)
    prefix = secrets.token_hex(PREFIX_BYTES)
    secret = f"{BRAND}_{prefix}_{secrets.token_hex(RANDOM_BYTES)}"
    row = ApiKey(
        name=name,
        prefix=prefix,
        digest=digest_of(secret),
        source=_source(source),
        scopes=sorted(set(scopes)),
        created_at=change.at,
    )
    try:
        with transaction.atomic():
            ApiKey.objects.bulk_create([row])
    except IntegrityError:
        raise DuplicateKeyName(f"There is a key '{name}' already.", remedy="Choose another name.", name=name) from None
    write_history(ApiKey, [row], change=change, kind="+")
    return IssuedKey(row=row, secret=secret)


@transaction.atomic
def revoke_key(*, name: str, change: Change) -> ApiKey:
    """Make a key useless, for good. Revoking it twice changes nothing. Raises `UnknownKey`."""
    row = ApiKey.objects.select_for_update().filter(name=name).first()
    if row is None:
        raise UnknownKey(f"There is no key '{name}'.", remedy="See `manage.py list_api_keys`.", name=name)
    if row.revoked_at is None:
        row.revoked_at = change.at
        ApiKey.objects.filter(pk=row.pk).update(revoked_at=row.revoked_at)
        write_history(ApiKey, [row], change=change, kind="~")
    return row


def _source(code: str | None) -> SourceSystem | None:
    if code is None:
        return None
    source = SourceSystem.objects.filter(code=code).first()
    if source is None:
        known = ", ".join(SourceSystem.objects.values_list("code", flat=True)) or "none yet"
        raise UnknownSource(f"There is no source system '{code}'.", remedy=f"Known: {known}.", source=code)
    return source
