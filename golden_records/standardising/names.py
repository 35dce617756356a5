"""Names of organisations and of people, and what they tell beside the name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from golden_records.standardising.casing import cased_as_given_name, cased_as_name, cased_as_surname, has_one_case, is_shouted
from golden_records.standardising.folding import CACHED_TEXTS
from golden_records.standardising.legal_forms import LEGAL_FORMS, split_legal_form
from golden_records.standardising.problems import Place, Standardised, left_out
from golden_records.standardising.texts import clean_text, no_value
from golden_records.standardising.words import NAME_PARTICLES, TITLES, fold, is_placeholder

_AROUND: Final = " ,;:-–/|\"'"
_COMMA: Final = re.compile(r"\s*,\s*")


def displayed_organisation_name(cleaned: str, country: str | None) -> str:
    """Find the legal form in a name, give it its canonical spelling and the name proper its case.

    'DUPONT & FILS, S.A.R.L.' is 'Dupont & Fils SARL'; the legal form stays where the source put it.
    """
    tokens = _COMMA.sub(", ", cleaned).split(" ")
    words_of = [fold(token).split() for token in tokens]
    words = tuple(word for token_words in words_of for word in token_words)
    rest, form = split_legal_form(words, country)
    if form is None:
        return cased_as_name(cleaned)
    at_end = rest == words[: len(rest)]
    taken = _tokens_taken(words_of[::-1] if at_end else words_of, len(words) - len(rest))
    if taken is None:
        return cased_as_name(cleaned)
    name = cased_as_name(_trimmed(tokens[:-taken] if at_end else tokens[taken:]))
    return f"{name} {form.canonical}" if at_end else f"{form.canonical} {name}"


def _tokens_taken(words_of: list[list[str]], count: int) -> int | None:
    """Say how many tokens hold the first `count` words, or None where the last of them holds other words too."""
    for taken, token_words in enumerate(words_of, start=1):
        count -= len(token_words)
        if count <= 0:
            return taken if count == 0 else None
    return None


def _trimmed(tokens: list[str]) -> str:
    name = " ".join(tokens).strip(" ,;:|/-")
    return name[:-1].rstrip(" ,;:|/-") if name.endswith("(") else name


@lru_cache(maxsize=CACHED_TEXTS)
def organisation_name(raw: str, place: Place) -> Standardised:
    """Clean the name of an organisation; its legal form is written in the canonical way."""
    cleaned = _unquoted(clean_text(raw))
    if not cleaned or is_placeholder(cleaned):
        return no_value(cleaned)
    return Standardised(displayed_organisation_name(cleaned, place.country))


def _unquoted(text: str) -> str:
    while len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    return text


@lru_cache(maxsize=CACHED_TEXTS)
def legal_form(raw: str, _place: Place) -> Standardised:
    """Give a legal form its canonical spelling; one that no list has is kept as it was written."""
    cleaned = clean_text(raw)
    if not cleaned or is_placeholder(cleaned):
        return no_value(cleaned)
    known = LEGAL_FORMS.get(fold(cleaned))
    return Standardised(known.canonical if known else cleaned)


@lru_cache(maxsize=CACHED_TEXTS)
def given_name(raw: str, _place: Place) -> Standardised:
    """Clean a given name: no title, its case as custom has it."""
    return _person_part(raw, surname=False)


@lru_cache(maxsize=CACHED_TEXTS)
def family_name(raw: str, _place: Place) -> Standardised:
    """Clean a surname: no title, its case and its particles as custom has them."""
    return _person_part(raw, surname=True)


def _person_part(raw: str, *, surname: bool) -> Standardised:
    cleaned = _bare(clean_text(raw))
    if not cleaned or is_placeholder(cleaned):
        return no_value(cleaned)
    if not any(letter.isalpha() for letter in cleaned):
        return left_out("A name has letters.", "Mend the name in the source.")
    return Standardised(cased_as_surname(cleaned) if surname else cased_as_given_name(cleaned))


def _bare(cleaned: str) -> str:
    # What stood before a title can be another title once the punctuation between them is gone.
    while (bare := without_titles(cleaned.strip(_AROUND))) != cleaned:
        cleaned = bare
    return cleaned


def without_titles(cleaned: str) -> str:
    """Take forms of address and titles off the front of a person's name; a name that is only a title stays.

    A single letter is a title only with French 'M.' written as one; 'J. Martin' keeps the initial.
    """
    words = cleaned.split(" ")
    while len(words) > 1 and fold(words[0]) in TITLES:
        words = words[1:]
    return " ".join(words)


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name in its two parts; either may be empty."""

    given: str
    family: str


