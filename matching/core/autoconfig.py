"""A match config for a table that nobody has described: columns by meaning, rules and comparisons by what they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa

from matching.core.column_names import words_of_name
from matching.core.comparators import COMPARATORS
from matching.core.declarations import (
    BlockingRule,
    ClusterPolicy,
    Comparison,
    Field,
    KeyPart,
    MatchConfig,
    Prior,
    Thresholds,
    Veto,
)
from matching.core.meaning import Meaning, understand

EXHAUSTIVE_BELOW: Final = 2_500
PAIRS_PER_RECORD: Final = 0.4
LEAST_YIELD: Final = 0.005
"""Of a million synthetic customers and of five million, pairs that one rule alone gives and that match less often than that are a sixth
and a quarter of all, and three and five in a thousand of the matches.
"""
ALONE: Final = Prior(neighbour=1e-6, namesake=1e-6, branch=1e-6)
"""What is expected where one thing alone is compared: nothing could tell relatives, so that they would take half of all matches."""


def config_for(table: pa.Table, mapping: Mapping[str, str], entity: str) -> MatchConfig:
    """Make a match config for a table; `mapping` says which column is which attribute where its name does not.

    Raises `UnknownAttribute` and `UnknownColumn` for a wrong mapping. The labels, if the table has any, must not be
    among its columns.
    """
    return config_of(understand(table, mapping, entity), entity, table.num_rows)


def config_of(meaning: Meaning, entity: str, records: int) -> MatchConfig:
    """Make a match config for so many records whose columns' meaning is known."""
    parts = [build(meaning) for build in _BUILDERS]
    others = [_other(column, shape) for column, shape in meaning.others.items()]
    fields = [field for part in [*parts, *others] for field in part.fields]
    comparisons = tuple(comparison for part in [*parts, *others] for comparison in part.comparisons)
    return MatchConfig(
        entity=entity,
        version=1,
        fields=tuple({field.name: field for field in fields}.values()),
        comparisons=comparisons,
        blocking=tuple(_rules(meaning, fields, records)),
        thresholds=Thresholds(auto=0.6, review=0.2),
        strata="kind" if "kind" in meaning.roles else None,
        strata_values=("organisation", "person") if "kind" in meaning.roles else (),
        exhaustive_below=EXHAUSTIVE_BELOW,
        pairs_per_record=PAIRS_PER_RECORD,
        least_yield=LEAST_YIELD,
        clusters=ClusterPolicy(weak_bridge=0.0),
        vetoes=_vetoes(comparisons),
        prior=Prior() if len(comparisons) > 1 else ALONE,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    fields: tuple[Field, ...] = ()
    comparisons: tuple[Comparison, ...] = ()


def _comparison(name: str, kind: str, fields: tuple[str, ...], frequency: Mapping[str, str], label: str = "") -> Comparison:
    levels = tuple(replace(level, term_frequency=frequency.get(level.name)) for level in COMPARATORS[kind].levels)
    return Comparison(name, kind, fields, levels, label or _LABELS.get(name, name.replace("_", " ")))


def _single(name: str, form: str, kind: str, columns: tuple[str, ...], label: str = "") -> _Part:
    if not columns:
        return _Part()
    return _Part((Field(name, form, columns),), (_comparison(name, kind, (name,), dict.fromkeys(_RARITY[kind], name), label),))


_LABELS: Final[Mapping[str, str]] = {
    "person_name": "full name", "national_id": "national number", "registration_id": "registration number", "vat_id": "VAT number",
    "lei": "legal entity identifier", "email": "e-mail", "phone": "phone number", "address_2": "second address line",
    "customer": "customer name", "manager": "manager name",
}  # fmt: skip
"""What people call what is compared, where its name in the config does not say so."""


# The levels at which the rarity of the value counts, by comparator.
_RARITY: Final[Mapping[str, tuple[str, ...]]] = {kind: (found.levels[-1].name,) for kind, found in COMPARATORS.items()} | {
    "organisation_name": ("same", "same_words", "alike", "group"),
}


def _person(meaning: Meaning) -> _Part:
    given, family = meaning.one("given_name"), meaning.one("family_name")
    full = meaning.one("full_name")
    if not given and not family and not full:
        return _Part()
    if not given and not family:
        fields: tuple[Field, ...] = (
            Field("person", "person", full), Field("given", "given_part", full), Field("family", "family_part", full)
        )  # fmt: skip
    else:
        fields = (
            Field("given", "person", given), Field("family", "person", family),
            Field("person", "person", given + family, "join"),
        )  # fmt: skip
    frequency = {
        "same": "person",
        "close": "person",
        "swapped": "person",
        "alike": "person",
        "family_only": "family",
        "given_only": "given",
        "part_same": "family",
    }
    return _Part(fields, (_comparison("person_name", "person_name", ("given", "family"), frequency),))


def _names(meaning: Meaning) -> _Part:
    columns = meaning.roles.get("legal_name", ())
    parts = [_single("name", "organisation", "organisation_name", columns[:1])]
    parts += [_single(f"name_{place}", "organisation", "organisation_name", (column,), _spelt(column))
              for place, column in enumerate(columns[1:] + meaning.one("trade_name"), start=2)]  # fmt: skip
    return _Part(tuple(f for p in parts for f in p.fields), tuple(c for p in parts for c in p.comparisons))


def _address(meaning: Meaning) -> _Part:
    street, number = meaning.one("street"), meaning.one("house_number")
    postcode, city = meaning.one("postcode"), meaning.one("city")
    if not street and not postcode and not city:
        return _Part()
    fields = (
        Field("street", "street_name", street), Field("house", "house_number", number or street),
        Field("postcode", "compact", postcode), Field("city", "city", city),
    )  # fmt: skip
    if not street and not postcode:
        return _single("city", "city", "text", city)
    frequency = {"town": "city", "postcode": "postcode", "town_only": "city", "postcode_only": "postcode"}
    return _Part(fields, (_comparison("address", "address", ("street", "house", "postcode", "city"), frequency),))


def _email(meaning: Meaning) -> _Part:
    columns = meaning.one("email")
    if not columns:
        return _Part()
    fields = (Field("email", "email", columns), Field("email_local", "local_part", (), base="email"),
              Field("email_domain", "domain_part", (), base="email"))  # fmt: skip
    frequency = {"same": "email", "domain": "email_domain", "same_local": "email_local"}
    return _Part(fields, (_comparison("email", "email", ("email", "email_local", "email_domain"), frequency),))


def _kind(meaning: Meaning) -> _Part:
    if not meaning.one("kind"):
        return _Part()
    return _Part((Field("kind", "verbatim", meaning.one("kind"), "kind"),), (_comparison("kind", "kind", ("kind",), {}),))


def _plain(role: str, form: str, kind: str) -> Callable[[Meaning], _Part]:
    return lambda meaning: _single(role, form, kind, meaning.one(role))


_BUILDERS: Final = (
    _kind, _person, _names, _plain("birth_date", "date", "date"), _plain("national_id", "compact", "register"),
    _plain("registration_id", "registration", "register"), _plain("vat_id", "compact", "register"), _plain("lei", "compact", "register"),
    _email, _plain("phone", "phone", "phone"), _plain("website", "website", "website"), _address,
    _plain("address_2", "text", "text"), _plain("region", "text", "area"), _plain("country", "text", "area"),
    _plain("middle_name", "person", "text"), _plain("code", "compact", "code"), _plain("title", "text", "organisation_name"),
    _plain("customer", "organisation", "organisation_name"), _plain("manager", "person", "organisation_name"),
    _plain("start_date", "date", "date"), _plain("end_date", "date", "date"), _plain("budget", "number", "number"),
)  # fmt: skip
_SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "date": ("date", "date"), "number": ("number", "number"), "code": ("compact", "code"), "email": ("text", "text"),
    "values": ("values", "values"), "long_text": ("text", "values"), "text": ("text", "text"),
}  # fmt: skip


