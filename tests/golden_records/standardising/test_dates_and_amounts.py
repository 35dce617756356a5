"""Days and numbers: what is taken, what sends the row to quarantine."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden_records.standardising.amounts import parse_decimal, standardise_decimal
from golden_records.standardising.dates import (
    UnknownDateFormat,
    parse_moment,
    standardise_date,
    strptime_format,
    with_zone,
)
from golden_records.standardising.problems import Severity

ANYTHING = st.one_of(
    st.text(max_size=20), st.integers(), st.floats(), st.booleans(), st.binary(max_size=4), st.lists(st.text(), max_size=2)
)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2024-12-31", date(2024, 12, 31)),
        ("20241231", date(2024, 12, 31)),
        ("2024-12", date(2024, 12, 1)),
        ("2024-12-31T23:59:59Z", date(2024, 12, 31)),
        (date(2024, 2, 29), date(2024, 2, 29)),
        (datetime(2024, 2, 29, 12, tzinfo=UTC), date(2024, 2, 29)),
        ("", None),
        ("n/a", None),
        ("0000-00-00", None),
        ("1900-01-01", None),
        ("9999-12-31", None),
    ],
)
def test_a_day_is_read_in_iso_form(sent: object, stored: date | None) -> None:
    outcome = standardise_date(sent)
    assert outcome.value == stored
    assert outcome.remark is None or outcome.remark.severity is Severity.WARNING


@pytest.mark.parametrize("sent", ["2023-02-29", "20241301", "31/12/2024", "soon", "0042-01-01", True, ["2024-01-01"], 12])
def test_what_is_no_day_sends_the_row_to_quarantine(sent: object) -> None:
    outcome = standardise_date(sent)
    assert outcome.value is None
    assert outcome.remark is not None
    assert outcome.remark.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("text", "formats", "day"),
    [
        ("31/12/2024", ("dd/mm/yyyy",), "2024-12-31T00:00"),
        ("31.12.24", ("dd/mm/yyyy", "dd.mm.yy"), "2024-12-31T00:00"),
        ("31/12/2024 18:05", ("dd/mm/yyyy HH:MM",), "2024-12-31T18:05"),
        ("20241231", ("yyyymmdd",), "2024-12-31T00:00"),
        ("12/2024", ("mm/yyyy",), "2024-12-01T00:00"),
        ("45657", ("excel",), "2024-12-31T00:00"),
        ("31/02/2024", ("dd/mm/yyyy",), None),
        ("00000000", ("yyyymmdd",), None),
        ("12", ("excel",), None),
    ],
)
def test_a_declared_format_reads_a_moment(text: str, formats: tuple[str, ...], day: str | None) -> None:
    moment = parse_moment(text, formats)
    assert (moment.isoformat(timespec="minutes") if moment else None) == day


@pytest.mark.parametrize("pattern", ["", "dd/mm", "jj/mm/aaaa", "hello"])
def test_a_format_without_a_year_or_with_foreign_letters_is_none(pattern: str) -> None:
    with pytest.raises(UnknownDateFormat):
        strptime_format(pattern)


def test_a_moment_without_a_zone_is_read_in_the_sources_own() -> None:
    noon = datetime.fromisoformat("2024-07-01T12:00")
    assert with_zone(noon, ZoneInfo("Europe/Paris")) == datetime(2024, 7, 1, 10, tzinfo=UTC)
    assert with_zone(noon) == datetime(2024, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1234.5", ".", "1234.5"),
        ("1 234.50", ".", "1234.50"),
        ("1,234,567.5", ".", "1234567.5"),
        ("1'234.50", ".", "1234.50"),
        ("1\u202f234,50 €", ",", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1.234", ",", "1234"),
        ("123,45-", ",", "-123.45"),
        ("(1 000)", ".", "-1000"),
        ("EUR 12", ".", "12"),
        ("1234,5", ".", None),
        ("1.5", ",", None),
        ("1,23,456", ".", None),
        ("12 rue", ".", None),
        ("", ".", None),
    ],
)
def test_a_number_is_read_by_its_decimal_mark(text: str, mark: str, number: str | None) -> None:
    assert parse_decimal(text, mark) == (None if number is None else Decimal(number))


def test_numbers_are_kept_with_two_decimals_and_without_binary_noise() -> None:
    assert standardise_decimal(0.1 + 0.2).value == Decimal("0.30")
    assert standardise_decimal("n/a").value is None
    assert standardise_decimal(float("nan")).value is None


@pytest.mark.parametrize("sent", ["beaucoup", "12,5", True, float("inf"), 10**12, [1]])
def test_what_is_no_number_sends_the_row_to_quarantine(sent: object) -> None:
    outcome = standardise_decimal(sent)
    assert outcome.remark is not None
    assert outcome.remark.severity is Severity.ERROR


@settings(deadline=None)
@given(sent=ANYTHING)
def test_days_and_numbers_are_stable_whatever_is_sent(sent: object) -> None:
    for standardiser in (standardise_date, standardise_decimal):
        once = standardiser(sent)
        if once.value is not None:
            assert standardiser(once.value).value == once.value
            assert standardiser(str(once.value)).value == once.value
