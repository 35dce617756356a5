"""How values, numbers and authors are shown. Every value is text: nothing that a source sent is ever taken for markup."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import singledispatch
from typing import Any, Final

import yaml
from django import template
from django.utils import formats, timezone
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from golden_records.authors import who
from golden_records.deceiving import Piece, made_visible, pieces, scripts_of
from golden_records.saying import named, parts_said, said

register = template.Library()

CUT_AT: Final = 160
_SCRIPTS: Final[Mapping[str, Any]] = {
    "LATIN": _("Latin"),
    "CYRILLIC": _("Cyrillic"),
    "GREEK": _("Greek"),
    "ARMENIAN": _("Armenian"),
    "CHEROKEE": _("Cherokee"),
    "COPTIC": _("Coptic"),
    "LISU": _("Lisu"),
    "FULLWIDTH": _("full-width"),
    "MATHEMATICAL": _("mathematical"),
}


@register.filter
def visible(text: object) -> str:
    """Replace characters that can't be seen but change what is seen (direction marks, zero-width ones) by their names."""
    return made_visible(str(text))


@register.filter
def script_words(script: str) -> str:
    """Say of a letter that passes for another what it is."""
    return gettext("A %(script)s letter that looks like another one") % {"script": _SCRIPTS[script]}


def deceived(cut: Iterable[Piece]) -> str:
    """Say of a text which letters in it pass for others; empty where none do."""
    named = [str(_SCRIPTS[script]) for script in scripts_of(cut)]
    if not named:
        return ""
    return gettext("Look-alike letters (%(scripts)s): this may be made to pass for another name.") % {"scripts": ", ".join(named)}


@singledispatch
def _words(value: object) -> str:
    return visible(value)


@_words.register
def _nothing(value: None) -> str:
    del value
    return ""


@_words.register
def _yes_or_no(value: bool) -> str:  # noqa: FBT001 - the type is what it is chosen by
    return gettext("yes") if value else gettext("no")


@_words.register
def _moment(value: datetime) -> str:
    return formats.date_format(timezone.localtime(value), "DATETIME_FORMAT")


@_words.register
def _day(value: date) -> str:
    return formats.date_format(value, "DATE_FORMAT")


@_words.register(Decimal)
@_words.register(float)
def _number(value: Decimal | float) -> str:
    return formats.number_format(value, use_l10n=True, force_grouping=True)


@_words.register(list)
@_words.register(dict)
def _document(value: object) -> str:
    return visible(json.dumps(value, ensure_ascii=False, default=str))


@register.filter
def words(value: object) -> str:
    """A value as a person reads it, in the language of the page; empty for a missing one."""
    return _words(value)


@register.inclusion_tag("golden_records/admin/value.html")
def value(given: object) -> dict[str, Any]:
    """Show one value; a long one is cut and opens."""
    text = words(given)
    whole = pieces(text)
    is_long = len(text) > CUT_AT
    return {"pieces": whole, "start": pieces(text[:CUT_AT]) if is_long else (), "length": len(text), "warning": deceived(whole)}


@register.inclusion_tag("golden_records/admin/letters.html")
def letters(given: object, length: int = 0) -> dict[str, Any]:
    """Show a short text, cut where it is longer than `length`, with letters that pass for others marked."""
    text = visible(given)
    cut = pieces(Truncator(text).chars(length) if length else text)
    return {"pieces": cut, "warning": deceived(cut)}


@register.inclusion_tag("golden_records/admin/bar.html")
def bar(share: float | None, label: str = "", tone: str = "primary") -> dict[str, Any]:
    """Show a share between 0 and 1 as a bar with its percentage."""
    bounded = min(1.0, max(0.0, share or 0.0))
    return {"share": round(bounded * 100, 1), "words": percent(share), "label": label, "tone": tone}


@register.filter
def percent(share: float | None) -> str:
    """A share as a percentage that never rounds to a certainty it is not: 99.97 % is not 100 %."""
    if share is None:
        return ""
    digits = 0 if share in (0, 1) else 1
    rounded = round(share * 100, digits)
    if share < 1 and rounded >= 100:  # noqa: PLR2004 - a hundred per cent
        return f"> {formats.number_format(99.9, 1)} %"
    return f"{formats.number_format(rounded, digits)} %"


@register.filter
def actor(name: str) -> str:
    """The author of a change as a person reads it."""
    return who(name)


@register.filter
def ago(moment: datetime | None) -> str:
    """How long ago, in its greatest unit."""
    if moment is None:
        return ""
    if timezone.now() - moment < timedelta(minutes=1):
        return gettext("just now")
    return gettext("%s ago") % timesince(moment, depth=1)


@register.filter
def admin_page(found: Any) -> str:
    """The name of the address of an object's page."""
    return f"admin:{found._meta.app_label}_{found._meta.model_name}_change"


@register.filter
def rule_words(rule: str) -> str:
    """A name of the program, as that of a survivorship strategy, in words."""
    return named(rule)


@register.filter
def parts_words(looked_at: str) -> str:
    """What a blocking rule looks at, in words."""
    return parts_said(looked_at)


@register.filter(name="said")
def said_in_words(text: object) -> str:
    """A sentence of the program in the language of the page; what a person wrote stays as it is."""
    return said(str(text or ""))


@register.filter
def model_name(model: Any) -> str:
    """A table's name for one of its rows, in words."""
    return gettext(str(model._meta.verbose_name))


@register.filter
def pretty(document: object) -> str:
    """A document as indented YAML."""
    return visible(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100))


@register.filter
def list_page(model: Any) -> str:
    """The name of the address of a table's list."""
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"


@register.filter
def hundredths(share: float) -> float:
    """A share in hundredths, for the width of a bar."""
    return round(share * 100, 1)
