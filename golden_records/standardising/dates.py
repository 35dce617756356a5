"""Days and moments, from the many ways of writing them."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from golden_records.standardising.problems import (
    NOTHING,
    NOWHERE,
    PLACEHOLDER,
    Place,
    Standardised,
    refused,
    shown,
)
from golden_records.standardising.texts import clean_text, no_value
from golden_records.standardising.words import PLACEHOLDER_DATES, is_placeholder

EXCEL: Final = "excel"
# Two-figure day and month before 1900-03-01 differ between spreadsheets, so that serials below 61 are refused.
_EXCEL_EPOCH: Final = date(1899, 12, 30)
_EXCEL_RANGE: Final = (61, 109_574)
EARLIEST_YEAR: Final = 1000
LATEST_YEAR: Final = 2999
_PATTERN_PARTS: Final = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d", "HH": "%H", "MM": "%M", "SS": "%S"}
_PATTERN: Final = re.compile("yyyy|yy|mm|dd|HH|MM|SS")
_ISO_DAY: Final = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?(?:[T ]\d{2}:\d{2}.*)?|(\d{4})(\d{2})(\d{2})", re.ASCII)


class UnknownDateFormat(ValueError):
    """A declared date format has no part of a date in it."""


@lru_cache(maxsize=64)
def strptime_format(pattern: str) -> str:
    """Translate a declared format ('dd/mm/yyyy HH:MM') for strptime; `mm` is the month and `MM` the minute.

    Raises `UnknownDateFormat` where the pattern has no year, or something that is neither a part nor punctuation.
    """
    translated = _PATTERN.sub(lambda part: _PATTERN_PARTS[part.group()], pattern)
    if "%Y" not in translated and "%y" not in translated:
        raise UnknownDateFormat(pattern)
    if re.search(r"(?<!%)[^\W\dT]", translated):
        raise UnknownDateFormat(pattern)
    return translated


@lru_cache(maxsize=65_536)
def parse_moment(text: str, formats: tuple[str, ...]) -> datetime | None:
    """Read a text by the first of the declared formats that fits ('iso' and 'excel' are formats too); None if none does.

    A text of eight zeros, as SAP writes 'no date', is read by none.
    """
    for pattern in formats:
        moment = _parse_one(text, pattern)
        if moment is not None:
            return moment
    return None


def _parse_one(text: str, pattern: str) -> datetime | None:
    try:
        if pattern == "iso":
            return datetime.fromisoformat(text)
        if pattern == EXCEL:
            return _from_excel(text)
        return datetime.strptime(text, strptime_format(pattern))  # noqa: DTZ007 - the caller gives the zone
    except (ValueError, OverflowError):
        return None


def _from_excel(text: str) -> datetime | None:
    serial = float(text)
    if not _EXCEL_RANGE[0] <= serial <= _EXCEL_RANGE[1]:
        return None
    return datetime(_EXCEL_EPOCH.year, _EXCEL_EPOCH.month, _EXCEL_EPOCH.day) + timedelta(days=serial)  # noqa: DTZ001


def with_zone(moment: datetime, zone: ZoneInfo | None = None) -> datetime:
    """Give a moment in UTC; one without a zone is read in `zone`, UTC by default."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone or UTC)).astimezone(UTC)


_DATE_REMEDY: Final = "Write the day as 2024-12-31, or declare the column's `format` in the mapping."


def standardise_date(raw: object, _place: Place = NOWHERE) -> Standardised:
    """Give a calendar day out of a date, a moment, or a text in ISO form ('2024-12-31', '20241231', '2024-12').

    A month alone is its first day. Days that stand for 'no date' (0001-01-01, 1900-01-01, 9999-12-31 …) are
    placeholders. Anything else goes to quarantine: a day that no calendar has is a sign that columns were mixed up.
    """
    if isinstance(raw, datetime):
        raw = raw.date()
    if isinstance(raw, date):
        return _within_reason(raw)
    if isinstance(raw, int) and not isinstance(raw, bool):
        raw = str(raw)
    if not isinstance(raw, str):
        return refused(f"A date is expected, not a {type(raw).__name__}.", _DATE_REMEDY)
    return _read_day(raw)


@lru_cache(maxsize=65_536)
def _read_day(raw: str) -> Standardised:
    cleaned = clean_text(raw)
    if not cleaned:
        return NOTHING
    iso = _ISO_DAY.fullmatch(cleaned)
    if iso is None or set(cleaned) <= {"0", "-"}:
        if is_placeholder(cleaned):
            return no_value(cleaned)
        return refused("This is not a date.", _DATE_REMEDY)
    year, month, day = iso.group(1) or iso.group(4), iso.group(2) or iso.group(5), iso.group(3) or iso.group(6) or "1"
    try:
        return _within_reason(date(int(year), int(month), int(day)))
    except ValueError:
        return refused("No calendar has this day.", _DATE_REMEDY)


def _within_reason(day: date) -> Standardised:
    if day.isoformat() in PLACEHOLDER_DATES:
        return PLACEHOLDER
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        return refused(f"The year {day.year} can't be meant.", _DATE_REMEDY)
    return Standardised(day)


def iso_text(value: datetime | date | Decimal | str) -> str:
    """Give a value as it is shown in a list of problems."""
    return value.isoformat() if isinstance(value, date) else shown(value)
