"""Numbers and currencies."""

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from babel import Locale

from golden_records.standardising.problems import NOTHING, NOWHERE, Place, Standardised, left_out, refused
from golden_records.standardising.texts import clean_text, no_value
from golden_records.standardising.words import fold, is_placeholder

DECIMALS: Final = Decimal("0.01")
LARGEST: Final = Decimal(10) ** 12
_CURRENCY_SIGN: Final = re.compile(r"(?i)^(?:€|\$|£|eur|usd|gbp|chf)|(?:€|\$|£|eur|euros?|usd|gbp|chf|k€|%)$")
_THOUSANDS: Final = re.compile(r"(?<=\d)[ '\u00a0\u202f](?=\d{3}(?!\d))")
_NUMBER: Final = {
    ".": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d*)?(?:[eE][+-]?\d{1,2})?", re.ASCII),
    ",": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)?(?:,\d*)?(?:[eE][+-]?\d{1,2})?", re.ASCII),
}


@lru_cache(maxsize=65_536)
def parse_decimal(text: str, decimal_mark: str = ".") -> Decimal | None:
    """Read a number as people and programs write it, or None.

    Thousands may be set apart by spaces, apostrophes or the other mark, a currency sign stand at either end, the minus
    at the end (SAP) or brackets around a negative number. The other mark anywhere else makes the text no number: a
    wrong guess would be a hundred times too much.
    """
    number = _CURRENCY_SIGN.sub("", clean_text(text)).strip()
    number = _THOUSANDS.sub("", number)
    if number.startswith("(") and number.endswith(")"):
        number = "-" + number[1:-1]
    if number.endswith("-"):
        number = "-" + number[:-1].strip()
    if not any(letter.isdigit() for letter in number) or _NUMBER[decimal_mark].fullmatch(number) is None:
        return None
    plain = number.replace(",", "") if decimal_mark == "." else number.replace(".", "").replace(",", ".")
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


def standardise_decimal(raw: object, _place: Place = NOWHERE) -> Standardised:
    """Give an exact number with two decimals out of a number or a text with a decimal point.

    A text that is no number goes to quarantine, as do numbers of a million millions and more, infinity included.
    """
    if isinstance(raw, str):
        number = parse_decimal(raw)
        if number is None:
            return _no_number(clean_text(raw))
    elif isinstance(raw, int | float | Decimal) and not isinstance(raw, bool):
        number = Decimal(repr(raw)) if isinstance(raw, float) else Decimal(raw)
    else:
        return refused(f"A number is expected, not a {type(raw).__name__}.", "Send a number.")
    if number.is_nan():
        return NOTHING
    if abs(number) >= LARGEST:
        return refused("The number is too large.", f"Send a number below {LARGEST:,}.")
    return Standardised(number.quantize(DECIMALS))


def _no_number(cleaned: str) -> Standardised:
    if not cleaned or (is_placeholder(cleaned) and not any(letter.isdigit() for letter in cleaned)):
        return no_value(cleaned)
    return refused("This is not a number with a decimal point.", "Mend it, or declare the column's `decimal` mark in the mapping.")


_CURRENCY_NAMES: Final = {
    "€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "livre sterling": "GBP", "pound": "GBP", "pounds": "GBP",
    "us dollar": "USD", "us $": "USD", "us$": "USD", "dollar us": "USD", "swiss franc": "CHF", "franc suisse": "CHF",
    "schweizer franken": "CHF", "fr.": "CHF", "sfr": "CHF",
}  # fmt: skip


@lru_cache(maxsize=1024)
def currency(raw: str, _place: Place) -> Standardised:
    """Give the ISO 4217 code of a currency. A bare '$' is left out: a dozen countries have a dollar."""
    cleaned = clean_text(raw)
    if cleaned.upper() in _iso_currencies():
        return Standardised(cleaned.upper())
    named = _CURRENCY_NAMES.get(cleaned.lower()) or _CURRENCY_NAMES.get(fold(cleaned))
    if named is not None:
        return Standardised(named)
    if cleaned != "$" and (not cleaned or is_placeholder(cleaned)):
        return no_value(cleaned)
    return left_out("No currency has this code.", "Use the ISO code, such as EUR.")


@lru_cache(maxsize=1)
def _iso_currencies() -> frozenset[str]:
    return frozenset(Locale("en").currencies)
