"""Files as tables, whatever wrote them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from golden_records.errors import UnreadableFile
from golden_records.readers.rows import ReadOptions
from matching.files.reading import FileTable, read_file


def _read(path: Path) -> FileTable:
    return read_file(path, ReadOptions())


def test_a_semicolon_file_of_windows_is_read_with_its_accents(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("Prénom;Ville\nZoé;Évry\nLéa; \n".encode("cp1252"))
    read = _read(path)
    assert read.table.to_pydict() == {"Prénom": ["Zoé", "Léa"], "Ville": ["Évry", None]}
    assert read.description == "CSV, cp1252, semicolon"
    assert read.numbers.tolist() == [1, 2]


def test_a_file_without_a_header_keeps_its_first_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Anna,Morel,1980-01-12,anna@example.org\nPaul,Petit,1971-05-02,paul@example.org\n", encoding="utf-8")
    read = _read(path)
    assert read.headless
    assert read.table["column 1"].to_pylist() == ["Anna", "Paul"]
    assert read.numbers.tolist() == [1, 2]


def test_a_header_with_years_in_it_stays_a_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,2023,2024\nNovatech,5,6\n", encoding="utf-8")
    assert not _read(path).headless


def test_rows_that_do_not_fit_are_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,city\nNovatech,Lyon\nLafont,Lyon,too,many\nMorel,Metz\n", encoding="utf-8")
    read = _read(path)
    assert read.table["name"].to_pylist() == ["Novatech", "Morel"]
    assert read.numbers.tolist() == [1, 3]
    assert read.skipped == 1
    assert read.problems == ("row 2: The row has 4 cells, the header 2.",)


def test_a_file_of_which_no_row_can_be_taken_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,city\nNovatech\nLafont\n", encoding="utf-8")
    with pytest.raises(UnreadableFile, match=r"a\.csv: none of its 2 rows"):
        _read(path)


def test_json_lines_are_read_with_lists_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text("\n".join(json.dumps(row) for row in ({"name": "A", "tags": ["x", "y"]}, {"name": "B", "size": 3})), encoding="utf-8")
    assert _read(path).table.to_pydict() == {"name": ["A", "B"], "tags": ['["x","y"]', None], "size": [None, "3"]}


def test_parquet_keeps_its_types_but_for_what_is_no_single_value(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    columns = {
        "n": pa.array([1, 2]),
        "tags": pa.array([["x"], None]),
        "word": pa.array(["a", "a"]).dictionary_encode(),
        "raw": [b"q", b"r"],
    }
    pq.write_table(pa.table(columns), path)
    assert _read(path).table.to_pydict() == {"n": [1, 2], "tags": ['["x"]', None], "word": ["a", "a"], "raw": ["q", "r"]}


@pytest.mark.parametrize("content", ["", "name,city\n"])
def test_an_empty_file_is_told_by_its_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "nothing.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableFile, match=r"nothing\.csv"):
        _read(path)
