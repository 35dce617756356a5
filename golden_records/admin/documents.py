"""What the pages of versioned documents share: mistakes with their lines, differences, and any two versions beside each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from golden_records.documents import difference


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it is listed: `key` names it in the address; `by` and `reason` may be empty where nobody wrote it."""

    key: str
    title: str
    at: datetime | None
    by: str = ""
    reason: str = ""
    in_force: bool = False


def compared(request: HttpRequest, versions: Sequence[Version], text_of: Callable[[str], str]) -> dict[str, Any]:
    """Give what the page of versions shows: all of them, the newest first, and the difference of the two that are asked for.

    Without a choice these are the newest and the one before it.
    """
    known = [version.key for version in versions]
    newer = request.GET.get("to", "") if request.GET.get("to", "") in known else (known[0] if known else "")
    after = known[known.index(newer) + 1 :] if newer else []
    older = request.GET.get("from", "") if request.GET.get("from", "") in known else (after[0] if after else newer)
    lines = difference(text_of(older), text_of(newer)) if older != newer else []
    return {"versions": versions, "older": older, "newer": newer, "difference": lines}