@lru_cache(maxsize=CACHED_TEXTS)
def split_person_name(raw: str, family_first: bool | None = None) -> PersonName:  # noqa: FBT001 - cached by position
    """Part a person's name in one field into given and family name.

    A comma decides ('Dupont, Jean'), then capitals ('DUPONT Jean', 'Jean DUPONT'), then `family_first`; particles stay
    with the surname. One word alone is the family name.
    """
    cleaned = _bare(clean_text(raw))
    if "," in cleaned:
        family, given = cleaned.split(",")[0], clean_text(" ".join(cleaned.split(",")[1:]))
        return PersonName(given=_bare(given), family=_bare(family))
    words = cleaned.split(" ")
    shouted = [is_shouted(word) for word in words]
    if any(shouted) and not all(shouted):
        return _split_by_capitals(words, shouted)
    if len(words) == 1:
        return PersonName(given="", family=cleaned)
    if family_first:
        # Particles and the word after them are the surname: 'de la Tour Anne'.
        end = next(i for i, word in enumerate(words) if fold(word) not in NAME_PARTICLES or i == len(words) - 1) + 1
        return PersonName(given=" ".join(words[end:]), family=" ".join(words[:end]))
    start = len(words) - 1
    while start > 1 and fold(words[start - 1]) in NAME_PARTICLES:
        start -= 1
    return PersonName(given=" ".join(words[:start]), family=" ".join(words[start:]))


def _split_by_capitals(words: list[str], shouted: list[bool]) -> PersonName:
    particles = [fold(word) in NAME_PARTICLES for word in words]
    first = shouted.index(True)
    last = len(words) - 1 - shouted[::-1].index(True)
    while first > 0 and particles[first - 1]:
        first -= 1
    family = words[first : last + 1]
    return PersonName(given=" ".join(words[:first] + words[last + 1 :]), family=" ".join(family))


@lru_cache(maxsize=CACHED_TEXTS)
def person_name(raw: str, _place: Place) -> Standardised:
    """Clean a person's whole name and write the given name first: 'DUPONT Jean' and 'Dupont, Jean' are 'Jean Dupont'."""
    written = _bare(clean_text(raw))
    if not written or is_placeholder(written):
        return no_value(written)
    if not any(letter.isalpha() for letter in written):
        return left_out("A name has letters.", "Mend the name in the source.")
    if "," not in written and not has_one_case(written) and not any(is_shouted(word) for word in written.split(" ")):
        return Standardised(written)
    parts = split_person_name(written)
    name = f"{cased_as_given_name(parts.given)} {cased_as_surname(parts.family)}".strip()
    # An initial M in front would be read as a title: such a name keeps its order.
    return Standardised(name if _bare(name) == name else cased_as_surname(written))


_KINDS: Final[Mapping[str, str]] = {
    fold(word): kind
    for kind, words in {
        "organisation": "organisation,organization,company,business,business account,societe,entreprise,firma,firme,"
        "unternehmen,personne morale,morale,professionnel,pro,legal entity,legal person,corporate,association,b2b,organisme",
        "person": "person,person account,individual,personne,personne physique,physique,particulier,privat,privatperson,"
        "natural person,human,consumer,contact,individu,b2c",
    }.items()
    for word in words.split(",")
}


@lru_cache(maxsize=1024)
def kind(raw: str, _place: Place) -> Standardised:
    """Say whether a customer is an 'organisation' or a 'person', from the words that systems have for the two."""
    cleaned = clean_text(raw)
    if not cleaned or is_placeholder(cleaned):
        return no_value(cleaned)
    known = _KINDS.get(fold(cleaned))
    if known is None:
        return left_out("This is neither 'organisation' nor 'person'.", "Give the mapping a code list (`values`).")
    return Standardised(known)
