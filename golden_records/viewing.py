"""Who looks, and what is kept from them: the one place that turns a value into what somebody may see of it.

While a person looks at a page, `golden_records.shielding` hides at the moment of loading what they may not see, so that no page has to
think of it. Nobody looks while something is written: what is stored is never what was shown.

    viewer = viewing.viewer()      # None where nothing is kept from whoever asks, and outside the admin
    viewing.look()                 # from here on this request only shows
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any, Final

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from golden_records.attributes import AttributeSpec

DOTS: Final = "••••"
_MARK_BYTES: Final = 2
_SHORT: Final = 4
"""Texts of fewer letters do not even give their first one away."""


class Masked(str):
    """What is shown in place of a value. It is only ever shown: a row that holds one can't be saved."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody from whom something is kept.

    `entities` and `sources` (codes, and `source_ids` the same by id) are all that they may see; None is all there are. `masked` are the
    entity types whose personal attributes they see as marks alone. `key` makes the marks their own.
    """

    key: str
    entities: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    source_ids: frozenset[int] = frozenset()
    masked: frozenset[str] = frozenset()

    @property
    def is_limited(self) -> bool:
        """Whether whole records are kept from them."""
        return self.entities is not None or self.sources is not None

    def sees_entity(self, name: str) -> bool:
        """Whether they may see anything of an entity type."""
        return self.entities is None or name in self.entities

    def sees_source(self, code: str | None) -> bool:
        """Whether they may see what a source sent; what nobody sent, such as a steward's own word, hides nothing."""
        return self.sources is None or code is None or code in self.sources

    def sees_origin(self, lineage: Mapping[str, Any] | None) -> bool:
        """Whether they may see a golden value that came about like this; without lineage nobody knows, so no."""
        if self.sources is None:
            return True
        return lineage is not None and self.sees_source(lineage.get("source")) and not lineage.get("also")


class _Glance:
    """One request: who asks, found out when it first matters, and whether it only shows."""

    def __init__(self, find: Callable[[], Viewer | None], *, looks: bool) -> None:
        self._find = find
        self.looks = looks

    @cached_property
    def viewer(self) -> Viewer | None:
        return self._find()


_glance: ContextVar[_Glance | None] = ContextVar("mdm_glance", default=None)


@contextmanager
def asked_by(find: Callable[[], Viewer | None], *, looks: bool) -> Iterator[None]:
    """Let what happens inside be a request of somebody, whom `find` gives; `looks`: it only shows, and writes nothing."""
    token = _glance.set(_Glance(find, looks=looks))
    try:
        yield
    finally:
        _glance.reset(token)


def viewer() -> Viewer | None:
    """Give who asks; None where nothing is kept from them, or where nobody asks (the API, a worker, a command)."""
    glance = _glance.get()
    return glance.viewer if glance is not None else None


def looking() -> Viewer | None:
    """Give who looks at what is being loaded; None also while something is written."""
    glance = _glance.get()
    return glance.viewer if glance is not None and glance.looks else None


def look() -> None:
    """Let the rest of this request only show: to be called where a form that was sent goes on to render a page."""
    glance = _glance.get()
    if glance is not None:
        glance.looks = True


@contextmanager
def as_looked_at() -> Iterator[None]:
    """Let what is loaded inside be what whoever asks may see of it, also while something else is written."""
    glance = _glance.get()
    if glance is None:
        yield
        return
    before, glance.looks = glance.looks, True
    try:
        yield
    finally:
        glance.looks = before


@contextmanager
def plainly() -> Iterator[None]:
    """Let values inside be as they are, for what computes with them; whoever uses this veils what comes out."""
    glance = _glance.get()
    if glance is None:
        yield
        return
    before, glance.looks = glance.looks, False
    try:
        yield
    finally:
        glance.looks = before


def is_masked(entity: str) -> bool:
    """Whether personal attributes of an entity type are kept from who asks."""
    seen_by = viewer()
    return seen_by is not None and entity in seen_by.masked


def said(words: str) -> str:
    """Give words about what went wrong; to somebody from whom values are kept, only what comes before they may be quoted."""
    return words if viewer() is None else words.partition(":")[0]


def shown(value: object, spec: AttributeSpec, entity: str, seen_by: Viewer | None) -> Any:
    """Give what somebody may see of an attribute's value: itself, or a mark; the same value has the same mark for the same person."""
    if seen_by is None or value in (None, ""):
        return value
    if not seen_by.sees_entity(entity):
        return hidden()
    return mark(value, seen_by) if spec.personal and entity in seen_by.masked else value


def hidden() -> Masked:
    """Give what stands for a value of a source or an entity type that somebody does not see."""
    return Masked(_("%(dots)s (not yours to see)") % {"dots": DOTS})


def mark(value: object, seen_by: Viewer) -> Masked:
    """Give what stands for a personal value: enough to tell whether two are alike, not what they are."""
    if isinstance(value, Masked):
        return value
    digest = blake2b(str(value).encode(), key=_key_of(settings.SECRET_KEY, seen_by.key), digest_size=_MARK_BYTES).hexdigest()
    told: dict[str, object] = {"dots": DOTS, "mark": digest}
    if isinstance(value, date):
        return Masked(_("%(dots)s (a date, #%(mark)s)") % told)
    if isinstance(value, int | float | Decimal):
        return Masked(_("%(dots)s (a number, #%(mark)s)") % told)
    text = str(value)
    told |= {"n": len(text), "first": text[0] if len(text) >= _SHORT and text[0].isalpha() else ""}
    return Masked(ngettext("%(first)s%(dots)s (%(n)s letter, #%(mark)s)", "%(first)s%(dots)s (%(n)s letters, #%(mark)s)", len(text)) % told)


@lru_cache(maxsize=256)
def _key_of(secret: str, person: str) -> bytes:
    return salted_hmac(f"{__name__}:{person}", "marks", secret=secret, algorithm="sha256").digest()


def marked_leaves(document: Any, seen_by: Viewer) -> Any:
    """Give a document with a mark for each of its values; the names of its fields stay."""
    if isinstance(document, Mapping):
        return {name: marked_leaves(each, seen_by) for name, each in document.items()}
    if isinstance(document, list | tuple):
        return [marked_leaves(each, seen_by) for each in document]
    return document if document is None or document == "" or isinstance(document, bool) else mark(document, seen_by)
