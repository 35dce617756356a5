"""Names that were typed in capitals (or without any), written as names are written."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from golden_records.standardising.folding import CACHED_TEXTS, word_set
from golden_records.standardising.texts import clean_text
from golden_records.standardising.words import ACRONYMS, fold

_WORD: Final = re.compile(r"[^\W_]+(?:\.[^\W_]+)*\.?")
LONGEST_UNKNOWN_ACRONYM: Final = 3
LONGEST_INITIALS: Final = 2
_ARTICLES: Final = word_set("la le les l los las")
_ROMAN_NUMERALS: Final = word_set("iii vii viii xii")
_ORDINAL: Final = re.compile(r"\d+(?:er|ère|ere|ème|eme|nd|nde|rd|th|st)")
_VOWELS: Final = frozenset("aeiouyàâäáãåæèéêëìíîïòóôöõøœùúûüÿ")

# Inside a name of a firm or a place these are in lower case, except as its first word.
SMALL_WORDS: Final = word_set("""
de du des d la le les l et en sur sous aux au à lès chez pour par der die das und für am im an of and the for del della dei di da
do dos y van von op aan den bis ter quater
""")
# At any place of a surname these are in lower case; French 'Le', 'La', 'Du', 'Des' and Italian 'Di' keep their capital.
SMALL_IN_SURNAMES: Final = word_set("de d von van vom zu zum zur der den af av da dos das do y e ten ter het bin ibn")
# Common words without a vowel, which are no acronyms.
_NOT_ACRONYMS: Final = word_set("mr mrs ms mc st ste dr pr jr sr mlle mme cie ltd ch bd")


def has_one_case(text: str) -> bool:
    """Say whether a text is all in capitals or all in small letters, so that its case tells nothing."""
    return text.isupper() or text.islower()


def cased_as_name(text: str) -> str:
    """Write the name of a firm or a place as custom does, when it has only one case; else leave it as it is.

    Known acronyms, words without a vowel, words with digits and a name of three capitals keep their capitals.
    """
    if not has_one_case(text) or (len(text) <= LONGEST_UNKNOWN_ACRONYM and text.isupper()):
        return text
    shouted = text.isupper()

    def written(match: re.Match[str]) -> str:
        lowered = match.group().lower()
        if match.start() > 0 and match.end() < len(text) and lowered in SMALL_WORDS:
            return lowered
        if _is_acronym(lowered, shouted=shouted):
            return match.group().upper()
        return lowered if _is_genitive(text, match) else _capitalised(lowered)

    return _settled(text, _WORD.sub(written, text))


def cased_as_given_name(text: str) -> str:
    """Write a given name as custom does; words in capitals among others are written small too, initials are not."""
    return _cased_person(text, frozenset())


def cased_as_surname(text: str) -> str:
    """Write a surname as custom does: 'DE LA TOUR' is 'de la Tour', 'MCDONALD' 'McDonald', 'LE GOFF' 'Le Goff'."""
    return _cased_person(text, SMALL_IN_SURNAMES)


def _settled(text: str, cased: str) -> str:
    # A capital can make another character's bytes out of what was none ('â¡' -> 'Â¡'): such a text keeps its case.
    cased = unicodedata.normalize("NFC", cased)
    return cased if cased.isascii() or clean_text(cased) == cased else text


def _cased_person(text: str, small: frozenset[str]) -> str:
    one_case = has_one_case(text)

    def written(match: re.Match[str]) -> str:
        word, lowered = match.group(), match.group().lower()
        if not word[0].isalpha():
            return word
        if not one_case and (len(word) <= LONGEST_INITIALS or not word.isupper() or lowered in _ROMAN_NUMERALS):
            return word
        if match.end() < len(text) and (lowered in small or _follows_de(text, match, lowered, small)):
            return lowered
        return lowered if _is_genitive(text, match) else _capitalised(lowered)

    return _settled(text, _WORD.sub(written, text))


def is_shouted(word: str) -> bool:
    """Say whether a word stands out by its capitals: three letters or more, no initials, no Roman numeral."""
    return word.isupper() and any(_would_be_cased(part) for part in _WORD.findall(word))


def _would_be_cased(part: str) -> bool:
    return len(part) > LONGEST_INITIALS and part.isalpha() and part.isupper() and part.lower() not in _ROMAN_NUMERALS


def _follows_de(text: str, match: re.Match[str], lowered: str, small: frozenset[str]) -> bool:
    return "de" in small and lowered in _ARTICLES and text[: match.start()].lower().endswith(("de ", "de l'"))


def _is_genitive(text: str, match: re.Match[str]) -> bool:
    return match.group() in {"s", "S"} and text[: match.start()].endswith("'")


@lru_cache(maxsize=CACHED_TEXTS)
def _is_acronym(lowered: str, *, shouted: bool) -> bool:
    if "." in lowered[:-1] or fold(lowered) in ACRONYMS:
        return True
    if not shouted or lowered in _NOT_ACRONYMS or _ORDINAL.fullmatch(lowered):
        return False
    return any(letter.isdigit() for letter in lowered) or (len(lowered) > 1 and _VOWELS.isdisjoint(lowered))


@lru_cache(maxsize=CACHED_TEXTS)
def _capitalised(lowered: str) -> str:
    # 'ß'.upper() is 'SS' and 'ŉ'.upper() two characters: such a first letter stays small.
    if "." in lowered[:-1]:
        return lowered.upper()
    if lowered.startswith("mc") and len(lowered) > 4:  # noqa: PLR2004 - 'McKay', but not 'Mca'
        return "Mc" + lowered[2:3].upper() + lowered[3:]
    first = lowered[:1].upper()
    return (first if len(first) == 1 else lowered[:1]) + lowered[1:]
