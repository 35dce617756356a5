"""Match forms: what a value is turned into before it is compared. Each works on an array of distinct texts."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from golden_records.standardising.words import (
    FREE_MAIL_DOMAINS,
    GENERIC_MAILBOXES,
    LEGAL_FORMS,
    PLACEHOLDER_DATES,
    PLACEHOLDERS,
    STREET_TYPES,
    TITLES,
)
from matching.core.texts import byte_set, first_run, from_buffer, keep_bytes, last_place, slice_texts, text_buffer

Form = Callable[[pa.StringArray], pa.StringArray]

_UNDECOMPOSED: Final = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
_NUMBER: Final = r"^[+-]?[0-9]+([.,][0-9]+)?$"


def _replace(values: pa.StringArray, pattern: str, by: str) -> pa.StringArray:
    return pc.replace_substring_regex(values, pattern=pattern, replacement=by)


def _null_where(values: pa.StringArray, mask: pa.BooleanArray) -> pa.StringArray:
    return pc.if_else(mask, pa.scalar(None, pa.string()), values)


def _without_accents(values: pa.StringArray) -> pa.StringArray:
    bare = _replace(pc.utf8_normalize(pc.utf8_lower(values), form="NFKD"), r"\p{M}+", "")
    for letter, plain in _UNDECOMPOSED.items():
        bare = pc.replace_substring(bare, pattern=letter, replacement=plain)
    return bare


def _translate(values: pa.StringArray, table: np.ndarray) -> pa.StringArray:
    data, offsets = text_buffer(values)
    return from_buffer(table[data], offsets)


def _byte_table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint8)
    for byte in range(128):
        letter = chr(byte)
        table[byte] = ord(letter.lower()) if letter.isalnum() else ord(" ")
    return table


_FOLDED_BYTE: Final = _byte_table()


def fold(values: pa.StringArray) -> pa.StringArray:
    """Lower case without accents, punctuation as single spaces: equal to the folding of the word lists, initials apart."""
    foreign = pc.invert(pc.string_is_ascii(values))
    if pc.any(foreign).as_py():
        values = pc.replace_with_mask(values, foreign, _without_accents(values.filter(foreign)))
    values = _translate(values, _FOLDED_BYTE)
    doubled = pc.match_substring(values, "  ")
    if pc.any(doubled).as_py():
        values = pc.replace_with_mask(values, doubled, _replace(values.filter(doubled), " {2,}", " "))
    return pc.utf8_trim(values, " ")


def text(values: pa.StringArray) -> pa.StringArray:
    """Folded text; what people type for 'nothing' is missing."""
    return _known(fold(values))


def _known(folded: pa.StringArray) -> pa.StringArray:
    nothing = pc.is_in(folded, value_set=_PLACEHOLDERS)
    return _null_where(folded, pc.or_(nothing, pc.equal(folded, "")))


def _alternation(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


# Also everyday words, or endings of ordinary names: not taken for a legal form here, where the country is not asked.
_EVERYDAY: Final = frozenset({"as", "ab", "se", "sc", "ei", "sia", "og", "hb", "lp", "lc", "ae", "scop", "sem", "eg"})
_FORMS: Final = {form for form in LEGAL_FORMS if form not in _EVERYDAY}
_SPELT: Final = {" ".join(form) for form in _FORMS if len(form) <= 5 and form.isalpha()}  # noqa: PLR2004 - s a r l
_LEGAL: Final = _alternation(_FORMS | _SPELT)
_LEGAL_FORM: Final = f"^(?:(?:{_LEGAL}) )+|(?: (?:{_LEGAL}))+$"
_TITLE: Final = f"^(?:(?:{_alternation(TITLES)}) )+"
# 'n/a' is folded to one word by the lists and to two here.
_NOTHING: Final = PLACEHOLDERS | {" ".join(word) for word in PLACEHOLDERS if len(word) <= 3 and word.isalpha()}  # noqa: PLR2004
_PLACEHOLDERS: Final = pa.array(sorted(_NOTHING | {"0" * n for n in range(2, 12)} | {"9" * n for n in range(4, 12)}))


def organisation(values: pa.StringArray) -> pa.StringArray:
    """The name of an organisation without its legal form; a name that is nothing else stays."""
    folded = text(values)
    bare = _replace(folded, _LEGAL_FORM, "")
    return pc.if_else(pc.equal(bare, ""), folded, bare)


def person(values: pa.StringArray) -> pa.StringArray:
    """A given or family name without forms of address."""
    folded = text(values)
    bare = _replace(folded, _TITLE, "")
    return pc.if_else(pc.equal(bare, ""), folded, bare)


def given_part(values: pa.StringArray) -> pa.StringArray:
    """All but the last word of a person's name, or what follows a comma."""
    return person(_name_parts(values, r"^.*,\s*|\s+\S+\s*$", r"^[^,\s]*$"))


def family_part(values: pa.StringArray) -> pa.StringArray:
    """The last word of a person's name, or what stands before a comma."""
    return person(_name_parts(values, r",.*$|^[^,]*\s", None))


