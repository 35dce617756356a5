"""Recognising a file by what is in it, and its fingerprint."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from golden_records.readers.delimited import open_delimited
from golden_records.readers.encodings import SAMPLE_BYTES, detect_encoding
from golden_records.readers.ndjson import open_ndjson
from golden_records.readers.parquet import open_parquet
from golden_records.readers.rows import OpenFile, ReadOptions, unreadable

_PARQUET: Final = b"PAR1"
_UNSUPPORTED: Final = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", "Unpack it, or save the sheet as CSV (UTF-8)."),
    (b"PK\x05\x06", "an empty ZIP archive", "Unpack it and import the file inside."),
    (b"\x1f\x8b", "packed by gzip", "Unpack it and import the file inside."),
    (b"BZh", "packed by bzip2", "Unpack it and import the file inside."),
    (b"\xfd7zXZ\x00", "packed by xz", "Unpack it and import the file inside."),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it and import the file inside."),
    (b"\x28\xb5\x2f\xfd", "packed by Zstandard", "Unpack it and import the file inside."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook", "Save the sheet as CSV (UTF-8)."),
    (b"%PDF-", "a PDF", "Ask for the export as CSV."),
    (b"SQLite format 3\x00", "a SQLite database", "Export the table as CSV."),
    (b"ARROW1", "an Arrow file", "Write it as Parquet."),
)
_JSON_NAMES: Final = frozenset({".ndjson", ".jsonl", ".json"})
_MOST_NULS: Final = 0.05
_DIGEST_BYTES: Final = 32
_PIECE_BYTES: Final = 1024 * 1024


def open_file(path: Path, options: ReadOptions) -> OpenFile:
    """Recognise CSV (any common encoding and delimiter), NDJSON or Parquet, whatever the file is called.

    Nothing is ever unpacked. Raises `UnreadableFile`, which says why and what to do, for everything else.
    """
    sample, is_whole = _sample(path)
    if sample.startswith(_PARQUET):
        return open_parquet(path)
    for mark, kind, remedy in _UNSUPPORTED:
        if sample.startswith(mark):
            raise unreadable(path, f"it is {kind}; CSV, NDJSON and Parquet can be read.", remedy)
    encoding = _encoding(path, sample, is_whole=is_whole, told=options.encoding)
    if _looks_like_json(path, sample.decode(encoding, errors="replace")):
        return open_ndjson(path, encoding)
    return open_delimited(path, encoding, options.delimiter)


@dataclass(frozen=True, slots=True)
class Contents:
    """A file read once from end to end: what tells it from another (BLAKE2b), and how many lines it has, about."""

    digest: str
    lines: int


def contents_of(path: Path) -> Contents:
    """Read a file in pieces for its digest and the number of its lines."""
    digest, lines = hashlib.blake2b(digest_size=_DIGEST_BYTES), 0
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE_BYTES):
            digest.update(piece)
            lines += piece.count(b"\n")
    return Contents(digest.hexdigest(), lines)


def _sample(path: Path) -> tuple[bytes, bool]:
    try:
        with path.open("rb") as stream:
            sample = stream.read(SAMPLE_BYTES)
            is_whole = not stream.read(1)
    except OSError as error:
        raise unreadable(path, f"it can't be opened ({error.strerror}).", "Check the name and the rights of the file.") from None
    if not sample:
        raise unreadable(path, "the file is empty.", "Export it again, with a header and rows.")
    return sample, is_whole


def _encoding(path: Path, sample: bytes, *, is_whole: bool, told: str | None) -> str:
    encoding = told or detect_encoding(sample, is_whole=is_whole)
    try:
        text = sample.decode(encoding or "ascii", errors="replace")
    except LookupError:
        raise unreadable(path, f"there is no encoding '{told}'.", "Use a name such as utf-8, cp1252 or utf-16-le.") from None
    if encoding is None or text.count("\x00") > _MOST_NULS * len(text):
        remedy = "If it is text, tell its encoding with --encoding, for example --encoding utf-16-le."
        raise unreadable(path, "it is no text; CSV, NDJSON and Parquet can be read.", remedy)
    return encoding


def _looks_like_json(path: Path, text: str) -> bool:
    beginning = text.lstrip("\ufeff \t\r\n")
    if beginning.startswith("[") and path.suffix.lower() in _JSON_NAMES:
        raise unreadable(path, "it is one JSON list.", "Write one object per line (NDJSON).")
    return beginning.startswith("{") or path.suffix.lower() in _JSON_NAMES
