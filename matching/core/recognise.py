"""What a column of an unknown table means: by its name, in several languages, else by what its values look like."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from golden_records.standardising.words import LEGAL_FORMS, NICKNAMES, STREET_TYPES, fold
from matching.core.column_names import role_of_name
from matching.core.encode import as_text, whole

ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "customer": frozenset(
        {
            *("kind", "legal_name", "trade_name", "legal_form", "given_name", "family_name", "birth_date", "vat_id"),
            *("registration_id", "lei", "email", "phone", "website", "address_lines", "postcode", "city", "country"),
            *("industry", "segment", "parent", "status", "satisfaction"),
        }
    ),
    "project": frozenset(
        {
            *("code", "title", "customer", "status", "start_date", "end_date", "manager", "currency", "budget"),
            "customer_canonical_id",
        }
    ),
}
"""The attributes of each entity that a column may be mapped to."""

_SAMPLE: Final = 2_000

ATTRIBUTE_ROLES: Final[Mapping[str, str]] = {"address_lines": "street", "customer_canonical_id": "code"}
"""Attributes whose role has another name."""


PROJECT_ROLES: Final = frozenset({"code", "title", "customer", "manager", "start_date", "end_date", "budget"})
_OF_CUSTOMERS: Final = frozenset({"given_name", "family_name", "birth_date", "email", "phone", "postcode", "vat_id", "registration_id"})
_FEWEST_OF_PROJECTS: Final = 2


def entity_of_names(columns: Iterable[str]) -> str:
    """Say what a table is of by the names of its columns: `project` or `customer`."""
    roles = {role_of_name(column) for column in columns}
    is_project = len(roles & PROJECT_ROLES) >= _FEWEST_OF_PROJECTS and not roles & _OF_CUSTOMERS
    return "project" if is_project else "customer"


def sample_of(values: pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """Give some of the values that are there as texts, evenly from all over the column: what its meaning is told by."""
    array = whole(values)
    known = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False)) if array.null_count else np.arange(len(array))
    if not len(known):
        return pa.array([], pa.string())
    places = known[np.unique(np.linspace(0, len(known) - 1, _SAMPLE).astype(np.int64))]
    return as_text(array.take(pa.array(places))).drop_null()


def shape_of(sample: pa.StringArray) -> str:
    """Give what values look like: `date`, `number`, `code`, `values` (a list in one text), `long_text`, `text` or `empty`.

    Every test is a share of the sample, so that damaged values do not decide.
    """
    if not len(sample):
        return "empty"
    return next((shape for shape, test in _SHAPES.items() if test(sample)), "text")


def _words(sample: pa.StringArray) -> float:
    """Give how many words texts have on average."""
    return float(pc.mean(pc.add(pc.count_substring(sample, pattern=" "), 1)).as_py())


def _is_number(sample: pa.StringArray) -> bool:
    numbers = _share(sample, r"^\s*[+-]?\d+(?:[.,]\d+)?\s*$")
    return numbers > 0.9 and _share(sample, r"^\s*[+-]?\d+[.,]\d+\s*$") > 0.3  # noqa: PLR2004 - shares of the sample


_DATE: Final = r"^\s*(?:(?:19|20)\d{2}[-/.]?\d{2}[-/.]?\d{2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})\b"
_SHAPES: Final[Mapping[str, Callable[[pa.StringArray], bool]]] = {
    "date": lambda sample: _share(sample, _DATE) > 0.8,  # noqa: PLR2004
    "email": lambda sample: _share(sample, r"@[^ ]+\.") > 0.7,  # noqa: PLR2004
    "number": _is_number,
    "values": lambda sample: _share(sample, r"(?:\*\*|[;|])") > 0.3,  # noqa: PLR2004
    "long_text": lambda sample: _words(sample) > 6,  # noqa: PLR2004
    "code": lambda sample: _words(sample) < 1.3 and _share(sample, r"\d") > 0.8,  # noqa: PLR2004
}
"""Shape -> what a sample must be like; the first that fits."""


def role_of_values(sample: pa.StringArray) -> str | None:
    """Give the role that some of a column's values tell where its name tells nothing: e-mail, phone, names, streets; or None."""
    return next((role for role, test in _TESTS.items() if test(sample)), None)


def _is_phone(sample: pa.StringArray) -> bool:
    digits = pc.utf8_length(pc.replace_substring_regex(sample, pattern="[^0-9]", replacement=""))
    usual = pc.and_(pc.greater_equal(digits, 8), pc.less_equal(digits, 14))
    spelt = _share(sample, r"^\s*[+0(][0-9 ().\-/]+$|^\s*[0-9]{2,4}[ .\-/][0-9 ().\-/]+$")
    return spelt > 0.8 and pc.mean(usual.cast(pa.float64())).as_py() > 0.8  # noqa: PLR2004 - shares of the sample


def _share_of_words(sample: pa.StringArray, words: frozenset[str]) -> float:
    """Give the share of texts with one of these words."""
    return float(np.mean([not words.isdisjoint(fold(text).split()) for text in sample.to_pylist()]))


def _is_given_name(sample: pa.StringArray) -> bool:
    single = _share(sample, r"^\s*[^\d\s]+\s*$") > 0.8  # noqa: PLR2004
    return single and _share_of_words(sample, _GIVEN_NAMES) > 0.3  # noqa: PLR2004 - many names are in no list


def _is_street(sample: pa.StringArray) -> bool:
    return _share(sample, r"\d") > 0.6 and _share_of_words(sample, _STREET_WORDS) > 0.3  # noqa: PLR2004


def _is_organisation(sample: pa.StringArray) -> bool:
    return _share(sample, r" ") > 0.5 and _share_of_words(sample, _LEGAL_WORDS) > 0.2  # noqa: PLR2004


_GIVEN_NAMES: Final = frozenset(NICKNAMES) | frozenset(name for full in NICKNAMES.values() for name in full)
_STREET_WORDS: Final = frozenset(word for word in STREET_TYPES if len(word) > 1)
_LEGAL_WORDS: Final = frozenset(form for form in LEGAL_FORMS if len(form) > 2 and " " not in form)  # noqa: PLR2004


def _is_postcode(sample: pa.StringArray) -> bool:
    spelt = _share(sample, r"^\s*(?:[A-Za-z]{1,2}-?)?\d{4,5}(?:-\d{4})?\s*$|^\s*[A-Za-z]{1,2}\d[\dA-Za-z]? ?\d[A-Za-z]{2}\s*$")
    # Towns have several people: postcodes come back, numbers of people do not.
    return spelt > 0.85 and len(sample.unique()) < 0.9 * len(sample)  # noqa: PLR2004


def tells_persons(sample: pa.StringArray) -> bool:
    """Say whether a column of names is of persons: many known given names, hardly a legal form."""
    return _share_of_words(sample, _GIVEN_NAMES) > 0.3 and _share_of_words(sample, _LEGAL_WORDS) < 0.05  # noqa: PLR2004


_TESTS: Final[Mapping[str, Callable[[pa.StringArray], bool]]] = {
    "email": lambda sample: _share(sample, r"^[^@ ]+@[^@ ]+$") > 0.7,  # noqa: PLR2004
    "postcode": _is_postcode,
    "phone": _is_phone,
    "street": _is_street,
    "legal_name": _is_organisation,
    "given_name": _is_given_name,
}


def _share(values: pa.StringArray, pattern: str) -> float:
    return float(pc.mean(pc.match_substring_regex(values, pattern).cast(pa.float64())).as_py() or 0.0)