def _name_parts(values: pa.StringArray, away: str, nothing: str | None) -> pa.StringArray:
    trimmed = pc.utf8_trim_whitespace(values)
    part = _replace(trimmed, away, "")
    return part if nothing is None else pc.if_else(pc.match_substring_regex(trimmed, nothing), "", part)


def compact(values: pa.StringArray) -> pa.StringArray:
    """A code: letters and digits only."""
    return _known(pc.replace_substring(fold(values), pattern=" ", replacement=""))


def registration(values: pa.StringArray) -> pa.StringArray:
    """A registration number; of a SIRET (14 digits) the SIREN, which names the legal unit."""
    code = compact(values)
    return _replace(code, r"^([0-9]{9})[0-9]{5}$", r"\1")


_DIGITS: Final = byte_set("0123456789")
_LETTERS: Final = byte_set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NATIONAL: Final = 9
"""Digits that tell a telephone number within a country: the most that national and international spellings share."""


def phone(values: pa.StringArray) -> pa.StringArray:
    """The last nine digits of a telephone number without its extension; too short and made-up numbers are missing."""
    values = _replace_where(values, pc.match_substring(values, "(0)"), r"\(0\)", "")
    lettered = pc.not_equal(keep_bytes(values, _LETTERS), "")
    values = _replace_where(values, lettered, r"(?i)\s*(?:x|ext|extension|poste|durchwahl|dw)\.?\s*[0-9]{1,5}\s*$", "")
    data, offsets = text_buffer(keep_bytes(values, _DIGITS))
    digits = slice_texts(data, np.maximum(offsets[:-1], offsets[1:] - _NATIONAL), offsets[1:])
    short = pc.less(pc.binary_length(digits), 6)
    return _null_where(digits, pc.or_(short, pc.is_in(digits, value_set=_NO_NUMBERS)))


_NO_NUMBERS: Final = pa.array([digit * length for digit in "0123456789" for length in range(6, 10)] + ["012345678", "123456789"])


def _replace_where(values: pa.StringArray, mask: pa.BooleanArray, pattern: str, by: str) -> pa.StringArray:
    """Replace in the texts of the mask only: regular expressions are dear."""
    if not pc.any(mask).as_py():
        return values
    return pc.replace_with_mask(values, mask, _replace(values.filter(mask), pattern, by))


def email(values: pa.StringArray) -> pa.StringArray:
    """An e-mail address in lower case; a shared mailbox at a provider where anyone may have one is missing."""
    lowered = pc.utf8_trim_whitespace(pc.utf8_lower(values))
    domain = domain_part(lowered)
    free = pc.is_in(domain, value_set=_ANYONES)
    if pc.any(free).as_py():
        free = pc.replace_with_mask(free, free, _generic(lowered.filter(free)))
    nothing = pc.or_(free, pc.is_in(domain, value_set=_NO_DOMAINS))
    bare = pc.equal(domain, "")
    if pc.any(bare).as_py():
        nothing = pc.or_(nothing, pc.and_(bare, pc.is_in(fold(lowered), value_set=_PLACEHOLDERS)))
    return _empty_is_null(_null_where(lowered, nothing))


def _generic(addresses: pa.StringArray) -> pa.BooleanArray:
    """Say which mailboxes are those that many people share, as `is_generic_mailbox` does for one."""
    local = fold(pc.fill_null(local_part(addresses), ""))
    first = pc.list_element(pc.split_pattern(local, " "), 0)
    joined = pc.replace_substring(local, " ", "")
    return pc.or_(pc.or_(*(pc.is_in(text, value_set=_MAILBOXES) for text in (local, first))),
                  pc.is_in(joined, value_set=_MAILBOXES))  # fmt: skip


_MAILBOXES: Final = pa.array(sorted(GENERIC_MAILBOXES))
_ANYONES: Final = pa.array(sorted(FREE_MAIL_DOMAINS))
_NO_DOMAINS: Final = pa.array(
    [f"{name}.{end}" for name in ("example", "exemple", "test") for end in ("com", "org", "net", "fr", "de", "invalid")]
)


def local_part(values: pa.StringArray) -> pa.StringArray:
    """What stands before the last @ of an e-mail address; all of it where there is none."""
    data, offsets = text_buffer(values)
    at = last_place(data, offsets, ord("@"))
    return _empty_is_null(slice_texts(data, offsets[:-1], np.where(at < 0, offsets[1:], at)))


def domain_part(values: pa.StringArray) -> pa.StringArray:
    """What stands behind the last @ of an e-mail address; nothing where there is none."""
    data, offsets = text_buffer(values)
    at = last_place(data, offsets, ord("@"))
    return slice_texts(data, np.where(at < 0, offsets[1:], at + 1), offsets[1:])


def email_domain(values: pa.StringArray) -> pa.StringArray:
    """The domain of an e-mail address."""
    return _empty_is_null(domain_part(values))


