"""The catalogue of French: a .po that people edit, and the .mo made of it that Django reads.

Both are committed, so that nothing has to be compiled on a machine that has only Python; a test holds that they say the same.
"""

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from mdm.translating.gathering import ROOT, gather

LANGUAGE: Final = "fr"
FOLDER: Final = ROOT / "mdm" / "locale" / LANGUAGE / "LC_MESSAGES"
PO: Final = FOLDER / "django.po"
MO: Final = FOLDER / "django.mo"
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
_HEADER: Final = f"# The texts of mdm in {LANGUAGE}. `make messages` keeps it."
_LEFT_OUT: Final = tuple(
    f'"{name}' for name in ("POT-Creation", "PO-Revision", "Last-Translator", "Report-Msgid", "Project-Id", "Generated-By", "Language-Team")
)
_THIN: Final = "\u202f"
_BEFORE_MARK: Final = re.compile(r"[ \u00a0](?=[:;!?»]|%(?:%|[^(sd.]|$))")
_AFTER_QUOTE: Final = re.compile(r"«[ \u00a0]")
_APOSTROPHE: Final = re.compile(r"(?<=\w)'(?=\w)")


def typeset(text: str) -> str:
    """French as it is set: narrow no-break spaces before ; : ! ? % and inside « », and the apostrophe of print."""
    return _APOSTROPHE.sub("’", _AFTER_QUOTE.sub(f"«{_THIN}", _BEFORE_MARK.sub(_THIN, text)))


def _typeset(said: str | tuple[str, ...] | list[str] | None) -> str | tuple[str, ...]:
    if said is None:
        return ""
    return typeset(said) if isinstance(said, str) else tuple(typeset(text or "") for text in said)


def stored(path: Path = PO) -> Catalog:
    """The catalogue as it was committed; an empty one where there is none yet."""
    if not path.exists():
        return _dated(Catalog(locale=LANGUAGE, fuzzy=False))
    with path.open("rb") as file:
        return _dated(read_po(file, locale=LANGUAGE))


def renewed() -> Catalog:
    """The stored catalogue with exactly the texts that there are now: new ones without a translation, unused ones gone."""
    old, new = stored(), Catalog(locale=LANGUAGE, header_comment=_HEADER, fuzzy=False)
    for text in sorted(gather(), key=lambda text: (str(text.id), text.context or "", text.place)):
        known = old.get(text.id, text.context)
        new.add(text.id, known.string if known else None, [(text.place, 0)], context=text.context, flags=known.flags if known else ())
    for message in new:
        if message.id:
            message.string = _typeset(message.string)
    return _dated(new)


def written(catalogue: Catalog) -> bytes:
    """The catalogue as a .po: sorted by text, with the files that say it, and no dates, so that equal catalogues are equal files."""
    out = io.BytesIO()
    write_po(out, catalogue, width=120, sort_output=True, include_lineno=False, include_previous=False, ignore_obsolete=True)
    lines = out.getvalue().decode().splitlines(keepends=True)
    dated = (
        '"POT-Creation-Date',
        '"PO-Revision-Date',
        '"Last-Translator',
        '"Report-Msgid',
        '"Project-Id',
        '"Generated-By',
        '"Language-Team',
    )
    return "".join(line for line in lines if not line.startswith(dated)).encode()


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as Django reads it."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def renew() -> Catalog:
    """Write .po and .mo anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    PO.write_bytes(written(renewed()))
    catalogue = stored()
    MO.write_bytes(compiled(catalogue))
    return catalogue


def _dated(catalogue: Catalog) -> Catalog:
    catalogue.creation_date = catalogue.revision_date = _EPOCH
    return catalogue
