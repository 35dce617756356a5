"""The official ids of organisations, with the check digits that each country's law gives them.

The rules are those of python-stdnum, which names for each number the text that defines it.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from stdnum import lei as lei_number
from stdnum import luhn
from stdnum.at import businessid as at_business
from stdnum.be import vat as be_vat
from stdnum.ch import uid as ch_uid
from stdnum.ch import vat as ch_vat
from stdnum.dk import cvr as dk_cvr
from stdnum.es import nif as es_nif
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.fi import ytunnus as fi_ytunnus
from stdnum.fr import siret as fr_siret
from stdnum.gb import vat as gb_vat
from stdnum.it import iva as it_iva
from stdnum.no import mva as no_mva
from stdnum.no import orgnr as no_orgnr
from stdnum.pl import nip as pl_nip
from stdnum.pt import nif as pt_nif
from stdnum.se import orgnr as se_orgnr
from stdnum.us import ein as us_ein

from golden_records.standardising.folding import CACHED_TEXTS, word_set
from golden_records.standardising.problems import Place, Standardised, left_out
from golden_records.standardising.texts import clean_text, no_value
from golden_records.standardising.words import is_placeholder

Check = Callable[[str], str]

SIREN_DIGITS: Final = 9
SIRET_DIGITS: Final = 14
_NOT_ALPHANUMERIC: Final = re.compile(r"[^A-Z0-9]")
_NOT_DIGIT: Final = re.compile(r"\D")
_FRENCH_VAT: Final = re.compile(r"FR[A-Z0-9]{2}(\d{9})")
_ID_REMEDY: Final = "Compare it with the official register and mend it in the source."


def _french(text: str) -> str:
    """Give the digits of a SIREN or a SIRET, which its check digits confirm; a VAT id gives the SIREN inside it.

    Spreadsheets drop a zero at the front: the check digits tell whether one is missing.
    """
    french_vat = _FRENCH_VAT.fullmatch(_compact(text))
    digits = french_vat.group(1) if french_vat else _NOT_DIGIT.sub("", text)
    if not digits.strip("0") or len(digits) not in {SIREN_DIGITS - 1, SIREN_DIGITS, SIRET_DIGITS - 1, SIRET_DIGITS}:
        raise ValidationError
    if len(digits) <= SIREN_DIGITS:
        return _siren(digits.zfill(SIREN_DIGITS))
    return str(fr_siret.validate(digits.zfill(SIRET_DIGITS)))


@lru_cache(maxsize=CACHED_TEXTS)
def _siren(digits: str) -> str:
    # A record's registration id and VAT id ask for the same SIREN.
    return str(luhn.validate(digits))


_GERMAN_REGISTER: Final = re.compile(
    r"(?:(?P<court>[^\W\d][^\d]*?)[ ,]+)?(?P<register>HRA|HRB|GNR|PR|VR) ?(?P<number>\d{1,6})"
    r"(?P<suffix>(?: ?[A-Z]{1,2})?)(?:[ ,]+(?P<after>[^\d]+))?",
    re.IGNORECASE,
)
_REGISTER_NAMES: Final = {"GNR": "GnR"}


def _german(text: str) -> str:
    """Give a German register entry as 'HRB 12345' with its court: numbers are unique within a court only."""
    entry = _GERMAN_REGISTER.fullmatch(text.strip(" ,;"))
    if entry is None:
        raise ValidationError
    register = entry["register"].upper()
    court = re.sub(r"(?i)^(amtsgericht|ag|registergericht)\b[ ,]*", "", (entry["court"] or entry["after"] or "")).strip(" ,()")
    suffix = f" {entry['suffix'].strip().upper()}" if entry["suffix"].strip() else ""
    number = f"{_REGISTER_NAMES.get(register, register)} {int(entry['number'])}{suffix}"
    return f"{number}, {court.title()}" if court else number


_BRITISH: Final = re.compile(r"\d{6,8}|[A-Z]{2}\d{6}|[A-Z]{2}\d{5}[A-Z]")


def _british(text: str) -> str:
    """Give a Companies House number: eight characters, its zeros at the front put back."""
    return _full_match(_BRITISH, _compact(text)).zfill(8)


def _full_match(pattern: re.Pattern[str], text: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ValidationError
    return text


_DUTCH: Final = re.compile(r"\d{8}(?:\d{4})?")
_LUXEMBOURGISH: Final = re.compile(r"[A-Z]\d{1,6}")
_IRISH: Final = re.compile(r"\d{5,6}")

# country -> the check of its company register's number; the others are kept as they are written.
REGISTRATION_CHECKS: Final[Mapping[str, Check]] = {
    "FR": _french,
    "DE": _german,
    "GB": _british,
    "AT": lambda text: str(at_business.validate(text.lower())),
    "BE": lambda text: str(be_vat.validate(text)),
    "CH": lambda text: str(ch_uid.validate(_compact(text))),
    "DK": lambda text: str(dk_cvr.validate(text)),
    "ES": lambda text: str(es_nif.validate(text)),
    "FI": lambda text: str(fi_ytunnus.validate(text)),
    "IE": lambda text: _full_match(_IRISH, _compact(text)),
    "IT": lambda text: str(it_iva.validate(text)),
    "LU": lambda text: _full_match(_LUXEMBOURGISH, _compact(text)),
    "NL": lambda text: _full_match(_DUTCH, _NOT_DIGIT.sub("", text)),
    "NO": lambda text: str(no_orgnr.validate(text)),
    "PL": lambda text: str(pl_nip.validate(text)),
    "PT": lambda text: str(pt_nif.validate(text)),
    "SE": lambda text: str(se_orgnr.validate(text)),
    "US": lambda text: str(us_ein.validate(text)),
}
_LABEL: Final = re.compile(
    r"(?:(?:n[°o]\s*)?(?:siret|siren|rcs|r\.c\.s\.|kvk|kbo|bce|handelsregister|company no\.?|crn|reg\.? no\.?)\b[\s:.n°]*)+",
    re.IGNORECASE,
)


@lru_cache(maxsize=CACHED_TEXTS)
def registration_id(raw: str, place: Place) -> Standardised:
    """Give the number under which a company register knows an organisation, in its country's normal form.

    For France the digits of the SIREN, or of the SIRET where the source names the site. A number whose check digit is
    wrong is left out. Where the country is only assumed, a number that does not fit it is kept as it is written.
    """
    cleaned = clean_text(raw)
    if not cleaned or is_placeholder(cleaned) or not any(letter.isdigit() for letter in cleaned):
        return no_value(cleaned) if is_placeholder(cleaned) else left_out("An official id has digits.", _ID_REMEDY)
    text = _without_label(cleaned)
    if _GERMAN_REGISTER.fullmatch(text) is not None:
        return Standardised(_german(text))
    check = REGISTRATION_CHECKS.get(place.country or "")
    if check is None:
        return Standardised(clean_text(text.upper()))
    try:
        return Standardised(check(text.upper()))
    except ValidationError:
        if not place.stated and not _looks_french(text, place):
            return Standardised(clean_text(text.upper()))
        return left_out(f"This is no valid registration number of {place.country}: a digit is wrong or missing.", _ID_REMEDY)


def _without_label(text: str) -> str:
    label = _LABEL.match(text)
    return (text[label.end() :] if label else text) or text


def _looks_french(text: str, place: Place) -> bool:
    return place.country == "FR" and len(_NOT_DIGIT.sub("", text)) in {SIREN_DIGITS, SIRET_DIGITS - 1, SIRET_DIGITS} and text[0].isdigit()


def _compact(text: str) -> str:
    return _NOT_ALPHANUMERIC.sub("", text.upper())


_VAT_PREFIX: Final[Mapping[str, str]] = {"GR": "EL"}
_EUROPEAN: Final = word_set("AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK XI")


@lru_cache(maxsize=CACHED_TEXTS)
def vat_id(raw: str, place: Place) -> Standardised:
    """Give a VAT id with its country's prefix, compact ('FR40303265045'), its check digits confirmed.

    Known are the countries of the European Union, Northern Ireland, Great Britain, Switzerland and Norway; the ids of
    others are kept compact, unchecked.
    """
    cleaned = clean_text(raw)
    number = _compact(cleaned)
    if not number or is_placeholder(cleaned) or is_placeholder(number[2:]):
        return no_value(cleaned)
    prefix = _VAT_PREFIX.get(place.country or "", place.country or "")
    try:
        return Standardised(_checked_vat(number, prefix))
    except ValidationError:
        return left_out("This is no valid VAT id: a character is wrong or missing.", _ID_REMEDY)


def _checked_vat(number: str, prefix: str) -> str:
    if number.startswith("CHE"):
        return _compact(str(ch_vat.validate(number if number[-1].isalpha() else number + "MWST")))[:12]
    if number[:2] in {"GB", "NO"} and number[2:3].isdigit():
        return number[:2] + _british_or_norwegian(number)
    if _FRENCH_VAT.fullmatch(number) and number[2:4] == french_vat_key(number[4:]):
        return number[:4] + _siren(number[4:])
    if number[:2] not in _EUROPEAN and prefix in {*_EUROPEAN, "GB", "NO"}:
        number = prefix + number
    if number[:2] in _EUROPEAN:
        return str(eu_vat.validate(number))
    if number[:2] == prefix and prefix in {"GB", "NO"}:
        return prefix + _british_or_norwegian(number)
    if not any(letter.isdigit() for letter in number):
        raise ValidationError
    return number


def french_vat_key(siren: str) -> str:
    """Give the two digits between 'FR' and the SIREN in a VAT id (article 286 ter A of the tax code, annexe II)."""
    return f"{(12 + 3 * (int(siren) % 97)) % 97:02d}"


def _british_or_norwegian(number: str) -> str:
    if number.startswith("GB"):
        return str(gb_vat.validate(number[2:]))
    return str(no_mva.validate(number if number.endswith("MVA") else number + "MVA"))


@lru_cache(maxsize=CACHED_TEXTS)
def lei(raw: str, _place: Place) -> Standardised:
    """Give a Legal Entity Identifier (ISO 17442): 20 characters, its check digits confirmed."""
    cleaned = clean_text(raw)
    if not cleaned or is_placeholder(cleaned):
        return no_value(cleaned)
    try:
        return Standardised(str(lei_number.validate(_compact(cleaned))))
    except ValidationError:
        return left_out("This is no valid LEI: a character is wrong or missing.", _ID_REMEDY)


def siren_of(registration: str | None) -> str | None:
    """Give the SIREN of a standardised French registration id: itself, or the SIREN that a SIRET begins with."""
    if registration and registration.isdigit() and len(registration) in {SIREN_DIGITS, SIRET_DIGITS}:
        return registration[:SIREN_DIGITS]
    return None


def siren_in_vat(vat: str | None) -> str | None:
    """Give the SIREN inside a standardised French VAT id."""
    french = _FRENCH_VAT.fullmatch(vat or "")
    return french.group(1) if french else None
