"""Match forms: what a value is turned into before it is compared. Each works on an array of distinct texts."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from golden_records.standardising.words import LEGAL_FORMS, PLACEHOLDER_DATES, TITLES
from matching.core.folding import FEW, empty_is_null, fold, is_nothing, known, null_where, one_replaced, replace, replace_rare, text
from matching.core.forms_contacts import email, email_domain, local_part, phone, website
from matching.core.forms_places import city, house_number, position, street, street_name
from matching.core.texts import FewTexts, few

Form = Callable[[pa.StringArray], pa.StringArray]

_NUMBER: Final = r"^[+-]?[0-9]+([.,][0-9]+)?$"


def _alternation(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


# Also everyday words, or endings of ordinary names: not taken for a legal form here, where the country is not asked.
_EVERYDAY: Final = frozenset({"as", "ab", "se", "sc", "ei", "sia", "og", "hb", "lp", "lc", "ae", "scop", "sem", "eg"})
_FORMS: Final = {form for form in LEGAL_FORMS if form not in _EVERYDAY}
_SPELT: Final = {" ".join(form) for form in _FORMS if len(form) <= 5 and form.isalpha()}  # noqa: PLR2004 - s a r l
_LEGAL: Final = _alternation(_FORMS | _SPELT)
_LEGAL_FORM: Final = f"^(?:(?:{_LEGAL}) )+|(?: (?:{_LEGAL}))+$"
_FIRST_WORDS: Final = {form.partition(" ")[0] for form in _FORMS | _SPELT}
_LAST_WORDS: Final = {form.rpartition(" ")[2] for form in _FORMS | _SPELT}
_LETTERS: Final = "^(?:[a-z] )+[a-z]$"
_TITLE: Final = f"^(?:(?:{_alternation(TITLES)}) )+"


def organisation(values: pa.StringArray) -> pa.StringArray:
    """The name of an organisation without its legal form; a name that is nothing else stays, and so do lone letters."""
    folded = text(values)
    if len(folded) <= FEW:
        return few(folded, [text and _without_legal_form(text) for text in folded.to_pylist()])
    bare = replace_rare(folded, _LEGAL_FORM, "")
    # 'S.N.C.F.' is no S.N.C. that is called F.
    kept = pc.or_(pc.equal(bare, ""), pc.match_substring_regex(folded, _LETTERS))
    return pc.if_else(kept, folded, bare)


def _without_legal_form(name: str) -> str:
    """Do as `organisation` does to one folded name; most need no look at all the forms."""
    if name.partition(" ")[0] not in _FIRST_WORDS and name.rpartition(" ")[2] not in _LAST_WORDS:
        return name
    bare = one_replaced(name, _LEGAL_FORM, "")
    return name if not bare or one_replaced(name, _LETTERS, "") != name else bare


def person(values: pa.StringArray) -> pa.StringArray:
    """A given or family name without forms of address."""
    folded = text(values)
    bare = replace_rare(folded, _TITLE, "")
    return pc.if_else(pc.equal(bare, ""), folded, bare)


def given_part(values: pa.StringArray) -> pa.StringArray:
    """All but the last word of a person's name, or what follows a comma."""
    return person(_name_parts(values, r"^.*,\s*|\s+\S+\s*$", r"^[^,\s]*$"))


def family_part(values: pa.StringArray) -> pa.StringArray:
    """The last word of a person's name, or what stands before a comma."""
    return person(_name_parts(values, r",.*$|^[^,]*\s", None))


def _name_parts(values: pa.StringArray, away: str, nothing: str | None) -> pa.StringArray:
    trimmed = pc.utf8_trim_whitespace(values)
    part = replace(trimmed, away, "")
    return part if nothing is None else pc.if_else(pc.match_substring_regex(trimmed, nothing), "", part)


def compact(values: pa.StringArray) -> pa.StringArray:
    """A code: letters and digits only."""
    if len(values) <= FEW:
        codes = ((folded or "").replace(" ", "") for folded in fold(values).to_pylist())
        return few(values, [None if is_nothing(code) else code for code in codes])
    return known(pc.replace_substring(fold(values), pattern=" ", replacement=""))


def registration(values: pa.StringArray) -> pa.StringArray:
    """A registration number; of a SIRET (14 digits) the SIREN, which names the legal unit."""
    code = compact(values)
    return replace(code, r"^([0-9]{9})[0-9]{5}$", r"\1")


def date(values: pa.StringArray) -> pa.StringArray:
    """A day as YYYYMMDD; days that programs store for 'no date' are missing, and so is what is no date."""
    digits = replace(values, r"^\s*(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T ].*)?$", r"\1\2\3")
    digits = replace(digits, r"^\s*(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$", r"\3-0\2-0\1")
    digits = replace(digits, r"^(\d{4})-0?(\d{2})-0?(\d{2})$", r"\1\2\3")
    unknown = pc.or_(pc.invert(pc.match_substring_regex(digits, r"^\d{8}$")), pc.is_in(digits, value_set=_NO_DATES))
    return null_where(digits, unknown)


_NO_DATES: Final = pa.array([*sorted(day.replace("-", "") for day in PLACEHOLDER_DATES), "00000000"])


def number(values: pa.StringArray) -> pa.StringArray:
    """A number with a decimal point; anything else is missing."""
    bare = pc.replace_substring(pc.utf8_trim_whitespace(values), pattern=",", replacement=".")
    return null_where(bare, pc.invert(pc.match_substring_regex(bare, _NUMBER)))


def values_list(values: pa.StringArray) -> pa.StringArray:
    """A list of values in one text: each folded and written in one word, parted by spaces."""
    marked = replace(pc.utf8_lower(values), r"\s*(?:\*\*|[;|,/\n])\s*", "\n")
    words = replace(marked, r"[^\p{L}\p{N}\n]+", "")
    return empty_is_null(pc.utf8_trim(replace(words, r"\n+", " "), " "))


def verbatim(values: pa.StringArray) -> pa.StringArray:
    """The text as it is."""
    return empty_is_null(values)


FORMS: Final[Mapping[str, Form]] = {
    "text": text, "organisation": organisation, "person": person, "given_part": given_part, "family_part": family_part,
    "compact": compact, "registration": registration, "phone": phone, "email": email, "local_part": local_part,
    "domain_part": email_domain, "website": website, "city": city, "street": street, "street_name": street_name,
    "house_number": house_number, "position": position, "date": date, "number": number, "values": values_list, "verbatim": verbatim,
}  # fmt: skip
"""Name in a match config -> form. A new one is a function, a line here and a test."""
_TAKE_FEW: Final = frozenset(
    {
        *("text", "organisation", "compact", "registration", "email", "local_part", "domain_part"),
        *("city", "street", "street_name", "house_number", "verbatim"),
    }
)
"""Those that ask few texts nothing that only an array answers."""


def formed(form: str, texts: list[str]) -> list[str | None]:
    """Give the form of each of some texts that say something."""
    takes_few = form in _TAKE_FEW and len(texts) <= FEW
    made: list[str | None] = FORMS[form](FewTexts(texts) if takes_few else pa.array(texts, pa.string())).to_pylist()
    return made
