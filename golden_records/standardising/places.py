"""Where a customer is: address lines, postcode, city, country."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.core import get_global

from golden_records.standardising.casing import cased_as_name
from golden_records.standardising.folding import CACHED_TEXTS
from golden_records.standardising.problems import NOTHING, Place, Standardised, left_out
from golden_records.standardising.texts import clean_lines, clean_text, no_value
from golden_records.standardising.words import fold, is_placeholder


@lru_cache(maxsize=CACHED_TEXTS)
def address_lines(raw: str, _place: Place) -> Standardised:
    """Clean the lines of an address above the town, one to a line; a line that is repeated or says nothing goes."""
    lines = [line.strip(" ,;") for line in clean_lines(raw)]
    kept = dict.fromkeys(cased_as_name(line) for line in lines if not is_placeholder(line))
    if not kept:
        return no_value(" ".join(lines))
    return Standardised("\n".join(kept))


_POSTCODES: Final[Mapping[str, re.Pattern[str]]] = {
    country: re.compile(pattern)
    for country, pattern in {
        "FR": r"\d{5}",
        "DE": r"\d{5}",
        "IT": r"\d{5}",
        "ES": r"\d{5}",
        "FI": r"\d{5}",
        "MC": r"98\d{3}",
        "AT": r"\d{4}",
        "BE": r"\d{4}",
        "CH": r"\d{4}",
        "LU": r"\d{4}",
        "DK": r"\d{4}",
        "NO": r"\d{4}",
        "NL": r"\d{4} ?[A-Z]{2}",
        "SE": r"\d{3} ?\d{2}",
        "PT": r"\d{4}-?\d{3}",
        "PL": r"\d{2}-?\d{3}",
        "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}",
        "US": r"\d{5}(?:-?\d{4})?",
    }.items()
}
# Where the parts of a postcode are set apart: position from the end, and the separator.
_PARTED: Final[Mapping[str, tuple[int, str]]] = {
    "NL": (-2, " "), "SE": (-2, " "), "GB": (-3, " "), "PT": (-3, "-"), "PL": (-3, "-"),
}  # fmt: skip
# Spreadsheets drop zeros at the front: '1000' is Bourg-en-Bresse, '184' Rome. How many a country's postcodes can begin with.
_ZEROS_AT_THE_FRONT: Final[Mapping[str, int]] = {"FR": 1, "DE": 1, "ES": 1, "IT": 2, "US": 2, "FI": 2}
_ZIP: Final = 5
_COUNTRY_LETTERS: Final = re.compile(r"^(?:FR|F|DE|D|BE|B|CH|AT|A|LU|L|IT|I|ES|E|NL|SE|S|DK|NO|N|FIN|FI|PT|PL)[- ]+(?=\d)")
_SEPARATORS: Final = re.compile(r"[ .\-]")


@lru_cache(maxsize=CACHED_TEXTS)
def postcode(raw: str, place: Place) -> Standardised:
    """Give a postcode in its country's form ('75008', 'SW1A 1AA', '1012 AB').

    One that does not have the form is left out; where the country is only assumed it is kept as it is written.
    """
    cleaned = clean_text(clean_text(raw).upper())
    if not cleaned or (is_placeholder(cleaned) and not re.fullmatch(r"\d*[1-8]\d*", cleaned)):
        return no_value(cleaned)
    written = _COUNTRY_LETTERS.sub("", cleaned)
    form = _POSTCODES.get(place.country or "")
    if form is None:
        return Standardised(clean_text(written))
    bare = _SEPARATORS.sub("", written)
    if written.isdigit() and 0 < _ZIP - len(written) <= _ZEROS_AT_THE_FRONT.get(place.country or "", 0):
        bare = bare.zfill(_ZIP)
    if form.fullmatch(bare) is None or not bare.isascii():
        if place.stated:
            return left_out(f"This is no postcode of {place.country}.", "Mend the postcode or the country in the source.")
        return Standardised(clean_text(written))
    return Standardised(_parted(bare, place.country or ""))


def _parted(bare: str, country: str) -> str:
    if country == "US" and len(bare) > _ZIP:
        return f"{bare[:_ZIP]}-{bare[_ZIP:]}"
    if country not in _PARTED:
        return bare
    position, separator = _PARTED[country]
    return bare[:position] + separator + bare[position:]


_EDGES: Final = " ,;-/"
_DIGIT_OR_CEDEX: Final = re.compile(r"(?i)\d|\bcedex\b")
_CEDEX: Final = re.compile(r"(?i)\bcedex\b(?: *\d{1,2})?")
_LEADING_POSTCODE: Final = re.compile(r"^(?:(?:[A-Z]{1,2}-)?\d{4,5}\b(?!-)[ ,]*)+")
_ARRONDISSEMENT: Final = re.compile(
    r"(?i)^(paris|lyon|marseille)[ ,-]+\(?(?:\d{1,2} ?(?:er|[eè]re|[eè]me|[eè])?)(?: arr(?:\.|ondissement)?)?\)?$"
)
_SAINT: Final = re.compile(r"(?i)(?<![^\W_])(st|ste)\.?(?=[ -][^\W\d])")


@lru_cache(maxsize=CACHED_TEXTS)
def city(raw: str, place: Place) -> Standardised:
    """Give the name of a town alone: no postcode before it, no CEDEX, no arrondissement; in France 'St' is 'Saint'."""
    cleaned = clean_text(raw)
    if _DIGIT_OR_CEDEX.search(cleaned):
        cleaned = clean_text(_CEDEX.sub(" ", _LEADING_POSTCODE.sub("", cleaned)))
        cleaned = _ARRONDISSEMENT.sub(r"\1", cleaned.strip(_EDGES))
    cleaned = cleaned.strip(_EDGES)
    if not cleaned or is_placeholder(cleaned):
        return no_value(cleaned)
    if not any(letter.isalpha() for letter in cleaned):
        return left_out("The name of a town has letters.", "Mend the town in the source.")
    if place.country == "FR":
        cleaned = _SAINT.sub(_saint, cleaned)
    return Standardised(cased_as_name(cleaned))


def _saint(match: re.Match[str]) -> str:
    word = "saint" if len(match.group(1)) == len("st") else "sainte"
    if match.group(1).isupper():
        return word.upper()
    return word if match.group(1).islower() else word.capitalize()


_ALPHA_2: Final = re.compile("[A-Z]{2}")
# CLDR counts unions and "unknown" among the territories.
_NO_COUNTRIES: Final = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
_COUNTRY_LANGUAGES: Final = ("en", "fr", "de", "es", "it", "nl", "pt")
# Names that people use and that the Unicode lists don't have, and codes that are no ISO codes.
_OTHER_NAMES: Final[Mapping[str, str]] = {
    "UK": "GB", "ENGLAND": "GB", "SCOTLAND": "GB", "WALES": "GB", "NORTHERN IRELAND": "GB", "GREAT BRITAIN": "GB",
    "ANGLETERRE": "GB", "GRANDE BRETAGNE": "GB", "ECOSSE": "GB", "GROSSBRITANNIEN": "GB", "ENGLAND UK": "GB",
    "U K": "GB", "USA": "US", "U S A": "US", "UNITED STATES OF AMERICA": "US", "ETATS UNIS D AMERIQUE": "US",
    "HOLLAND": "NL", "HOLLANDE": "NL", "PAYS BAS": "NL", "THE NETHERLANDS": "NL", "CZECH REPUBLIC": "CZ",
    "REPUBLIQUE TCHEQUE": "CZ", "TSCHECHISCHE REPUBLIK": "CZ", "FRANCE METROPOLITAINE": "FR", "F": "FR", "D": "DE",
    "BRD": "DE", "FEDERAL REPUBLIC OF GERMANY": "DE", "ALLEMAGNE RFA": "DE", "REPUBLIC OF IRELAND": "IE", "EIRE": "IE",
    "REPUBLIQUE FRANCAISE": "FR", "EL": "GR", "MACEDOINE": "MK", "COTE D IVOIRE": "CI", "IVORY COAST": "CI",
}  # fmt: skip


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, str]:
    """Folded name or code in capitals -> ISO 3166 alpha-2."""
    territories = [{str(code): str(name) for code, name in Locale(language).territories.items()} for language in _COUNTRY_LANGUAGES]
    codes = {code for code in territories[0] if _ALPHA_2.fullmatch(code)} - _NO_COUNTRIES
    named = {fold(names[code]).upper(): code for names in reversed(territories) for code in codes if code in names}
    # CLDR's aliases hold the alpha-3 and numeric codes; those with several successors are countries that fell apart.
    aliases = {alias: now[0] for alias, now in get_global("territory_aliases").items() if len(now) == 1 and now[0] in codes}
    return {**aliases, **named, **_OTHER_NAMES, **{code: code for code in codes}}


@lru_cache(maxsize=4096)
def country(raw: str, _place: Place) -> Standardised:
    """Give the ISO 3166 alpha-2 code of a country that is named in a language of western Europe or by a code."""
    cleaned = clean_text(raw)
    name = fold(cleaned).upper()
    known = _countries().get(name)
    if known is not None:
        return Standardised(known)
    if not name or is_placeholder(cleaned):
        return NOTHING if not name else no_value(cleaned)
    return left_out("No country is known by this name.", "Use the ISO code (FR) or the country's name.")
