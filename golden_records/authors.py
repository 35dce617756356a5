"""The authors of changes, as people read them."""

from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _

_ACTORS: Final[dict[str, Callable[[str], str]]] = {
    "steward": lambda name: name,
    "api": lambda name: _("API key %s") % name,
    "engine": lambda name: _("Matching engine (%s)") % name,
    "command": lambda name: _("Command %s") % name,
}


def who(actor: str, username: str = "") -> str:
    """Name the author of a change as a person reads it: `actor` is what `golden_records.change.Change` keeps."""
    kind, separator, name = actor.partition(":")
    if separator and kind in _ACTORS:
        return _ACTORS[kind](name)
    return actor or username or _("Unknown")
