"""What could deceive who reads a value: characters that are not seen, and letters that look like others. Pure; everything stays text.

Which script a letter is of is read out of its Unicode name: enough to find a Cyrillic letter in a Latin word, and no table of ours to
keep up to date. Look-alikes of one script (a capital i and a small l) are not found.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final

_UNSEEN: Final = frozenset({"Cf", "Cc", "Co", "Cs", "Cn", "Zl", "Zp"})
_HARMLESS: Final = frozenset("\n\t\r")
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5")
_JOINERS: Final = frozenset("\u200c\u200d")
"""They join emoji and shape letters of Persian and of India; in a word of Latin letters they do nothing but hide."""

_TAGS: Final = range(0xE0020, 0xE0080)
_FLAG: Final = "\U0001f3f4"
"""The flags of England, Scotland and Wales are a black flag with letters of tags behind it."""

_MOST_MARKS: Final = 3
"""More accents than this on one letter are no writing: they cover the lines around."""

_ALIKE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "FULLWIDTH", "MATHEMATICAL"})
"""Scripts, by the first word of their letters' names, that have letters which look like those of another one of these."""

_TWINS: Final = frozenset("АВЕЅІЈКМНОРСТУХЬаеѕіјкорсухԁԛԝһΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορτυχ")
"""Letters that nobody tells from a Latin one by sight."""

_WORD: Final = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f]+[^\W\d_]*)*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text; `script` names the one that its letters are of, where that is not the script of what is around."""

    text: str
    script: str = ""


def made_visible(text: str) -> str:
    """Replace characters that can't be seen but change what is seen (direction marks, zero-width ones) by their names."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(text))


def strange_letters(text: str) -> Mapping[int, str]:
    """Give the places of letters that pass for others, each with the script that it is of."""
    if text.isascii():
        return {}
    words = [(match.start(), match.group()) for match in _WORD.finditer(text)]
    latin_around = any(all(_script(letter) in ("LATIN", "") for letter in word) and _script(word[0]) == "LATIN" for _, word in words)
    found: dict[int, str] = {}
    for start, word in words:
        scripts = [_script(letter) for letter in word]
        counted = Counter(script for script in scripts if script in _ALIKE)
        if len(counted) > 1:
            usual = max(counted, key=lambda script: (counted[script], script == "LATIN"))
            found |= {start + place: script for place, script in enumerate(scripts) if script in _ALIKE and script != usual}
        elif latin_around and len(word) > 1 and _TWINS.issuperset(word):
            found |= {start + place: script for place, script in enumerate(scripts)}
    return found


def pieces(text: str) -> list[Piece]:
    """Cut a text where letters begin and end that pass for others. The pieces joined give it back."""
    strange = strange_letters(text)
    if not strange:
        return [Piece(text)] if text else []
    return [
        Piece("".join(letter for _, letter in run), script)
        for script, run in groupby(enumerate(text), key=lambda pair: strange.get(pair[0], ""))
    ]


def scripts_of(cut: Iterable[Piece]) -> list[str]:
    """Name the scripts of what passes for others, each once."""
    return list(dict.fromkeys(piece.script for piece in cut if piece.script))


def _shown(text: str) -> Iterator[str]:
    before, marks = "", 0
    for place, letter in enumerate(text):
        category = unicodedata.category(letter)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        unseen = category in _UNSEEN and letter not in _HARMLESS and not _belongs(text, place, before)
        if unseen or letter in _BLANK_LETTERS or marks > _MOST_MARKS:
            yield f"‹U+{ord(letter):04X}›"
        else:
            yield letter
        if not marks and letter not in _JOINERS and ord(letter) not in _TAGS:
            before = letter


def _belongs(text: str, place: int, before: str) -> bool:
    """Whether a character that is not seen is a part of what is: between two emoji, in a word of a script that needs it, in a flag."""
    letter = text[place]
    if letter in _JOINERS:
        return bool(before) and place + 1 < len(text) and not before.isascii() and _script(before) not in _ALIKE
    return (ord(letter) in _TAGS and before == _FLAG) or (letter == "\U000e007f" and before == _FLAG)


@lru_cache(maxsize=4_096)
def _script(letter: str) -> str:
    if letter.isascii():
        return "LATIN" if letter.isalpha() else ""
    if unicodedata.category(letter) in ("Mn", "Me", "Lm"):
        return ""
    return unicodedata.name(letter, "").split(" ", 1)[0]
