import gzip
import io
import resource
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from golden_records.errors import UnreadableFile
from golden_records.readers.files import contents_of, open_file
from golden_records.readers.rows import LARGEST_FIELD, OpenFile, ReadOptions, ReadRow

Write = Callable[..., Path]
FRENCH = "Id;Nom;Ville\r\n1;Société Générale;Évry\r\n2;Hôtel « Élysée »;Besançon\r\n3;L’Étoile;Nîmes\r\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: bytes | str, name: str = "accounts.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def opened(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> OpenFile:
    return open_file(path, ReadOptions(encoding, delimiter))


def values(path: Path, **options: str) -> list[dict[str, object]]:
    return [dict(row.values) for row in opened(path, **options).rows()]


def refusal(path: Path, **options: str) -> str:
    """What a user reads: reading to the end, not only opening."""
    with pytest.raises(UnreadableFile) as caught:
        list(opened(path, **options).rows())
    assert caught.value.message.startswith(f"{path.name}: ")
    assert caught.value.remedy
    return f"{caught.value.message} {caught.value.remedy}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "cp850", "mac_roman"])
def test_the_encoding_is_found_out(write: Write, encoding: str) -> None:
    text = FRENCH.replace("«", '"').replace("»", '"').replace("’", "'") if encoding == "cp850" else FRENCH
    rows = values(write(text.encode(encoding)))
    assert rows[0]["Nom"] == "Société Générale"
    assert [row["Ville"] for row in rows] == ["Évry", "Besançon", "Nîmes"]


def test_a_told_encoding_is_believed(write: Write) -> None:
    path = write("Id,Имя\n1,Ромашка\n".encode("cp1251"))
    assert values(path, encoding="cp1251") == [{"Id": "1", "Имя": "Ромашка"}]
    assert "there is no encoding 'latin-99'" in refusal(path, encoding="latin-99")


def test_a_byte_that_is_no_text_is_told_with_its_line_and_the_remedy(write: Write) -> None:
    ascii_lines = "".join(f"{number},Acme\n" for number in range(100_000)).encode()
    told = refusal(write(b"Id,Name\n" + ascii_lines + "100000,Café\n".encode("cp1252")))
    assert "line 100,002" in told
    assert "byte 0xE9" in told
    assert "--encoding" in told


def test_a_damaged_utf_8_file_is_told_by_line_and_never_read_in_another_encoding(write: Write) -> None:
    accents = "Id,Name\n1,Société Générale\n2,Électricité\n3,Crédit\n".encode()
    told = refusal(write(accents + b"4,Caf\xe9\n"))
    assert "line 5" in told
    assert "utf-8" in told


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out_also_where_others_stand_in_values(write: Write, delimiter: str) -> None:
    content = "\n".join([delimiter.join(["Id", "Name"]), delimiter.join(["1", '"a,b;c|d"']), delimiter.join(["2", "x"])])
    assert values(write(content)) == [{"Id": "1", "Name": "a,b;c|d"}, {"Id": "2", "Name": "x"}]


def test_the_delimiter_that_excel_declares_is_used(write: Write) -> None:
    assert values(write("sep=|\nId|Name\n1|a;b;c\n")) == [{"Id": "1", "Name": "a;b;c"}]


def test_a_column_alone_needs_no_delimiter(write: Write) -> None:
    assert values(write("Id\n1\n2\n")) == [{"Id": "1"}, {"Id": "2"}]


def test_quoted_line_ends_belong_to_the_value_and_blank_lines_are_no_rows(write: Write) -> None:
    rows = list(opened(write('Id,Address\n1,"12 rue Haute\nBâtiment B"\n\n,\n2,x\n')).rows())
    assert [(row.number, row.values["Address"]) for row in rows] == [(1, "12 rue Haute\nBâtiment B"), (2, "x")]


def test_a_row_with_too_many_or_too_few_cells_is_a_problem_of_that_row_alone(write: Write) -> None:
    rows = list(opened(write("Id,Name\n1,Acme,Lyon\n2\n3,Zenith\n")).rows())
    assert [bool(row.problems) for row in rows] == [True, True, False]
    assert rows[0].values == {"Id": "1", "Name": "Acme", "column 3": "Lyon"}
    assert "3 cells, the header 2" in rows[0].problems[0].reason
    assert rows[1].values == {"Id": "2"}


def test_columns_of_one_name_are_refused(write: Write) -> None:
    assert "these columns twice: Name" in refusal(write("Id,Name,Name\n1,a,b\n"))


def test_a_header_that_ends_with_a_delimiter_has_a_last_column_without_a_name(write: Write) -> None:
    assert values(write("Id;Name;\n1;a;\n")) == [{"Id": "1", "Name": "a", "column 3": ""}]


def test_too_many_columns_are_refused(write: Write) -> None:
    header = ",".join(f"c{number}" for number in range(1_001))
    assert "1,001 columns" in refusal(write(f"{header}\n{header}\n"))


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "empty"), (b"\n\n", "empty"), (b"\xef\xbb\xbf", "empty"), (b"Id,Name\n", "no rows below the header")],
)
def test_a_file_without_rows_is_told(write: Write, content: bytes, told: str) -> None:
    assert told in refusal(write(content))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "can't be opened" in refusal(tmp_path / "missing.csv")
    assert "can't be opened" in refusal(tmp_path)


