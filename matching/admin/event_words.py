"""What one change event says, in a sentence that goes on from the name of who did it."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from golden_records.models import EventType

EVENTS: Final[Mapping[str, Callable[[], str]]] = {
    EventType.CREATED: lambda: _("made this golden record"),
    EventType.UNMERGED: lambda: _("brought this back"),
    EventType.MERGED: lambda: _("retired this: its records are elsewhere, and its successor answers"),
    EventType.SPLIT: lambda: _("gave records of this a golden record of their own"),
    EventType.RETIRED: lambda: _("retired this: no source record is left"),
    EventType.ERASED: lambda: _("emptied it"),
    EventType.LINKED: lambda: _("put %s here"),
    EventType.UNLINKED: lambda: _("took %s away"),
    EventType.WITHDRAWN: lambda: _("noted that %s was withdrawn by its source"),
}
"""Those that are told in a sentence of their own alone are not here."""


def event_words(event: Any, name_of: Callable[[UUID], str]) -> str:
    """Say what a change event tells; `name_of` names another golden record."""
    if event.type == EventType.UPDATED:
        return _changed(event)
    if event.type == EventType.REPARENTED:
        return _reparented(event, name_of)
    text = EVENTS[event.type]()
    name = f"{event.source} · {event.external_id}" if event.external_id else _("a source record that was erased since")
    return text % name if "%s" in text else text


def parents_of(event: Any) -> tuple[UUID | None, UUID | None]:
    """The parents before and after, of a golden record that got another."""
    if event.type != EventType.REPARENTED:
        return None, None
    before, after = (next(iter((values or {}).values()), None) for values in (event.values_before, event.values_after))
    return UUID(before) if before else None, UUID(after) if after else None


def _reparented(event: Any, name_of: Callable[[UUID], str]) -> str:
    before, after = parents_of(event)
    if after is not None:
        return _("put it below %s") % name_of(after)
    return _("took it from below %s") % name_of(before) if before is not None else _("changed its parent")


def _changed(event: Any) -> str:
    count = len(event.attributes or ())
    if not count:
        return _("changed where values come from")
    if event.before is None and event.after is not None:
        return _("told all of it anew, since an erasure emptied what was told before")
    said = ngettext("changed %(n)s value", "changed %(n)s values", count) % {"n": count}
    return f"{said}: {_('%s sent it') % event.caused_by}" if event.caused_by else said
