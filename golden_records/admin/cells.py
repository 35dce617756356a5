"""The small things that lists show in their cells. Made without templates: a page of a list has hundreds of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext

from golden_records.authors import who
from golden_records.deceiving import Piece, pieces
from golden_records.models import Endorsement, SourceRecord
from golden_records.templatetags.mdm import admin_page, ago, deceived, percent, script_words, visible

CHIPS: Final = 4


def cut(text: object, length: int = 60) -> str:
    """A text that fits into a cell."""
    return Truncator(visible(text)).chars(length)


def bar(share: float) -> SafeString:
    """A share between 0 and 1 as a bar with its percentage."""
    return format_html(
        '<span class="mdm-bar"><svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="mdm-bar-track" width="100" height="6"></rect><rect class="mdm-bar-fill" width="{}" height="6"></rect></svg>'
        '<span class="mdm-bar-words">{}</span></span>',
        f"{min(1.0, max(0.0, share)) * 100:.1f}",
        percent(share),
    )


def pill(name: str, words: object) -> SafeString:
    """A state as a coloured word; `name` chooses the colour."""
    return format_html('<span class="mdm-pill mdm-pill-{0} mdm-answer-{0}">{1}</span>', name, words)


def moment(at: datetime) -> SafeString:
    """How long ago, with the exact moment behind it."""
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), formats.date_format(at, "DATETIME_FORMAT"), ago(at))


def shown(text: object, length: int = 60) -> SafeString:
    """A text that fits into a cell, with letters that pass for others marked."""
    found = pieces(cut(text, length))
    marked = format_html_join("", "{}", ((_piece(piece),) for piece in found))
    warning = deceived(found)
    return format_html('{}<span class="mdm-sr"> ({})</span>', marked, warning) if warning else marked


def _piece(piece: Piece) -> SafeString | str:
    if not piece.script:
        return piece.text
    return format_html('<mark class="mdm-lookalike" title="{}">{}</mark>', script_words(piece.script), piece.text)


def name(text: object) -> SafeString:
    """A name, as text whatever it holds."""
    return format_html('<span class="mdm-cell-name"><bdi>{}</bdi></span>', shown(text, 90))


def link(found: Any) -> SafeString | str:
    """An object's name that leads to its page; empty where there is none."""
    if found is None:
        return ""
    return format_html('<a class="mdm-link" href="{}"><bdi>{}</bdi></a>', reverse(admin_page(found), args=(found.pk,)), shown(found, 50))


def confirmed(marks: Sequence[Endorsement]) -> SafeString | str:
    """The sign of a golden record that is confirmed, with who said so last behind it; empty where nobody did."""
    if not marks:
        return ""
    told = {"name": visible(who(marks[-1].owner)), "day": formats.date_format(marks[-1].said_at), "number": marks[-1].version}
    words = gettext("Confirmed by %(name)s on %(day)s, at version %(number)s") % told
    return format_html(
        '<span class="mdm-confirmed" title="{0}"><span aria-hidden="true">✓</span><span class="mdm-sr">({0})</span></span>', words
    )


def sources(records: Iterable[SourceRecord]) -> SafeString:
    """The sources of some records."""
    all_of_them = list(records)
    shown = ((f"{record.source.name}: {visible(record.external_id)}", record.source.code) for record in all_of_them[:CHIPS])
    chips = format_html_join(" ", '<span class="mdm-chip" title="{}">{}</span>', shown)
    more = format_html(' <span class="mdm-quiet">+{}</span>', len(all_of_them) - CHIPS) if len(all_of_them) > CHIPS else ""
    return format_html('<span class="mdm-chips">{}{}</span>', chips, more)