def website(values: pa.StringArray) -> pa.StringArray:
    """The host of a web address without `www`."""
    host = _replace(pc.utf8_trim_whitespace(pc.utf8_lower(values)), r"^(?:[a-z]+://)?(?:www\.)?|[/?#:].*$", "")
    return _known_host(host)


def _known_host(host: pa.StringArray) -> pa.StringArray:
    return _null_where(host, pc.invert(pc.match_substring(host, ".")))


def city(values: pa.StringArray) -> pa.StringArray:
    """A town without district numbers and delivery words; 'saint' in its short form."""
    bare = _replace(_replace(text(values), r"\b(?:cedex|[0-9]+(?:er|e|eme)?)\b", ""), r"\bsainte?\b", "st")
    return _known(pc.utf8_trim(_replace(bare, " {2,}", " "), " "))


def street(values: pa.StringArray) -> pa.StringArray:
    """The lines of an address, folded, street words in full, the house number and all that follows it kept."""
    return _by_words(text(values), _street_word)


def street_name(values: pa.StringArray) -> pa.StringArray:
    """The street without numbers."""
    return _by_words(text(values), _word_of_name)


_SHORT_TYPES: Final = {short: full for short, full in STREET_TYPES.items() if len(short) > 1 or short == "r"}
_HOUSE: Final = re.compile(r"[0-9]+[a-z]?")
_ENDING: Final = re.compile(r"([a-z]{3,})str")


def _street_word(word: str) -> str:
    full = _SHORT_TYPES.get(word)
    if full is not None:
        return full
    joined = _ENDING.fullmatch(word)
    return f"{joined[1]}strasse" if joined else word


def _word_of_name(word: str) -> str:
    return "" if _HOUSE.fullmatch(word) else _street_word(word)


def _by_words(folded: pa.StringArray, change: Callable[[str], str]) -> pa.StringArray:
    """Change texts word by word, each distinct word once; a word that becomes empty goes."""
    split = pc.split_pattern(pc.fill_null(folded, ""), " ")
    words = split.flatten().dictionary_encode()
    changed = pa.array([change(word) for word in words.dictionary.to_pylist()], pa.string())
    joined = pc.binary_join(pa.ListArray.from_arrays(split.offsets, changed.take(words.indices)), " ")
    doubled = pc.or_(pc.match_substring(joined, "  "), pc.match_substring_regex(joined, "^ | $"))
    return _empty_is_null(pc.utf8_trim(_replace_where(joined, doubled, " {2,}", " "), " "))


def house_number(values: pa.StringArray) -> pa.StringArray:
    """The first number of an address."""
    return _empty_is_null(first_run(values, _DIGITS))


def _empty_is_null(values: pa.StringArray) -> pa.StringArray:
    return _null_where(values, pc.equal(values, ""))


def date(values: pa.StringArray) -> pa.StringArray:
    """A day as YYYYMMDD; days that programs store for 'no date' are missing, and so is what is no date."""
    digits = _replace(values, r"^\s*(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T ].*)?$", r"\1\2\3")
    digits = _replace(digits, r"^\s*(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$", r"\3-0\2-0\1")
    digits = _replace(digits, r"^(\d{4})-0?(\d{2})-0?(\d{2})$", r"\1\2\3")
    unknown = pc.or_(pc.invert(pc.match_substring_regex(digits, r"^\d{8}$")), pc.is_in(digits, value_set=_NO_DATES))
    return _null_where(digits, unknown)


_NO_DATES: Final = pa.array([*sorted(day.replace("-", "") for day in PLACEHOLDER_DATES), "00000000"])


def number(values: pa.StringArray) -> pa.StringArray:
    """A number with a decimal point; anything else is missing."""
    bare = pc.replace_substring(pc.utf8_trim_whitespace(values), pattern=",", replacement=".")
    return _null_where(bare, pc.invert(pc.match_substring_regex(bare, _NUMBER)))


def values_list(values: pa.StringArray) -> pa.StringArray:
    """A list of values in one text: each folded and written in one word, parted by spaces."""
    marked = _replace(pc.utf8_lower(values), r"\s*(?:\*\*|[;|,/\n])\s*", "\n")
    words = _replace(marked, r"[^\p{L}\p{N}\n]+", "")
    return _empty_is_null(pc.utf8_trim(_replace(words, r"\n+", " "), " "))


def verbatim(values: pa.StringArray) -> pa.StringArray:
    """The text as it is."""
    return _empty_is_null(values)


FORMS: Final[Mapping[str, Form]] = {
    "text": text, "organisation": organisation, "person": person, "given_part": given_part, "family_part": family_part,
    "compact": compact, "registration": registration, "phone": phone, "email": email, "local_part": local_part,
    "domain_part": email_domain, "website": website, "city": city, "street": street, "street_name": street_name,
    "house_number": house_number, "date": date, "number": number, "values": values_list, "verbatim": verbatim,
}  # fmt: skip
"""Name in a match config -> form. A new one is a function, a line here and a test."""
