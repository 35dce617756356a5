"""What a source sent, as far as a database can keep it, and the fingerprint that tells whether it was sent before."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson

from golden_records.standardising.problems import Problem, Severity, shown

LONGEST_EXTERNAL_ID: Final = 200
_DIGEST_BYTES: Final = 32
_NUL: Final = b"\\u0000"
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def fingerprint(*, payload: Mapping[str, object], meaning: Mapping[str, object], source_updated_at: datetime | None) -> str:
    """Tell one content from another: BLAKE2b over what was sent, what the mapping made of it, and the source's time.

    What standardising makes of it is left out, so that a better standardiser alone makes no record look changed.
    """
    document = orjson.dumps([payload, meaning, source_updated_at], default=str, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(document, digest_size=_DIGEST_BYTES).hexdigest()


def unstorable(payload: Mapping[str, object]) -> list[Problem]:
    """List the fields whose values no database can keep: the NUL character, half a character, numbers beyond 64 bits."""
    if _is_storable(payload):
        return []
    problems = [_problem(name, value) for name, value in payload.items() if not _is_storable({name: value})]
    return problems or [_problem("payload", "")]


def storable_text(text: str) -> str:
    """Give a text that can be stored, with a sign in the place of what can't be."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable(value: object) -> object:
    """Give a value that can be stored and looks the same to people: for what goes to quarantine."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, Mapping):
        return {storable_text(str(name)): storable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [storable(part) for part in value]
    return value if _is_storable({"": value}) else storable_text(str(value))


def external_id_problems(external_id: str) -> list[Problem]:
    """Say what is wrong with the source's own id of a record, if anything is."""
    if not external_id:
        reason, remedy = "The record has no id of its source.", "Fill in the source's own id."
    elif len(external_id) > LONGEST_EXTERNAL_ID:
        reason = f"The id has {len(external_id):,} characters, {LONGEST_EXTERNAL_ID} are allowed."
        remedy = "Use the source's own, shorter id."
    elif _UNSTORABLE.search(external_id):
        reason, remedy = "The id holds a character that can't be stored.", "Remove it in the source."
    else:
        return []
    return [Problem("external_id", shown(external_id), reason, remedy, Severity.ERROR)]


def _is_storable(payload: Mapping[str, object]) -> bool:
    try:
        document = orjson.dumps(payload, default=str)
    except TypeError:
        return False
    return _NUL not in document or not _holds_nul(payload)


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(name) or _holds_nul(part) for name, part in value.items())
    return isinstance(value, list | tuple) and any(_holds_nul(part) for part in value)


def _problem(name: str, value: object) -> Problem:
    return Problem(
        storable_text(name),
        shown(value),
        "The value holds something that can't be stored: a NUL character, half a character or a number of too many digits.",
        "Remove it in the source, or mend the row here.",
        Severity.ERROR,
    )