def _other(column: str, shape: str) -> _Part:
    form, kind = _SHAPES[shape]
    return _single(f"other_{column}", form, kind, (column,), _spelt(column))


def _spelt(column: str) -> str:
    """Call a column as its table does: 'Store_type', 'storeType' and 'Store_Type__c' are a store type."""
    return " ".join(words_of_name(column).replace("_", " ").split()).lower() or "value"


_REGISTERED: Final = ("registration_id", "vat_id", "lei")
"""Numbers that a register gives to one legal unit each."""


def _vetoes(comparisons: tuple[Comparison, ...]) -> tuple[Veto, ...]:
    """Leave to a person what a register, or words that tell companies of one group apart, speak against.

    Only in tables with two such numbers or more, which are kept by legal unit. Where there is one, it is often damaged or
    of another kind, and a veto would keep apart more that is one than it would save.
    """
    known = {comparison.name: comparison for comparison in comparisons}
    numbers = [known[name] for name in _REGISTERED if name in known]
    if len(numbers) < 2:  # noqa: PLR2004 - see above
        return ()
    vetoes = [
        Veto(f"other_{number.name}", number.name, (number.level_number("different"),), "possible_match", f"two different {number.label}s")
        for number in numbers
    ]
    if "name" in known:
        own = tuple(known["name"].level_number(level) for level in ("part", "within", "group"))
        unless = tuple((number.name, (number.level_number("same"),)) for number in numbers)
        words = "the names have words of their own, as companies of one group have, and no registered number agrees"
        vetoes.append(Veto("other_words", "name", own, "possible_match", words, unless))
    return tuple(vetoes)


_RULES: Final = """
email; phone; national_id; registration_id; vat_id; lei; website; code
given + family sound; given sound + family; given + city; family + postcode; family + city
name joined; name token + city; name token + postcode; name prefix 5 + postcode
street + house + city; family + street; title words; title token; customer + start_date; postcode + house; given + postcode
"""
_COARSE_RULES: Final = """
birth_date; family sound 4 + birth_date prefix 4; given sound 3 + birth_date suffix 4; family + given prefix 1; email_local
name words; name token; name prefix 4 + city; given + street
"""
"""Rules of which other rules find nearly all that they find, but by what many strangers share in a large table."""
COARSE_UP_TO: Final = 500_000
"""Records up to which those rules are used. Of a million synthetic customers they bring half of all candidate pairs and, beyond what
the other rules find, three matches in a thousand.
"""


def _rules(meaning: Meaning, fields: list[Field], records: int) -> list[BlockingRule]:
    present = {field.name for field in fields if field.of or field.base}
    texts = [_RULES, _COARSE_RULES] if records <= COARSE_UP_TO else [_RULES]
    rules = []
    for text in ";".join(texts).replace("\n", ";").split(";"):
        parts = tuple(_key_part(part) for part in text.strip().split(" + ") if part)
        if parts and all(part.field in present for part in parts):
            rules.append(BlockingRule(text.strip(), parts, limit=100))
    rules += [BlockingRule(f"other {column}", (KeyPart(f"other_{column}"),), limit=50)
              for column, shape in meaning.others.items() if shape in {"code", "text"}]  # fmt: skip
    return rules[:32]


def _key_part(text: str) -> KeyPart:
    words = text.split()
    return KeyPart(words[0], words[1] if len(words) > 1 else "whole", int(words[2]) if len(words) > 2 else 0)  # noqa: PLR2004
