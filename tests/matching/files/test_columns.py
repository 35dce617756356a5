"""What means the same in two files stands in one column."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from matching.core.meaning import UnknownAttribute, UnknownColumn
from matching.files.columns import Together, bring_together
from matching.files.reading import FileTable
from tests.matching.files.making import Row, english, french, people

PERSONS = people(40)


def _file(name: str, rows: list[Row]) -> FileTable:
    table = pa.table({column: pa.array([row[column] or None for row in rows], pa.string()) for column in rows[0]})
    return FileTable(Path(name), "CSV", table, np.arange(1, len(rows) + 1))


def _both(**mapping: str) -> Together:
    files = [_file("a.csv", [english(person) for person in PERSONS]), _file("b.csv", [french(person) for person in PERSONS])]
    return bring_together(files, mapping, "customer")


def test_columns_of_two_languages_meet() -> None:
    roles = _both().meaning.roles
    for role, column in {"email": "email", "postcode": "zip", "city": "town", "birth_date": "dob"}.items():
        assert roles[role] == (column,)
        assert _both().table[column].null_count == 0


def test_a_name_in_one_column_is_cut_like_the_other_files_two() -> None:
    together = _both()
    given, family = (together.table[together.meaning.roles[role][0]].to_pylist() for role in ("given_name", "family_name"))
    assert given[0].lower() == given[len(PERSONS)]
    assert family[0].lower() == family[len(PERSONS)]
    assert "full_name" not in together.meaning.roles


def test_a_house_number_of_its_own_is_put_before_the_street() -> None:
    together = _both()
    streets = together.table[together.meaning.roles["street"][0]].to_pylist()
    assert streets[0].upper() == streets[len(PERSONS)]
    assert "house_number" not in together.meaning.roles


def test_every_row_knows_its_file_its_row_and_its_own_id() -> None:
    together = _both()
    assert together.file.tolist() == [0] * 40 + [1] * 40
    assert together.number.tolist() == [*range(1, 41), *range(1, 41)]
    assert together.ids is not None
    assert together.ids[0].as_py() == "C00000"
    assert together.ids[40].as_py() == "900000"


def test_different_things_of_one_name_stay_apart() -> None:
    one = _file("a.csv", [{"contact": "anna@example.org", "name": "Novatech SARL"}, {"contact": "paul@example.org", "name": "Lafont SA"}])
    other = _file("b.csv", [{"mail": "anna@example.org", "contact": "blue"}, {"mail": "x@example.org", "contact": "green"}])
    together = bring_together([one, other], {"contact": "ignore"}, "customer")
    assert together.table["mail"].to_pylist()[2:] == ["anna@example.org", "x@example.org"]
    assert together.meaning.roles == {"legal_name": ("name",), "email": ("mail",)}


def test_a_mapping_counts_before_what_is_guessed() -> None:
    file = _file("a.csv", [{"name": "Novatech", "KNAME1": "Lafont"}, {"name": "Morel", "KNAME1": "Petit"}])
    roles = bring_together([file], {"KNAME1": "legal_name"}, "customer").meaning.roles
    assert roles["legal_name"][0] == "KNAME1"


def test_what_was_told_to_be_ignored_is_not_compared() -> None:
    assert "email" not in bring_together([_file("a.csv", [english(PERSONS[0])])], {"email": "ignore"}, "customer").meaning.roles


def test_a_wrong_mapping_names_column_file_and_what_may_stand_there() -> None:
    with pytest.raises(UnknownColumn, match=r"a\.csv or b\.csv has no column 'shoe'") as unknown:
        _both(shoe="email")
    assert "first_name" in unknown.value.remedy
    with pytest.raises(UnknownAttribute, match="Column 'zip': 'shoe_size' is no attribute") as wrong:
        _both(zip="shoe_size")
    assert "postcode" in wrong.value.remedy
