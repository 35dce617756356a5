"""A body of any length is cut into its lines, whatever pieces it comes in and however long a line is."""

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from api import ndjson
from api.ndjson import lines

LIMIT = 8


def _cut(body: bytes, *, pieces: int = 3) -> list[tuple[int, bytes | None]]:
    stream = BytesIO(body)
    return list(lines(lambda _: stream.read(pieces), limit=LIMIT))


@given(st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"x"))), st.integers(1, 20))
def test_lines_do_not_depend_on_the_pieces_that_the_body_comes_in(sent: list[bytes], pieces: int) -> None:
    whole = b"\n".join(sent)
    assert _cut(whole, pieces=pieces) == _cut(whole, pieces=10_000)


def test_lines_are_numbered_as_they_stand_and_blank_ones_are_left_out() -> None:
    assert _cut(b"a\n\n \t\r\nb\r\n\nc") == [(1, b"a"), (4, b"b"), (6, b"c")]


def test_a_line_that_is_too_long_is_told_as_such_and_the_next_one_is_read() -> None:
    assert _cut(b"123456789\nabc\n" + b"x" * 1000 + b"\n12345678\n" + b"y" * 9) == [
        (1, None),
        (2, b"abc"),
        (3, None),
        (4, b"12345678"),
        (5, None),
    ]


def test_of_a_line_without_end_no_more_is_kept_than_the_limit() -> None:
    kept = list[int]()

    def endless(size: int) -> bytes:
        kept.append(size)
        return b"x" * size if len(kept) < 10_000 else b""

    assert list(lines(endless)) == [(1, None)]
    assert sum(kept) > 500 * ndjson.LINE_LIMIT


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert _cut(b"\xef\xbb\xbf{}\n{}") == [(1, b"{}"), (2, b"{}")]


def test_an_empty_body_has_no_lines() -> None:
    assert _cut(b"") == _cut(b"\n\n") == []
