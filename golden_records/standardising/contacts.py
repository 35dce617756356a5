"""How to reach a customer: e-mail, phone, website."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from golden_records.standardising.folding import CACHED_TEXTS, word_set
from golden_records.standardising.problems import PLACEHOLDER, Place, Standardised, left_out
from golden_records.standardising.texts import clean_text, no_value
from golden_records.standardising.words import is_placeholder

# The plain address, which is nearly every one; what it does not take goes to the full validator (20 times slower).
_PLAIN_ADDRESS: Final = re.compile(
    r"(?=.{6,254}\Z)(?=[^@]{1,64}@)[a-z0-9_'+-]+(?:\.[a-z0-9_'+-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}"
)
_BRACKETED: Final = re.compile(r"<([^<>]*@[^<>]*)>")
_SEVERAL: Final = re.compile(r"[;,\s/|]+")
_NOBODY: Final = word_set("test noreply donotreply nepasrepondre xxx aaa none null na nomail noemail pasdemail sansmail")
_NOWHERE: Final = word_set("""
test.com test.fr test.de example.com example.org example.net example.fr exemple.fr exemple.com domain.com email.com none.com
nomail.com noemail.com xxx.com xxx.fr aaa.com mail.test
""")
_RESERVED_DOMAINS: Final = (".test", ".example", ".invalid", ".localhost", ".local")
_EMAIL_REMEDY: Final = "Mend the e-mail address in the source, or leave it empty."


@lru_cache(maxsize=CACHED_TEXTS)
def email(raw: str, _place: Place) -> Standardised:
    """Clean an e-mail address: lower case, without display name or 'mailto:'; of several, the first.

    The part before the '@' is put in lower case too, since no provider in use tells 'Jean@' from 'jean@'. Nobody's
    addresses (`test@`, `noreply@`, `example.com`) are placeholders. A shared mailbox (`info@`) is a value: it says
    which firm; `words.is_generic_mailbox` tells it apart. Whether the mailbox exists is not asked.
    """
    cleaned = clean_text(raw)
    bracketed = _BRACKETED.search(cleaned)
    address = (bracketed.group(1) if bracketed else cleaned).strip(" <>;,.'\"").lower().removeprefix("mailto:").strip()
    if not address or is_placeholder(address):
        return no_value(cleaned)
    if _PLAIN_ADDRESS.fullmatch(address) is None:
        if address.count("@") > 1:
            return email(_SEVERAL.split(address)[0], _place) if _SEVERAL.search(address) else _no_email()
        try:
            address = validate_email(address, check_deliverability=False, test_environment=True).normalized.lower()
        except EmailNotValidError:
            return _no_email()
    local, _, domain = address.rpartition("@")
    if re.sub("[-_.]", "", local) in _NOBODY or domain in _NOWHERE or domain.endswith(_RESERVED_DOMAINS):
        return PLACEHOLDER
    return Standardised(address)


def _no_email() -> Standardised:
    return left_out("This is not an e-mail address.", _EMAIL_REMEDY)


_PHONE_REMEDY: Final = "Mend the number in the source, with its country code (+33 …) where it is a foreign one."
_DIGIT_RUNS: Final = ("0123456789", "123456789", "1234567890", "0102030405", "0987654321")
_EXTENSION_WORDS: Final = re.compile(r"(?i)\b(?:poste|durchwahl|apparat|int(?:erno)?)\b\.?")
_NOT_DIGIT: Final = re.compile(r"\D")
_BETWEEN_NUMBERS: Final = re.compile(r"\s*(?:/|;(?!ext)|\||\bou\b|\bor\b|\boder\b)\s*")
_SAME_DIGITS: Final = re.compile(r"(\d)\1{6,}$")


_BETWEEN_DIGITS: Final = re.compile(r"[ .-]")
_PLAIN_NUMBER: Final = re.compile(r"(?P<abroad>\+|00)?(?P<trunk>0?)(?P<number>[1-9]\d{6,14})", re.ASCII)
_LONGEST_COUNTRY_CODE: Final = 3
# What phonenumbers looks for before a number at home, and what has to be there: in North America, a 1 is left out more often than not.
_TRUNKS: Final[dict[str | None, str]] = {"0": "0", "1": "", None: ""}


@dataclass(frozen=True, slots=True)
class _NumberingPlan:
    """The numbers of a country: what is dialled before them at home and from home abroad, their lengths, and their patterns."""

    code: int
    trunk: str
    abroad: re.Pattern[str]
    lengths: frozenset[int]
    numbers: re.Pattern[str]

    def has(self, number: str) -> bool:
        return len(number) in self.lengths and self.numbers.fullmatch(number) is not None


@cache
def _numbering_plan(country: str) -> _NumberingPlan | None:
    """Join the patterns that phonenumbers has for a country; None for one whose numbers are not read so simply."""
    plan = phonenumbers.PhoneMetadata.metadata_for_region(country)
    if plan is None or plan.country_code is None or plan.general_desc is None:
        return None
    if plan.national_prefix_for_parsing not in _TRUNKS or plan.national_prefix_transform_rule or plan.leading_digits:
        return None
    # Of several countries with one code, the first is the one by whose plan numbers are read.
    if phonenumbers.COUNTRY_CODE_TO_REGION_CODE[plan.country_code][0] != country:
        return None
    kinds = (plan.fixed_line, plan.mobile, plan.toll_free, plan.premium_rate, plan.shared_cost, plan.voip, plan.uan, plan.personal_number)
    patterns = "|".join(f"(?:{kind.national_number_pattern})" for kind in kinds if kind and kind.national_number_pattern)
    lengths = frozenset(plan.general_desc.possible_length)
    trunk, abroad = _TRUNKS[plan.national_prefix_for_parsing], re.compile(plan.international_prefix or "00")
    return _NumberingPlan(plan.country_code, trunk, abroad, lengths, re.compile(patterns))


@cache
def _country_of_code(code: str) -> str | None:
    return next(iter(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())), None)


def _plain_number(digits: str, country: str | None) -> str | None:
    """Read a number as its country's plan has it, None where that takes more: asking phonenumbers takes ten times as long."""
    found = _PLAIN_NUMBER.fullmatch(digits)
    if found is None:
        return None
    number, trunk = found["number"], found["trunk"]
    if found["abroad"]:
        codes = (number[:size] for size in range(1, _LONGEST_COUNTRY_CODE + 1))
        code, country = next(((code, country) for code in codes if (country := _country_of_code(code))), ("", None))
        number = number[len(code) :]
    plan = _numbering_plan(country) if country else None
    if plan is None or number.startswith("0") or not plan.has(number):
        return None
    # What begins as a call abroad is not read as a number of the country.
    at_home = found["abroad"] is None
    if trunk != (plan.trunk if at_home else "") or (at_home and plan.abroad.match(digits)):
        return None
    return f"+{plan.code}{number}"


