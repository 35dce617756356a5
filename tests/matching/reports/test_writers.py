"""What is written: CSV as RFC 4180 has it, spreadsheets with types, pages to print; and nothing that begins a formula."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from matching.reports.asking import Column, Kind
from matching.reports.writers import WRITERS, Heading, write_csv, write_html, write_xlsx

HEADING = Heading("Changes", [("First day", "2026-11-01")], "anna", datetime(2026, 11, 30, 12, 0, tzinfo=UTC))
COLUMNS = (
    Column("at", "At", Kind.MOMENT),
    Column("day", "Day", Kind.DATE),
    Column("count", "Count", Kind.INTEGER, total=True),
    Column("amount", "Amount", Kind.NUMBER, total=True),
    Column("share", "Share", Kind.SHARE),
    Column("text", "Text"),
)
ROW = (datetime(2026, 11, 30, 1, 2, 3, tzinfo=UTC), date(2026, 11, 30), -5, Decimal("-1234.50"), 0.25, "Café")


def written(report_format: str, rows: Sequence[Sequence[Any]], columns: Sequence[Column] = COLUMNS) -> bytes:
    out = io.BytesIO()
    WRITERS[report_format](out, HEADING, columns, rows)
    return out.getvalue()


def test_csv_is_rfc_4180_without_a_byte_order_mark_and_numbers_stay_numbers() -> None:
    made = written("csv", [ROW])
    assert made == ("at,day,count,amount,share,text\r\n2026-11-30T01:02:03+00:00,2026-11-30,-5,-1234.50,0.25,Café\r\n".encode())


@pytest.mark.parametrize("begins", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", '=cmd|"/C calc"!A0'])
def test_a_text_that_begins_like_a_formula_is_defused_in_csv_and_is_text_in_a_spreadsheet(begins: str) -> None:
    text = (Column("text", "Text"),)
    (_head, (cell,)) = csv.reader(io.StringIO(written("csv", [(begins,)], text).decode(), newline=""))
    assert cell == f"'{begins}"
    sheet = _sheet(written("xlsx", [(begins,)], text), 2)
    assert "<f>" not in sheet
    assert 't="inlineStr"' in sheet or 't="s"' in sheet


@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=8))
def test_what_csv_holds_is_read_back_but_for_the_apostrophes(rows: list[list[str]]) -> None:
    columns = (Column("one", "One"), Column("other", "Other"))
    read = list(csv.reader(io.StringIO(written("csv", rows, columns).decode(), newline="")))[1:]
    kept = [[cell.removeprefix("'") if cell[1:2] in tuple("=+-@\t\r") and cell[:1] == "'" else cell for cell in row] for row in read]
    expected = [[cell.removeprefix("'") if cell[1:2] in tuple("=+-@\t\r") and cell[:1] == "'" else cell for cell in row] for row in rows]
    assert kept == expected
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in read for cell in row)


def test_a_spreadsheet_has_typed_days_moments_and_numbers_and_says_what_it_is() -> None:
    made = written("xlsx", [ROW])
    sheet, about = _sheet(made, 2), _sheet(made, 1)
    assert "<v>-1234.50</v>" in sheet
    assert "<v>46356</v>" in sheet
    assert "<v>46356.04309027" in sheet
    assert "Changes" in about + _strings(made)
    assert "anna" in about + _strings(made)


def test_a_text_that_no_cell_holds_is_cut_and_not_left_out() -> None:
    made = written("xlsx", [("x" * 40_000,)], (Column("text", "Text"),))
    assert "x" * 32_766 + "…" in _sheet(made, 2) + _strings(made)


def test_rows_that_one_sheet_does_not_hold_go_on_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.reports.writers._GREATEST_SHEET", 4)
    made = written("xlsx", [(number,) for number in range(7)], (Column("n", "N", Kind.INTEGER),))
    assert [_sheet(made, number).count("<row ") for number in (2, 3, 4)] == [4, 4, 2]


def test_a_page_has_a_heading_totals_of_each_page_and_of_all_and_escapes() -> None:
    rows = [(None, None, 1, Decimal("2.5"), None, f"<script>{number}") for number in range(50)]
    page = written("html", rows).decode()
    assert "<script>" not in page
    assert page.count("<tfoot>") == 2
    assert all(told in page for told in ("<h1>Changes</h1>", "2026-11-01", "anna", "2026-11-30 12:00 UTC", "Page 2 · rows 41 to 50"))
    assert [told in page for told in (">40<", ">10<", ">50<", ">125.00<", "50 rows in all")] == [True] * 5
    assert "Nothing was found" in written("html", []).decode()


@pytest.mark.parametrize("write", [write_csv, write_xlsx, write_html])
def test_rows_are_taken_one_by_one(write: Any) -> None:
    taken: list[int] = []

    def rows() -> Iterator[tuple[str]]:
        for number in range(200):
            taken.append(number)
            yield ("x",)

    write(io.BytesIO(), HEADING, (Column("text", "Text"),), rows())
    assert len(taken) == 200


def test_the_style_sheet_of_the_page_can_be_printed() -> None:
    sheet = (settings.BASE_DIR / "matching/templates/matching/reports/report.css").read_text()
    assert "@media print" in sheet
    assert "@page" in sheet


def test_the_page_needs_nothing_but_itself() -> None:
    out = io.BytesIO()
    WRITERS["html"](out, HEADING, (Column("text", "Text"),), iter([("x",)]))
    page = out.getvalue().decode()
    assert "@media print" in page
    assert "<link" not in page


def _sheet(made: bytes, number: int) -> str:
    with ZipFile(io.BytesIO(made)) as book:
        return book.read(f"xl/worksheets/sheet{number}.xml").decode()


def _strings(made: bytes) -> str:
    with ZipFile(io.BytesIO(made)) as book:
        return book.read("xl/sharedStrings.xml").decode() if "xl/sharedStrings.xml" in book.namelist() else ""
