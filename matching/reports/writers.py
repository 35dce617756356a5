"""Writing a table of any columns and rows to a file: CSV, a spreadsheet, or a page to print. Knows no report."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import IO, Any, Final

import xlsxwriter  # type: ignore[import-untyped]  # has no types
from django.template.loader import render_to_string
from django.utils import formats

from matching.reports.asking import Column, Kind, Row

MEDIA_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html; charset=utf-8",
}
_NUMBERS: Final = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.SHARE})
_STYLES: Final = {**dict.fromkeys(_NUMBERS, "number"), Kind.CANONICAL_ID: "id", Kind.MOMENT: "moment"}
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_GREATEST_SHEET: Final = 1_048_576
_LONGEST_CELL: Final = 32_767
_WIDEST: Final = 60
_PRINTED_ROWS: Final = 40
_FORMATS: Final = {
    Kind.INTEGER: "#,##0",
    Kind.NUMBER: "#,##0.00",
    Kind.SHARE: "0.0%",
    Kind.DATE: "yyyy-mm-dd",
    Kind.MOMENT: "yyyy-mm-dd hh:mm:ss",
}


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a table: its title, what was asked for in words, who made it, and when."""

    title: str
    asked: Sequence[tuple[str, str]]
    made_by: str
    made_at: datetime


def write_csv(out: IO[bytes], heading: Heading, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Write RFC 4180: UTF-8 without a mark, CRLF, numbers and moments plain. A text that begins like a formula gets an apostrophe."""
    del heading
    text = _Encoded(out)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow([csv_cell(value) for value in row])


def write_xlsx(out: IO[bytes], heading: Heading, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Write a spreadsheet row by row, in constant memory: a sheet that says what it is, then the rows, on as many sheets as they need.

    Texts are texts, whatever they begin with; numbers, days and moments (UTC) have their own types.
    """
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True})
        about = book.add_worksheet("About")
        about.set_column(0, 0, 24, bold)
        about.set_column(1, 1, _WIDEST)
        told = [("Report", heading.title), *heading.asked, ("Made by", heading.made_by), ("Made", _moment(heading.made_at))]
        for number, (name, value) in enumerate(told):
            about.write_string(number, 0, name)
            about.write_string(number, 1, value)
        styles = {kind: book.add_format({"num_format": pattern}) for kind, pattern in _FORMATS.items()}
        rest = iter(rows)
        for sheet_number in range(1, 1_000):
            written = _write_sheet(book.add_worksheet(f"Rows {sheet_number}"), columns, islice(rest, _GREATEST_SHEET - 1), (bold, styles))
            if written < _GREATEST_SHEET - 1:
                break
        book.worksheets()[1].activate()


def write_html(out: IO[bytes], heading: Heading, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Write a page to print: the heading, the rows in parts of a printed page each with its totals, and the totals of all."""
    printed = [number for number, column in enumerate(columns) if column.printed]
    columns = [columns[number] for number in printed]
    shown = {"heading": heading, "columns": columns}
    out.write(render_to_string("matching/reports/head.html", shown).encode())
    total, done = _Total(columns), 0
    rest = iter(rows)
    for number in range(1, 10_000_000):
        part = [[row[place] for place in printed] for row in islice(rest, _PRINTED_ROWS)]
        if not part:
            break
        own = _Total(columns)
        for row in part:
            own.add(row)
            total.add(row)
        cells = [
            [(_in_words(value, column), _STYLES.get(column.kind, "")) for value, column in zip(row, columns, strict=True)] for row in part
        ]
        told = {**shown, "page": number, "rows": cells, "first": done + 1, "last": done + len(part), "totals": own.words()}
        out.write(render_to_string("matching/reports/part.html", told).encode())
        done += len(part)
    out.write(render_to_string("matching/reports/foot.html", {**shown, "rows": done, "totals": total.words()}).encode())


Writer = Callable[[IO[bytes], Heading, Sequence[Column], Iterable[Row]], None]
WRITERS: Final[Mapping[str, Writer]] = {"csv": write_csv, "xlsx": write_xlsx, "html": write_html}


class _Encoded:
    """Takes text and writes it as UTF-8."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def write(self, text: str) -> int:
        # What no text can hold (half of a pair of surrogates) is kept visible instead of stopping a report of a million rows.
        return self._out.write(text.encode("utf-8", "backslashreplace"))


class _Total:
    """The sums of the columns that are added up."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._sums: dict[int, Any] = {number: 0 for number, column in enumerate(columns) if column.total}

    def add(self, row: Row) -> None:
        """Take a row in."""
        for number in self._sums:
            self._sums[number] += row[number] or 0

    def words(self) -> list[str]:
        """Give the sums as cells of a row, empty where nothing is added up; nothing at all where no column is."""
        if not self._sums:
            return []
        return [_in_words(self._sums[number], column) if number in self._sums else "" for number, column in enumerate(self._columns)]


def _write_sheet(sheet: Any, columns: Sequence[Column], rows: Iterator[Row], formats_: tuple[Any, Mapping[Kind, Any]]) -> int:
    bold, styles = formats_
    for number, column in enumerate(columns):
        width = 20 if column.kind is not Kind.TEXT and column.kind is not Kind.CANONICAL_ID else 38
        sheet.set_column(number, number, width)
        sheet.write_string(0, number, str(column.title), bold)
    sheet.freeze_panes(1, 0)
    line = 0
    for line, row in enumerate(rows, start=1):
        for number, (value, column) in enumerate(zip(row, columns, strict=True)):
            _write_cell(sheet, (line, number), value, styles.get(column.kind))
    if line:
        sheet.autofilter(0, 0, line, len(columns) - 1)
    return line


def _write_cell(sheet: Any, place: tuple[int, int], value: Any, style: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, datetime):
        sheet.write_datetime(*place, value.astimezone(UTC).replace(tzinfo=None), style)
    elif hasattr(value, "isoformat"):
        sheet.write_datetime(*place, value, style)
    elif isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        text = str(value)
        sheet.write_string(*place, text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…")
    else:
        sheet.write_number(*place, value, style)


def csv_cell(value: Any) -> Any:
    """Give a value as it stands in a CSV file: a text that begins like a formula gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _in_words(value: Any, column: Column) -> str:
    if value is None or value == "":
        return ""
    if column.kind is Kind.SHARE:
        return f"{formats.number_format(float(value) * 100, 1)} %"
    if column.kind is Kind.NUMBER:
        return formats.number_format(value, 2, force_grouping=True)
    if column.kind is Kind.INTEGER:
        return formats.number_format(value, 0, force_grouping=True)
    if isinstance(value, datetime):
        return _moment(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _moment(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
