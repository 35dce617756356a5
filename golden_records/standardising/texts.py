"""Plain texts: what every text goes through first, and the standardisers of those that need no more."""

import html
import math
import re
import unicodedata
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from golden_records.standardising.folding import CACHED_TEXTS
from golden_records.standardising.problems import NOTHING, PLACEHOLDER, Place, Standardised, refused
from golden_records.standardising.words import fold, is_placeholder

# Control, format (zero-width, writing direction), tag and surrogate characters: nobody sees them, everybody compares
# them. Line breaks are not among them.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINE_BREAK: Final = re.compile("\r\n|[\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
_SPACES: Final = re.compile(r"\s+")
# UTF-8 that was read as Windows-1252: 'Ã©' for 'é'.
_MOJIBAKE: Final = re.compile("[ÂÃâ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
_TYPOGRAPHIC: Final = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "ŉ": "'n", "‐": "-", "‑": "-", "−": "-"},
)


def clean_text(text: str) -> str:
    """Give the text on one line as a person would have typed it: NFC, without invisible characters, spaces collapsed.

    Apostrophes and hyphens become the plain ones; HTML entities and UTF-8 read as Windows-1252 are read back.
    Cleaning what is clean changes nothing.
    """
    if text.isascii() and text.isprintable() and "&" not in text and "`" not in text and "  " not in text:
        return text.strip()
    # One mend can lay bare another ('&amp;amp;'), so go on until nothing changes; every mend shortens the text or settles it.
    while (mended := _mended(text)) != text:
        text = mended
    return text


def clean_lines(text: str) -> list[str]:
    """Clean each line of a text as `clean_text` does; empty lines are left out."""
    return [line for line in map(clean_text, _LINE_BREAK.split(text)) if line]


def _mended(text: str) -> str:
    text = _INVISIBLE.sub("", _LINE_BREAK.sub(" ", text))
    if "&" in text:
        text = html.unescape(text)
    text = _SPACES.sub(" ", text).strip()
    if _MOJIBAKE.search(text):
        text = _read_back(text)
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).translate(_TYPOGRAPHIC))


def _read_back(text: str) -> str:
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def text_of(raw: object) -> str | None:
    """Give a raw value as text, or None when it is of a type that no text attribute can hold (a list, a mapping).

    Whole floating-point numbers lose their '.0': spreadsheets make them out of postcodes and ids.
    """
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float):
        return _text_of_float(raw)
    if isinstance(raw, str | int | Decimal):
        return str(raw)
    return raw.isoformat() if isinstance(raw, date) else None


def _text_of_float(raw: float) -> str:
    if math.isnan(raw):
        return ""
    return str(int(raw)) if raw.is_integer() else repr(raw)


def not_a_text(raw: object) -> Standardised:
    """Refuse a value that is not a text."""
    return refused(f"A text is expected, not a {type(raw).__name__}.", "Send one text.")


@lru_cache(maxsize=CACHED_TEXTS)
def text(raw: str, _place: Place) -> Standardised:
    """Clean a text that people read, such as a title."""
    cleaned = clean_text(raw)
    if not cleaned:
        return NOTHING
    if is_placeholder(cleaned):
        return no_value(cleaned)
    return Standardised(cleaned)


def no_value(cleaned: str) -> Standardised:
    """Leave a placeholder out; that a field holds nothing but punctuation is not worth a word."""
    return PLACEHOLDER if fold(cleaned) else NOTHING


@lru_cache(maxsize=CACHED_TEXTS)
def code(raw: str, _place: Place) -> Standardised:
    """Clean a code that people read and type, such as a project's: upper case, without spaces around separators."""
    # What is damaged may show only in upper case, and be mended to a small letter.
    cleaned = clean_text(clean_text(raw).upper()).upper()
    if not cleaned:
        return NOTHING
    if is_placeholder(cleaned) and not cleaned.isdigit():
        return no_value(cleaned)
    return Standardised(clean_text(re.sub(r" ?([-_/.]) ?", r"\1", cleaned)))


@lru_cache(maxsize=CACHED_TEXTS)
def status(raw: str, _place: Place) -> Standardised:
    """Clean a status: lower case, so that 'Active' and 'ACTIVE' are one; a mapping's code list gives it its meaning."""
    cleaned = clean_text(clean_text(raw).lower())
    return Standardised(cleaned) if fold(cleaned) else NOTHING


def source_id(raw: str, _place: Place) -> Standardised:
    """Keep an id of the source as the source writes it, without what can't be seen."""
    cleaned = clean_text(raw)
    return Standardised(cleaned) if cleaned else NOTHING
