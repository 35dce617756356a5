"""Folding: the one way in which two spellings of a text are made comparable.

Word lists are keyed by folded text, and the matching core folds before it compares: both call this function, so a
word that is in a list is also found in a record. Standard library only.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Letters that Unicode does not decompose into a base letter and an accent.
UNDECOMPOSED: Final = str.maketrans(
    {
        "ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l",
        "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "þ": "th", "Þ": "th", "ı": "i", "İ": "i", "ŋ": "n", "ħ": "h",
    }
)  # fmt: skip
# "S.A.R.L." and "G. m. b. H." are one word; "J.-P." stays two initials, as the hyphen separates them.
INITIALISM: Final = re.compile(r"(?<!\w)(?:(?:[^\W\d_]\.){1,7}[^\W\d_]\.?(?!\w)|(?:[^\W\d_]\. ){1,7}[^\W\d_]\.(?!\w))")
SLASHED_PAIR: Final = re.compile(r"(?<!\w)([^\W\d_])/([^\W\d_])(?!\w)")
NOT_A_LETTER_OR_DIGIT: Final = re.compile(r"[\W_]+")
# More would cost more memory than time saved: what repeats (towns, countries, first names) repeats soon.
CACHED_TEXTS: Final = 16_384


@lru_cache(maxsize=CACHED_TEXTS)
def fold(text: str) -> str:
    """Give the text without what people leave out or vary: case, accents, punctuation, runs of spaces.

    Dotted initials become one word ('S.A.R.L.' -> 'sarl', 'A/S' -> 'as'); other punctuation, '&' included, separates
    words. Letters of scripts other than the Latin one stay. Folding what is folded changes nothing.
    """
    if not text.isascii():
        text = _without_accents(text)
    if "." in text:
        text = INITIALISM.sub(_joined, text)
    if "/" in text:
        text = SLASHED_PAIR.sub(r"\1\2", text)
    return NOT_A_LETTER_OR_DIGIT.sub(" ", text.lower()).strip()


def _without_accents(text: str) -> str:
    # Case is folded first: some capitals ('İ', 'ẞ') only then decompose; decomposing can yield new capitals no more.
    folded = unicodedata.normalize("NFKD", text.translate(UNDECOMPOSED).casefold())
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return unicodedata.normalize("NFKC", bare.translate(UNDECOMPOSED)).casefold()


def _joined(initials: re.Match[str]) -> str:
    return initials.group().replace(".", "").replace(" ", "") + " "


def word_set(listed: str) -> frozenset[str]:
    """Read a list of words that spaces or line breaks set apart."""
    return frozenset(listed.split())
