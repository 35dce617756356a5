"""Finding out how a text file is encoded, and reading its lines so that a wrong guess is found where it shows."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from charset_normalizer import from_bytes

from golden_records.readers.rows import LARGEST_ROW, unreadable

SAMPLE_BYTES: Final = 256 * 1024
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_WESTERN: Final = ("cp1252", "cp1250", "cp850", "mac_roman")
_MOST_ACCENTS: Final = 0.5
_PUNCTUATION: Final = frozenset("€£§©®°²³«»’‘“”–—…·\u00a0")
_UNDECODED: Final = re.compile("[\udc80-\udcff]")


def detect_encoding(sample: bytes, *, is_whole: bool) -> str | None:
    """Guess the encoding of a file from its beginning: by its mark, else UTF-8 where it fits, else by its letters."""
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    if _is_utf8(sample, is_whole=is_whole) or _is_damaged_utf8(sample):
        return "utf-8"
    letters = [byte for byte in sample if byte > 127 or 65 <= byte <= 90 or 97 <= byte <= 122]  # noqa: PLR2004  # ASCII letters
    if sum(byte > 127 for byte in letters) > _MOST_ACCENTS * len(letters):  # noqa: PLR2004  # beyond ASCII
        best = from_bytes(sample).best()
        return best.encoding if best is not None else None
    # For texts in Latin letters, guessers by frequency take one code page for its neighbour; which signs stand inside
    # words tells them apart.
    return min(_WESTERN, key=lambda encoding: _oddity(sample.decode(encoding, errors="replace")))


def lines(path: Path, encoding: str) -> Iterator[str]:
    """Give the lines of a text file with their line ends.

    Raises `UnreadableFile` for a line that is longer than a row may be, and for bytes that are no text in this encoding.
    """
    # Undecodable bytes come through as lone surrogates, so that the line is known in which they stand.
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as stream:
        number = 0
        while line := _next_line(stream.readline, path, encoding, number):
            number += 1
            if len(line) >= LARGEST_ROW and not line.endswith(("\n", "\r")):
                reason = f"line {number:,} has more than {LARGEST_ROW // 1024**2} MiB."
                raise unreadable(path, reason, "Check that the file has line ends, and shorten the value in the source.", line=number)
            if not line.isascii() and (found := _UNDECODED.search(line)):
                raise _undecodable(path, encoding, number, f"byte 0x{ord(found[0]) - 0xDC00:02X}")
            yield line


def _next_line(readline: Callable[[int], str], path: Path, encoding: str, number: int) -> str:
    try:
        return readline(LARGEST_ROW)
    except UnicodeError as error:
        raise _undecodable(path, encoding, number + 1, str(error)) from None


def _undecodable(path: Path, encoding: str, number: int, what: str) -> Exception:
    reason = f"line {number:,}: {what} is no text in {encoding}."
    remedy = "Mend that line, or tell the file's encoding with --encoding, for example --encoding cp1252."
    return unreadable(path, reason, remedy, line=number)


def _is_utf8(sample: bytes, *, is_whole: bool) -> bool:
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        # The sample may end inside a character.
        return not is_whole and error.reason == "unexpected end of data" and error.end == len(sample)
    return True


def _is_damaged_utf8(sample: bytes) -> bool:
    """Say whether a text is UTF-8 but for a few bytes, which are then told by line.

    Reading it in another encoding would succeed, and change every accent of the file without a word.
    """
    letters = [letter for letter in sample.decode("utf-8", errors="surrogateescape") if not letter.isascii()]
    undecoded = sum(1 for letter in letters if _UNDECODED.match(letter))
    return len(letters) - undecoded > undecoded


def _oddity(text: str) -> int:
    """Count what does not look like writing: signs that belong in no text, capitals and signs inside words."""
    odd = 0
    for before, letter in pairwise(text):
        if letter.isascii():
            continue
        if letter.isalpha():
            odd += letter.isupper() and before.islower()
        else:
            odd += letter not in _PUNCTUATION or (before.isalpha() and letter not in "’\u00a0»”…")
    return odd