def test_a_field_of_200_mb_is_refused_in_little_memory(write: Write) -> None:
    path = write("")
    with path.open("wb") as stream:
        stream.write(b'Id,Name\n1,Acme\n2,"')
        for _ in range(200):
            stream.write(b"x\n" * (512 * 1024))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "row 2: a field of more than 1 MiB" in refusal(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024, "KiB"
    one_line = write(b"Id,Name\n1," + b"x" * 8 * LARGEST_FIELD, "line.csv")
    assert "more than 4 MiB" in refusal(one_line)
    assert "more than 4 MiB" in refusal(write(b'{"a": "' + b"x" * 8 * LARGEST_FIELD, "line.ndjson"))


def test_a_row_of_many_large_fields_is_refused(write: Write) -> None:
    cells = "\n".join(["x" * 1000] * 900)
    row = ",".join(f'"{cells}"' for _ in range(6))
    assert "row 1: a row of more than 4 MiB" in refusal(write(f"a,b,c,d,e,f\n{row}\n"), delimiter=",")


def _zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("accounts.csv", b"0" * 50_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (_zip_bomb(), "ZIP archive or an Excel workbook"),
        (gzip.compress(b"Id,Name\n1,Acme\n"), "packed by gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "old Excel workbook"),
        (b"%PDF-1.7\n", "a PDF"),
        (bytes(range(256)) * 100 + bytes(5000), "it is no text"),
        ("Id,Name\n1,Acme\n".encode("utf-16-le"), "--encoding utf-16-le"),
        (b"PAR1 and nothing more", "no readable Parquet"),
    ],
    # Bytes make poor names: those of gzip hold the time of day.
    ids=["zip", "gzip", "old Excel", "PDF", "binary", "UTF-16", "Parquet"],
)
def test_what_is_no_readable_file_is_recognised_by_its_content_and_never_unpacked(write: Write, content: bytes, told: str) -> None:
    assert told in refusal(write(content))


def test_utf_16_without_a_mark_is_read_when_told(write: Write) -> None:
    assert values(write("Id,Name\n1,Été\n".encode("utf-16-le")), encoding="utf-16-le") == [{"Id": "1", "Name": "Été"}]


def test_json_lines_keep_their_types_and_a_bad_line_is_a_problem_of_that_line_alone(write: Write) -> None:
    path = write('{"Id": "1", "n": 5}\n\n{"Id": "2", "tags": ["a"]}\n{broken\n[1]\n{"Id": "\\ud800"}\n', "accounts.ndjson")
    file = opened(path)
    rows = list(file.rows())
    assert [row.values for row in rows[:2]] == [{"Id": "1", "n": 5}, {"Id": "2", "tags": ["a"]}]
    assert [row.number for row in rows if row.problems] == [3, 4, 5]
    assert set(file.columns) == {"Id", "n", "tags"}
    assert not file.header


def test_one_json_list_is_refused_with_the_form_that_is_read(write: Write) -> None:
    assert "one object per line" in refusal(write('[{"Id": 1}]', "accounts.json"))
    assert "no JSON objects" in refusal(write("1\n2\n", "accounts.json"))


def _a_parquet(path: Path, table: pa.Table, **options: object) -> Path:
    pq.write_table(table, path, **options)
    return path


def test_parquet_gives_plain_values(tmp_path: Path) -> None:
    table = pa.table(
        {
            "Id": ["1", "2"],
            "day": [date(2025, 3, 1), None],
            "moment": pa.array([datetime(2025, 3, 1, 8, 30), None], pa.timestamp("ns")),  # noqa: DTZ001  # as files have it
            "amount": [Decimal("12.50"), None],
            "score": [float("nan"), 7.5],
            "raw": [b"abc", b"\xff"],
        }
    )
    rows = values(_a_parquet(tmp_path / "accounts.parquet", table))
    assert rows[0] == {
        "Id": "1",
        "day": date(2025, 3, 1),
        "moment": datetime(2025, 3, 1, 8, 30),  # noqa: DTZ001  # as above
        "amount": Decimal("12.50"),
        "score": None,
        "raw": "abc",
    }


def test_parquet_is_read_in_batches_with_running_numbers(tmp_path: Path) -> None:
    path = _a_parquet(tmp_path / "accounts.parquet", pa.table({"Id": list(map(str, range(1_200)))}))
    rows: list[ReadRow] = list(islice(opened(path).rows(), 1_100, None))
    assert [rows[0].number, rows[-1].number, len(rows)] == [1_101, 1_200, 100]
    assert opened(path).row_count == 1_200


def test_parquet_that_would_unpack_to_many_times_its_size_is_refused(tmp_path: Path) -> None:
    bomb = pa.table({"Id": pa.array(["0" * 100_000] * 3_000)})
    path = _a_parquet(tmp_path / "bomb.parquet", bomb, use_dictionary=False, compression="zstd")
    assert "unpacks to" in refusal(path)
    long = pa.table({"Id": pa.array(["0" * (LARGEST_FIELD + 1)]).dictionary_encode()})
    assert "more than 1 MiB" in refusal(_a_parquet(tmp_path / "long.parquet", long))
    assert "no rows" in refusal(_a_parquet(tmp_path / "none.parquet", pa.table({"Id": pa.array([], pa.string())})))


def test_a_damaged_parquet_is_told(tmp_path: Path) -> None:
    path = _a_parquet(tmp_path / "accounts.parquet", pa.table({"Id": [str(number) * 50 for number in range(5_000)]}))
    content = bytearray(path.read_bytes())
    content[100:2_000] = bytes(1_900)
    path.write_bytes(content)
    assert "no readable Parquet" in refusal(path)


def test_the_digest_is_that_of_the_content(write: Write) -> None:
    one, same, other = write("a\nb\n", "1.csv"), write("a\nb\n", "2.csv"), write("a\nc\n", "3.csv")
    assert contents_of(one) == contents_of(same) != contents_of(other)
    assert contents_of(one).lines == 2
