"""What is wrong with a translation, told of each text."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from babel.messages.catalog import Catalog, Message

_PLACEHOLDER: Final = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+[^>]*>")
_BARE_MARK: Final = re.compile(r"[ \u00a0][:;!?»](?!\w)|«[ \u00a0]|\w[;!?](?![\w/])")
_BARE_COLON: Final = re.compile(r"\w:(?=\s|$)")
"""A colon at the end of a word, where French sets a narrow space before it."""

_CODE: Final = re.compile(r"`[^`]*`")


def faults(catalogue: Catalog) -> list[str]:
    """What is missing, fuzzy, or at odds with the placeholders of the original or with French typography; empty where all is well."""
    return [f"{_name(message)}: {fault}" for message in catalogue if message.id for fault in _faults(message)]


def _faults(message: Message) -> Iterator[str]:
    said = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if not said or not all(said):
        yield "not translated"
        return
    if message.fuzzy:
        yield "fuzzy"
    originals = [message.id] if isinstance(message.id, str) else list(message.id)
    allowed = [_placeholders(original) for original in originals]
    for number, text in enumerate(said):
        if _placeholders(text) != allowed[min(number, len(allowed) - 1)]:
            yield f"other placeholders in {text!r}"
        words = _CODE.sub("", text)
        if _BARE_MARK.search(words) or _BARE_COLON.search(words):
            yield f"no narrow space before a mark in {text!r}"


def _placeholders(text: str) -> Counter[str]:
    return Counter(_PLACEHOLDER.findall(text))


def _name(message: Message) -> str:
    return repr(message.id if isinstance(message.id, str) else message.id[0])
