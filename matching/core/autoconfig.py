"""A match config for a table that nobody has described: columns by meaning, rules and comparisons by what they are."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from golden_records.errors import MdmError
from matching.core.columns import Column, encode
from matching.core.comparators import COMPARATORS
from matching.core.declarations import (
    BlockingRule,
    ClusterPolicy,
    Comparison,
    Field,
    KeyPart,
    MatchConfig,
    Thresholds,
)
from matching.core.recognise import ATTRIBUTE_ROLES, ATTRIBUTES, role_of_name, role_of_values, shape_of, tells_persons

EXHAUSTIVE_BELOW: Final = 2_500
PAIRS_PER_RECORD: Final = 0.4
LONE_PAIRS: Final = 0.85
REPEATED: Final = 2.0
"""How often the values of a column must occur on average for it to be seen that they determine another's."""
DETERMINED: Final = 1.15
"""Different values of the other column per value, up to which it is determined."""
IGNORED_ROLES: Final = frozenset({"record_id", "source"})


class UnknownAttribute(MdmError):
    """A mapping names an attribute that the entity does not have."""

    code = "unknown_attribute"
    title = "Unknown attribute"


class UnknownColumn(MdmError):
    """A mapping names a column that the table does not have."""

    code = "unknown_column"
    title = "Unknown column"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The columns by role; what has no role is in `others`, by the shape of its values."""

    roles: Mapping[str, tuple[str, ...]]
    others: Mapping[str, str]

    def one(self, role: str) -> tuple[str, ...]:
        """Give the column of a role, as the attributes of a field; empty where there is none."""
        return self.roles.get(role, ())[:1]


def config_for(table: pa.Table, mapping: Mapping[str, str], entity: str) -> MatchConfig:
    """Make a match config for a table; `mapping` says which column is which attribute where its name does not.

    Raises `UnknownAttribute` and `UnknownColumn` for a wrong mapping. The labels, if the table has any, must not be
    among its columns.
    """
    meaning = understand(table, mapping, entity)
    parts = [build(meaning) for build in _BUILDERS]
    others = [_other(column, shape) for column, shape in meaning.others.items()]
    fields = [field for part in [*parts, *others] for field in part.fields]
    return MatchConfig(
        entity=entity,
        version=1,
        fields=tuple({field.name: field for field in fields}.values()),
        comparisons=tuple(comparison for part in [*parts, *others] for comparison in part.comparisons),
        blocking=tuple(_rules(meaning, fields)),
        thresholds=Thresholds(auto=0.6, review=0.2),
        strata="kind" if "kind" in meaning.roles else None,
        strata_values=("organisation", "person") if "kind" in meaning.roles else (),
        exhaustive_below=EXHAUSTIVE_BELOW,
        pairs_per_record=PAIRS_PER_RECORD,
        lone_pairs=LONE_PAIRS,
        clusters=ClusterPolicy(weak_bridge=0.0),
    )


def understand(table: pa.Table, mapping: Mapping[str, str], entity: str) -> Meaning:
    """Say what each column means: as mapped, else by its name, else by its values."""
    _check(table, mapping, entity)
    roles: dict[str, tuple[str, ...]] = {}
    others: dict[str, str] = {}
    for column in table.column_names:
        attribute = mapping.get(column)
        role = ATTRIBUTE_ROLES.get(attribute, attribute) if attribute else role_of_name(column)
        if role in IGNORED_ROLES:
            continue
        values = table[column].combine_chunks().cast(pa.string())
        shape = shape_of(values)
        if shape == "empty":
            continue
        if role not in _ROLES and shape != "date":
            role = role_of_values(values)
            role = None if role in roles else role
        if role == "legal_name" and attribute is None and tells_persons(values):
            role = "full_name"
        if role in _ROLES and _fits(role, shape):
            roles[role] = (*roles.get(role, ()), column)
        else:
            others[column] = shape
    if "given_name" in roles and not {"family_name", "full_name"} & set(roles):
        _move_neighbour(table, (roles, others), "given_name", "family_name")
    if "postcode" in roles and "city" not in roles:
        _move_neighbour(table, (roles, others), "postcode", "city")
    return Meaning(roles, independent(table, others))


def _move_neighbour(table: pa.Table, known: tuple[dict[str, tuple[str, ...]], dict[str, str]], role: str, wanted: str) -> None:
    """Take the text column beside that of a role, the one after it first, for the role that usually goes with it."""
    roles, others = known
    names = table.column_names
    place = names.index(roles[role][0])
    for beside in (place + 1, place - 1):
        name = names[beside] if 0 <= beside < len(names) else None
        if name is not None and others.get(name) == "text":
            roles[wanted] = (name,)
            del others[name]
            return


def independent(table: pa.Table, columns: Mapping[str, str]) -> dict[str, str]:
    """Leave out columns whose value another column determines (latitude by longitude): they would count twice.

    Of two that determine each other the one with fewer values goes. Damage to some values is allowed for.
    """
    encoded = {name: encode(table[name].combine_chunks().cast(pa.string())) for name in columns}
    kept: dict[str, str] = {}
    for name in sorted(columns, key=lambda name: (-len(encoded[name].values), name)):
        if not any(_determines(encoded[other], encoded[name]) for other in kept):
            kept[name] = columns[name]
    return {name: shape for name, shape in columns.items() if name in kept}


def _determines(one: Column, other: Column) -> bool:
    known = (one.codes >= 0) & (other.codes >= 0)
    if not known.any():
        return False
    mine, yours = one.codes[known].astype(np.int64), other.codes[known]
    repeated = len(mine) / len(np.unique(mine))
    pairs = len(np.unique(mine * len(other.values) + yours)) / len(np.unique(mine))
    return repeated >= REPEATED and pairs <= DETERMINED and len(np.unique(yours)) > 1


def _check(table: pa.Table, mapping: Mapping[str, str], entity: str) -> None:
    for column, attribute in mapping.items():
        if column not in table.column_names:
            raise UnknownColumn(f"The table has no column '{column}'.", remedy=_use(table.column_names))
        if attribute not in ATTRIBUTES[entity]:
            raise UnknownAttribute(f"'{attribute}' is no attribute of {entity}.", remedy=_use(sorted(ATTRIBUTES[entity])))


def _use(names: Iterable[str]) -> str:
    return f"Use one of: {', '.join(names)}."


def _fits(role: str, shape: str) -> bool:
    return shape == "date" if role == "birth_date" else True


@dataclass(frozen=True, slots=True)
class _Part:
    fields: tuple[Field, ...] = ()
    comparisons: tuple[Comparison, ...] = ()


def _comparison(name: str, kind: str, fields: tuple[str, ...], frequency: Mapping[str, str] | None = None) -> Comparison:
    levels = tuple(replace(level, term_frequency=(frequency or {}).get(level.name)) for level in COMPARATORS[kind].levels)
    return Comparison(name, kind, fields, levels)


def _single(name: str, form: str, kind: str, columns: tuple[str, ...]) -> _Part:
    if not columns:
        return _Part()
    return _Part((Field(name, form, columns),), (_comparison(name, kind, (name,), dict.fromkeys(_RARITY[kind], name)),))


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
    parts += [_single(f"name_{place}", "organisation", "organisation_name", (column,))
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
    frequency = {"town": "city", "postcode": "postcode"}
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
    return _Part((Field("kind", "verbatim", meaning.one("kind"), "kind"),)) if meaning.one("kind") else _Part()


def _plain(role: str, form: str, kind: str) -> Callable[[Meaning], _Part]:
    return lambda meaning: _single(role, form, kind, meaning.one(role))


_BUILDERS: Final = (
    _kind, _person, _names, _plain("birth_date", "date", "date"), _plain("national_id", "compact", "code"),
    _plain("registration_id", "registration", "code"), _plain("vat_id", "compact", "code"), _plain("lei", "compact", "code"),
    _email, _plain("phone", "phone", "phone"), _plain("website", "website", "website"), _address,
    _plain("address_2", "text", "text"), _plain("region", "text", "exact"), _plain("country", "text", "exact"),
    _plain("middle_name", "person", "text"), _plain("code", "compact", "code"), _plain("title", "text", "organisation_name"),
    _plain("customer", "organisation", "organisation_name"), _plain("manager", "person", "organisation_name"),
    _plain("start_date", "date", "date"), _plain("end_date", "date", "date"), _plain("budget", "number", "number"),
)  # fmt: skip
_ROLES: Final = frozenset(
    {
        *("kind", "given_name", "family_name", "full_name", "middle_name", "legal_name", "trade_name", "birth_date"),
        *("national_id", "registration_id", "vat_id", "lei", "email", "phone", "website", "street", "house_number"),
        *("address_2", "postcode", "city", "region", "country", "code", "title", "customer", "manager", "start_date"),
        *("end_date", "budget"),
    }
)
_SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "date": ("date", "date"), "number": ("number", "number"), "code": ("compact", "code"), "email": ("text", "text"),
    "values": ("values", "values"), "long_text": ("text", "values"), "text": ("text", "text"),
}  # fmt: skip


def _other(column: str, shape: str) -> _Part:
    form, kind = _SHAPES[shape]
    return _single(f"other_{column}", form, kind, (column,))


_RULES: Final = """
email; phone; national_id; registration_id; vat_id; lei; website; code
given + family sound; given sound + family; birth_date; given + city; family + postcode; family + city
family sound 4 + birth_date prefix 4; given sound 3 + birth_date suffix 4; email_local
name words; name joined; name token + city; name token + postcode; name prefix 5 + postcode; name token
street + house + city; family + street; given + street
title words; title token; customer + start_date
postcode + house; family + given prefix 1; given + postcode; name prefix 4 + city
"""


def _rules(meaning: Meaning, fields: list[Field]) -> list[BlockingRule]:
    present = {field.name for field in fields if field.of or field.base}
    rules = []
    for text in _RULES.replace("\n", ";").split(";"):
        parts = tuple(_key_part(part) for part in text.strip().split(" + ") if part)
        if parts and all(part.field in present for part in parts):
            rules.append(BlockingRule(text.strip(), parts, limit=100))
    rules += [BlockingRule(f"other {column}", (KeyPart(f"other_{column}"),), limit=50)
              for column, shape in meaning.others.items() if shape in {"code", "text"}]  # fmt: skip
    return rules[:32]


def _key_part(text: str) -> KeyPart:
    words = text.split()
    return KeyPart(words[0], words[1] if len(words) > 1 else "whole", int(words[2]) if len(words) > 2 else 0)  # noqa: PLR2004
