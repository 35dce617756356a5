"""The columns of one or two files brought together: what means the same stands in one column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from golden_records.standardising.words import fold
from matching.core.column_names import role_of_name
from matching.core.forms import FORMS
from matching.core.meaning import Meaning, UnknownColumn, understand
from matching.files.reading import FileTable

_PARTS: Final = (("given_name", "given_part"), ("family_name", "family_part"))


@dataclass(frozen=True, slots=True)
class Use:
    """What one column of a file was taken for: the `role` or the `shape` told of it; in the table it is called `standing`.

    `told`: somebody said so. Neither role nor shape: it is not compared.
    """

    file: int
    column: str
    standing: str
    role: str | None
    shape: str | None
    examples: tuple[str, ...]
    told: bool


@dataclass(frozen=True, slots=True)
class Together:
    """The rows of all files, one file below the other: `table` has every column, `meaning` says which are compared as what.

    `file` is each row's file, from 0, `number` its row there; `ids` what its source calls it, None where no column tells.
    """

    table: pa.Table
    meaning: Meaning
    uses: tuple[Use, ...]
    file: NDArray[np.int8]
    number: NDArray[np.int64]
    ids: pa.Array | None


def bring_together(files: Sequence[FileTable], mapping: Mapping[str, str], entity: str) -> Together:
    """Understand each file by itself and put what means the same into one column.

    Raises `UnknownColumn` for a mapped column that no file has, and `UnknownAttribute`.
    """
    _check(files, mapping)
    parts = [_understood(file, mapping, entity) for file in files]
    if len(parts) > 1:
        parts = [_alike(_as_texts(part), parts) for part in parts]
    names = [_names(place, parts) for place in range(len(parts))]
    table = pa.concat_tables([part.table.rename_columns(own) for part, own in zip(parts, names, strict=True)], promote_options="default")
    roles: dict[str, tuple[str, ...]] = {}
    others: dict[str, str] = {}
    for part, own in zip(parts, names, strict=True):
        renamed = dict(zip(part.table.column_names, own, strict=True))
        for role, columns in part.meaning.roles.items():
            roles[role] = tuple(dict.fromkeys((*roles.get(role, ()), *(renamed[column] for column in columns))))
        others |= {renamed[column]: shape for column, shape in part.meaning.others.items() if renamed[column] not in others}
    taken = {column for columns in roles.values() for column in columns}
    return Together(
        table=table.combine_chunks(),
        meaning=Meaning(roles, {column: shape for column, shape in others.items() if column not in taken}),
        uses=tuple(use for place, file in enumerate(files) for use in _uses(place, file, (parts[place].found, names[place]), mapping)),
        file=np.repeat(np.arange(len(files), dtype=np.int8), [file.table.num_rows for file in files]),
        number=np.concatenate([file.numbers for file in files]),
        ids=_ids(files),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    table: pa.Table
    meaning: Meaning
    found: Meaning
    """What was found before it was made alike to the other file."""


def _check(files: Sequence[FileTable], mapping: Mapping[str, str]) -> None:
    known = [name for file in files for name in file.table.column_names]
    for column in mapping:
        if column not in known:
            where = " or ".join(file.name for file in files)
            remedy = f"Use one of: {', '.join(dict.fromkeys(known))}."
            raise UnknownColumn(f"--map {column}={mapping[column]}: {where} has no column '{column}'.", remedy=remedy)


def _understood(file: FileTable, mapping: Mapping[str, str], entity: str) -> _Part:
    own = {column: attribute for column, attribute in mapping.items() if column in file.table.column_names}
    meaning = understand(file.table, own, entity)
    return _Part(file.table, meaning, meaning)


def _as_texts(part: _Part) -> _Part:
    return _Part(part.table.cast(pa.schema([(name, pa.string()) for name in part.table.column_names])), part.meaning, part.found)


def _alike(part: _Part, parts: Sequence[_Part]) -> _Part:
    """Cut or join columns so that names and streets are written as in the other file."""
    table, roles = part.table, dict(part.meaning.roles)
    split = any({"given_name", "family_name"} & set(other.meaning.roles) for other in parts)
    if split and "full_name" in roles and not {"given_name", "family_name"} & set(roles):
        whole = table[roles["full_name"][0]].combine_chunks().cast(pa.string())
        for role, form in _PARTS:
            table = table.append_column(f"{role} of {roles['full_name'][0]}", FORMS[form](whole))
            roles[role] = (table.column_names[-1],)
        del roles["full_name"]
    joined = any("street" in other.meaning.roles and "house_number" not in other.meaning.roles for other in parts)
    if joined and {"street", "house_number"} <= set(roles):
        number, street = (table[roles[role][0]].combine_chunks().cast(pa.string()) for role in ("house_number", "street"))
        whole = pc.coalesce(pc.binary_join_element_wise(number, street, " "), street)
        table = table.append_column(f"{roles['street'][0]} with number", whole)
        roles["street"] = (table.column_names[-1],)
        del roles["house_number"]
    return _Part(table, Meaning(roles, part.meaning.others), part.found)


def _names(place: int, parts: Sequence[_Part]) -> list[str]:
    """Call each column of a file as the first file calls what means the same; names of different things stay apart."""
    part, first = parts[place], parts[0]
    if place == 0:
        return list(part.table.column_names)
    renamed: dict[str, str] = {}
    for role, columns in part.meaning.roles.items():
        renamed |= dict(zip(columns, first.meaning.roles.get(role, ()), strict=False))
    spelt = {fold(column): column for column in first.table.column_names}
    meant = {column for columns in first.meaning.roles.values() for column in columns}
    used = set(renamed.values())
    for column in part.table.column_names:
        same = spelt.get(fold(column))
        if column not in renamed and same is not None and same not in used | meant:
            renamed[column] = same
            used.add(same)
    taken = {*first.table.column_names, *used}
    return [renamed.get(column) or (column if column not in taken else f"{column} ({place + 1})") for column in part.table.column_names]


def _uses(place: int, file: FileTable, understood: tuple[Meaning, list[str]], mapping: Mapping[str, str]) -> list[Use]:
    meaning, standing = understood
    roles = {column: role for role, columns in meaning.roles.items() for column in columns}
    return [
        Use(
            file=place,
            column=column,
            standing=called,
            role=roles.get(column) or ("record_id" if role_of_name(column) == "record_id" else None),
            shape=meaning.others.get(column),
            examples=_examples(file.table[column]),
            told=column in mapping,
        )
        for column, called in zip(file.table.column_names, standing, strict=False)
    ]


def _examples(column: pa.ChunkedArray) -> tuple[str, ...]:
    known = column.slice(0, 1_000).combine_chunks().cast(pa.string()).drop_null()
    return tuple(pc.unique(known)[:3].to_pylist())


def _ids(files: Sequence[FileTable]) -> pa.Array | None:
    """Give what the sources call their records, where every file has a column for it."""
    found = []
    for file in files:
        named = [name for name in file.table.column_names if role_of_name(name) == "record_id"]
        if not named:
            return None
        found.append(file.table[named[0]].combine_chunks())
    return found[0] if len(found) == 1 else pa.concat_arrays([ids.cast(pa.string()) for ids in found])
