"""How to reach a customer: e-mail, phone, website."""

import re
from functools import lru_cache
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
_PLAIN_FRENCH: Final = re.compile(r"(?:0|\+33|0033)([1-9]\d{8})", re.ASCII)


def _numbering_plan(country: str) -> re.Pattern[str]:
    """Join the patterns that phonenumbers has for the country: asking it takes ten times as long, for the same answer."""
    plan = phonenumbers.PhoneMetadata.metadata_for_region(country)
    if plan is None:
        raise LookupError(country)
    kinds = (plan.fixed_line, plan.mobile, plan.toll_free, plan.premium_rate, plan.shared_cost, plan.voip, plan.uan, plan.personal_number)
    return re.compile("|".join(f"(?:{kind.national_number_pattern})" for kind in kinds if kind and kind.national_number_pattern))


_FRENCH_PLAN: Final = _numbering_plan("FR")


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
    candidates = (cleaned, *_BETWEEN_NUMBERS.split(cleaned))
    number = next(filter(None, (_number(candidate, place.country) for candidate in candidates)), None)
    if number is not None:
        return Standardised(number)
    return left_out("No such phone number exists.", _PHONE_REMEDY)


def _number(text: str, country: str | None) -> str | None:
    plain = _PLAIN_FRENCH.fullmatch(_BETWEEN_DIGITS.sub("", text)) if country == "FR" else None
    if plain is not None and _FRENCH_PLAN.fullmatch(plain.group(1)):
        return f"+33{plain.group(1)}"
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
