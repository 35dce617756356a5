"""Forms of what reaches a customer: telephone numbers, e-mail addresses and web addresses."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from golden_records.standardising.words import FREE_MAIL_DOMAINS, GENERIC_MAILBOXES
from matching.core.folding import FEW, NOTHING, empty_is_null, fold, fold_latin, is_nothing, null_where, replace, replace_where
from matching.core.texts import DIGITS, as_array, byte_set, few, keep_bytes, last_place, slice_texts, text_buffer

_LETTERS: Final = byte_set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ#")
_NATIONAL: Final = 9
"""Digits that tell a telephone number within a country: the most that national and international spellings share."""


def phone(values: pa.StringArray) -> pa.StringArray:
    """The last nine digits of a telephone number without its extension; too short and made-up numbers are missing."""
    values = replace_where(values, pc.match_substring(values, "(0)"), r"\(0\)", "")
    lettered = pc.not_equal(keep_bytes(values, _LETTERS), "")
    values = replace_where(values, lettered, _EXTENSION, "")
    data, offsets = text_buffer(keep_bytes(values, DIGITS))
    digits = slice_texts(data, np.maximum(offsets[:-1], offsets[1:] - _NATIONAL), offsets[1:])
    short = pc.less(pc.binary_length(digits), 6)
    return null_where(digits, pc.or_(short, pc.is_in(digits, value_set=_NO_NUMBERS)))


# `#` is among the letters here: no telephone number has one.
_EXTENSION: Final = (
    r"(?i)[ ,;/(]*(?:#|x|ext|extn|extension|poste|p|int|interne|interno|durchwahl|dw|app|apparat|toestel)[.:]*\s*[0-9]{1,5}\s*\)?\s*$"
)
_NO_NUMBERS: Final = pa.array([digit * length for digit in "0123456789" for length in range(6, 10)] + ["012345678", "123456789"])


def email(values: pa.StringArray) -> pa.StringArray:
    """An e-mail address in lower case; a shared mailbox at a provider where anyone may have one is missing."""
    if len(values) <= FEW and all(text is None or text.isascii() for text in values.to_pylist()):
        return few(values, [_address((text or "").lower().strip()) for text in values.to_pylist()])
    lowered = pc.utf8_trim_whitespace(pc.utf8_lower(as_array(values)))
    domain = domain_part(lowered)
    free = pc.is_in(domain, value_set=_ANYONES)
    if len(values) > FEW:
        # An expression this long is compiled at every call: dearer than to look at a few addresses.
        free = pc.and_(free, pc.match_substring_regex(lowered, _MAYBE_GENERIC))
    if pc.any(free).as_py():
        free = pc.replace_with_mask(free, free, _generic(lowered.filter(free)))
    nothing = pc.or_(free, pc.is_in(domain, value_set=_NO_DOMAINS))
    bare = pc.equal(domain, "")
    if pc.any(bare).as_py():
        nothing = pc.or_(nothing, pc.replace_with_mask(bare, bare, pc.is_in(fold(lowered.filter(bare)), value_set=NOTHING)))
    return empty_is_null(null_where(lowered, nothing))


def _address(lowered: str) -> str | None:
    """Give one address of ASCII letters as `email` gives many."""
    local, at, domain = lowered.rpartition("@")
    if not at:
        return None if is_nothing(fold_latin(lowered)) else lowered
    if domain in NO_DOMAINS or (domain in FREE_MAIL_DOMAINS and _is_generic(fold_latin(local))):
        return None
    return lowered


def _is_generic(local: str) -> bool:
    return local in GENERIC_MAILBOXES or local.partition(" ")[0] in GENERIC_MAILBOXES or local.replace(" ", "") in GENERIC_MAILBOXES


def _generic(addresses: pa.StringArray) -> pa.BooleanArray:
    """Say which mailboxes are those that many people share, as `is_generic_mailbox` does for one."""
    local = fold(pc.fill_null(local_part(addresses), ""))
    first = pc.list_element(pc.split_pattern(local, " "), 0)
    joined = pc.replace_substring(local, " ", "")
    return pc.or_(pc.or_(*(pc.is_in(text, value_set=_MAILBOXES) for text in (local, first))),
                  pc.is_in(joined, value_set=_MAILBOXES))  # fmt: skip


_MAILBOXES: Final = pa.array(sorted(GENERIC_MAILBOXES))
# Begins with the letters of such a mailbox, whatever stands between them, or with what folding would change.
_MAYBE_GENERIC: Final = "^[^a-z0-9@]*(?:{})|^[^@]*[^ -~]".format(
    "|".join("[^a-z0-9@]*".join(name.replace(" ", "")) for name in sorted(GENERIC_MAILBOXES))
)
_ANYONES: Final = pa.array(sorted(FREE_MAIL_DOMAINS))
NO_DOMAINS: Final = {f"{name}.{end}" for name in ("example", "exemple", "test") for end in ("com", "org", "net", "fr", "de", "invalid")}
_NO_DOMAINS: Final = pa.array(sorted(NO_DOMAINS))


def local_part(values: pa.StringArray) -> pa.StringArray:
    """What stands before the last @ of an e-mail address; all of it where there is none."""
    if len(values) <= FEW:
        parts = ((text or "").rpartition("@") for text in values.to_pylist())
        return few(values, [(head if at else tail) or None for head, at, tail in parts])
    data, offsets = text_buffer(values)
    at = last_place(data, offsets, ord("@"))
    return empty_is_null(slice_texts(data, offsets[:-1], np.where(at < 0, offsets[1:], at)))


def domain_part(values: pa.StringArray) -> pa.StringArray:
    """What stands behind the last @ of an e-mail address; nothing where there is none."""
    if len(values) <= FEW:
        parts = ((text or "").rpartition("@") for text in values.to_pylist())
        return few(values, [tail if at else "" for _, at, tail in parts])
    data, offsets = text_buffer(values)
    at = last_place(data, offsets, ord("@"))
    return slice_texts(data, np.where(at < 0, offsets[1:], at + 1), offsets[1:])


def email_domain(values: pa.StringArray) -> pa.StringArray:
    """The domain of an e-mail address."""
    return empty_is_null(domain_part(values))


def website(values: pa.StringArray) -> pa.StringArray:
    """The host of a web address without `www`."""
    host = replace(pc.utf8_trim_whitespace(pc.utf8_lower(values)), r"^(?:[a-z]+://)?(?:www\.)?|[/?#:].*$", "")
    return _known_host(host)


def _known_host(host: pa.StringArray) -> pa.StringArray:
    return null_where(host, pc.invert(pc.match_substring(host, ".")))