@lru_cache(maxsize=CACHED_TEXTS)
def phone(raw: str, place: Place) -> Standardised:
    """Give a phone number in E.164 ('+33142685300'), with its extension where it has one ('+33142685300;ext=12').

    Numbers without a country code are read as the place's. A number that its country's plan does not have is left
    out. Of several numbers the first that exists is taken.
    """
    cleaned = clean_text(raw)
    if not cleaned or is_placeholder(cleaned):
        return no_value(cleaned)
    digits = _NOT_DIGIT.sub("", cleaned)
    if digits in _DIGIT_RUNS or _SAME_DIGITS.search(digits):
        return PLACEHOLDER
    if place.country is None and not cleaned.startswith(("+", "00", "tel:+")):
        return left_out("Without a country code and without a country, this number could be anybody's.", _PHONE_REMEDY)
    candidates = dict.fromkeys((cleaned, *_BETWEEN_NUMBERS.split(cleaned)))
    number = next(filter(None, (_number(candidate, place.country) for candidate in candidates)), None)
    if number is not None:
        return Standardised(number)
    return left_out("No such phone number exists.", _PHONE_REMEDY)


def _number(text: str, country: str | None) -> str | None:
    plain = _plain_number(_BETWEEN_DIGITS.sub("", text), country)
    if plain is not None:
        return plain
    text = _EXTENSION_WORDS.sub("ext", text)
    text = "+" + text[2:] if text.startswith("00") else text
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    extension = f";ext={number.extension}" if number.extension else ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) + extension


_ADDRESS_OF_SITE: Final = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*):/{1,2})?(?P<host>[^\s/:?#@]+)(?::\d{1,5})?(?P<path>/[^\s?#]*)?(?:[?#].*)?", re.IGNORECASE
)
_HOST: Final = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{1,62}")
_NO_SITE: Final = left_out("This is not a web address.", "Give the address of the site, such as https://www.example.fr.")


@lru_cache(maxsize=CACHED_TEXTS)
def website(raw: str, _place: Place) -> Standardised:
    """Give a web address in normal form: scheme (https unless http is stated), host in lower case, path.

    The port, the query, the fragment and a closing slash are left out. Schemes other than http and https, and what has
    no host name with a domain, are not web addresses.
    """
    cleaned = clean_text(raw).strip(" /.,;")
    if not cleaned or is_placeholder(cleaned):
        return no_value(cleaned)
    parts = _ADDRESS_OF_SITE.fullmatch(cleaned)
    if parts is None or (parts["scheme"] or "http").lower() not in {"http", "https"}:
        return _NO_SITE
    host = clean_text(parts["host"].strip(".").lower())
    if _HOST.fullmatch(host) is None or host.endswith(_RESERVED_DOMAINS):
        return _NO_SITE
    if host.removeprefix("www.") in _NOWHERE or is_placeholder(host.removeprefix("www.").split(".")[0]):
        return PLACEHOLDER
    path = (parts["path"] or "").rstrip("/ .,;")
    return Standardised(f"{(parts['scheme'] or 'https').lower()}://{host}{path}")
