"""What the columns of a table that nobody has described mean: roles by name or by values, the rest by shape."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from golden_records.errors import MdmError
from matching.core.column_names import role_of_name
from matching.core.columns import Column
from matching.core.encode import encode
from matching.core.prepare_few import ORGANISATION_WORDS, PERSON_WORDS
from matching.core.recognise import ATTRIBUTE_ROLES, ATTRIBUTES, PROJECT_ROLES, role_of_values, sample_of, shape_of, tells_persons

REPEATED: Final = 2.0
"""How often the values of a column must occur on average for it to be seen that they determine another's."""
DETERMINED: Final = 1.15
"""Different values of the other column per value, up to which it is determined."""
KNOWN_KINDS: Final = 0.8
"""The share of its values that must be known words for a column to say what kind of party a record is of."""
IGNORED_ROLES: Final = frozenset({"record_id", "source", "aside"})
ROLES: Final = frozenset(
    {
        *("kind", "given_name", "family_name", "full_name", "middle_name", "legal_name", "trade_name", "birth_date"),
        *("national_id", "registration_id", "vat_id", "lei", "email", "phone", "website", "street", "house_number"),
        *("address_2", "postcode", "city", "region", "country", "code", "title", "customer", "manager", "start_date"),
        *("end_date", "budget"),
    }
)
"""What a column may mean; columns of another role are compared as what they look like."""
IGNORE: Final = "ignore"
"""What a mapping says of a column that is not to be compared."""


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


def understand(table: pa.Table, mapping: Mapping[str, str], entity: str) -> Meaning:
    """Say what each column means: as mapped, else by its name, else by its values."""
    _check(table, mapping, entity)
    roles: dict[str, tuple[str, ...]] = {}
    unknown: dict[str, tuple[pa.StringArray, str]] = {}
    # What somebody says of a column counts before what others are guessed to be.
    for column in sorted(table.column_names, key=lambda column: column not in mapping):
        attribute = mapping.get(column)
        role = ATTRIBUTE_ROLES.get(attribute, attribute) if attribute else _role_of(column, entity)
        values = sample_of(table[column])
        shape = shape_of(values)
        if role in IGNORED_ROLES or attribute == IGNORE or shape == "empty":
            continue
        if role == "legal_name" and attribute is None and tells_persons(values):
            role = "full_name"
        if role in ROLES and (attribute is not None or _fits(role, shape, values)):
            roles[role] = (*roles.get(role, ()), column)
        else:
            unknown[column] = (values, shape)
    # Values are asked only for what no name tells: a legal form's number looks like a postcode, beside the postcode.
    for column, (values, shape) in unknown.items():
        role = role_of_values(values) if column not in mapping and shape != "date" else None
        if role == "legal_name" and tells_persons(values):
            role = "full_name"
        if role in ROLES and role not in roles and _fits(role, shape, values):
            roles[role] = (column,)
    taken = {column for columns in roles.values() for column in columns}
    others = {column: shape for column, (_, shape) in unknown.items() if column not in taken}
    if "given_name" in roles and not {"family_name", "full_name"} & set(roles):
        _move_neighbour(table, (roles, others), "given_name", "family_name")
    if "postcode" in roles and "city" not in roles:
        _move_neighbour(table, (roles, others), "postcode", "city")
    return Meaning(roles, independent(table, others))


def _role_of(column: str, entity: str) -> str | None:
    """Give the role that a name tells in a table of this entity: a person's title is not a project's."""
    role = role_of_name(column)
    if entity == "project":
        return "customer" if role == "legal_name" else role
    return None if role in PROJECT_ROLES else role


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
        if attribute not in {*ATTRIBUTES[entity], IGNORE}:
            message = f"Column '{column}': '{attribute}' is no attribute of {entity}."
            raise UnknownAttribute(message, remedy=_use([*sorted(ATTRIBUTES[entity]), IGNORE]))


def _use(names: Iterable[str]) -> str:
    return f"Use one of: {', '.join(names)}."


def _fits(role: str, shape: str, values: pa.StringArray) -> bool:
    """Say whether a column may be what its name says, by its values."""
    if role == "kind":
        known = pc.is_in(pc.utf8_lower(values), value_set=pa.array([*ORGANISATION_WORDS, *PERSON_WORDS]))
        return bool(pc.sum(known).as_py() > KNOWN_KINDS * len(values))
    return shape == "date" if role == "birth_date" else True
