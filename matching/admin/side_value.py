"""The cells of a comparison as HTML. Made without templates, as those of lists are: a question of twenty has hundreds of them."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _t

from golden_records.admin import cells
from golden_records.models import GoldenRecord
from golden_records.templatetags.mdm import admin_page, script_words
from matching.admin.differences import Likeness, Segment, Segments

CUT_AT: Final = 160


@dataclass(frozen=True, slots=True)
class Cell:
    """One value: how it is to the one that it is compared with (reference, same, different, only, none), its source and moment.

    `target` is the golden record that it names, `warning` tells of letters that pass for others.
    """

    number: int
    kind: str
    segments: Segments
    text: str
    source: str
    at: datetime | None
    target: GoldenRecord | None
    warning: str

    @property
    def html(self) -> SafeString:
        """As it stands on the page."""
        return _html(self)

    @property
    def start(self) -> Segments:
        """Its beginning, where it is long."""
        return cut(self.segments) if len(self.text) > CUT_AT else ()


def cut(segments: Segments) -> Segments:
    """Give the first stretches of a long value."""
    left, found = CUT_AT, []
    for segment in segments:
        if left <= 0:
            break
        found.append(Segment(segment.text[:left], segment.likeness, segment.script))
        left -= len(segment.text)
    return tuple(found)


def _html(cell: Cell) -> SafeString:
    """A value with its differences marked, cut where it is long, what could deceive in it, what it leads to, and where it is from."""
    if not cell.text:
        return format_html('<span class="mdm-missing" aria-label="{}">—</span>', _t("no value"))
    shown = format_html('<bdi class="mdm-side-value">{}</bdi>', _marked(cell.segments))
    if cell.start:
        count = len(cell.text)
        words = ngettext("show all (%(n)d character)", "show all (%(n)d characters)", count) % {"n": count}
        start = format_html('<bdi>{}…</bdi> <span class="mdm-link">{}</span>', _marked(cell.start), words)
        shown = format_html('<details class="mdm-long"><summary>{}</summary>{}</details>', start, shown)
    warning = format_html('<span class="mdm-deceiving">{}</span>', cell.warning) if cell.warning else ""
    return format_html("{}{}{}{}", shown, warning, _target(cell), _origin(cell))


def _marked(segments: Segments) -> SafeString:
    return format_html_join("", "{}", ((_segment(segment),) for segment in segments))


def _segment(segment: Segment) -> SafeString | str:
    if segment.script:
        likeness = "" if segment.likeness == Likeness.SAME else f"mdm-{segment.likeness} "
        return format_html('<mark class="{}mdm-lookalike" title="{}">{}</mark>', likeness, script_words(segment.script), segment.text)
    if segment.likeness == Likeness.SAME:
        return segment.text
    return format_html('<mark class="mdm-{}">{}</mark>', segment.likeness, segment.text)


def _target(cell: Cell) -> SafeString | str:
    if cell.target is None:
        return ""
    address = reverse(admin_page(cell.target), args=(cell.target.pk,))
    return format_html(' <a class="mdm-link mdm-side-target" href="{}">→ <bdi>{}</bdi></a>', address, cells.shown(cell.target))


def _origin(cell: Cell) -> SafeString | str:
    if not cell.source:
        return ""
    if cell.at is None:
        return format_html('<span class="mdm-side-from">{}</span>', cell.source)
    exact, words = _moment(cell.at, get_language() or "")
    return format_html('<span class="mdm-side-from">{} · <time datetime="{}">{}</time></span>', cell.source, exact, words)


@lru_cache(maxsize=1_024)
def _moment(at: datetime, language: str) -> tuple[str, str]:
    """The many values of one source record are of one moment. `language` is that in which it is said."""
    del language
    local = timezone.localtime(at)
    return local.isoformat(), formats.date_format(local, "DATE_FORMAT")
