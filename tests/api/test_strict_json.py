"""What comes in is kept as it is or refused; what goes out loses nothing."""

import io
import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.problems import InvalidRequest, MalformedJson, PayloadTooLarge
from api.strict_json import BODY_LIMIT, DEPTH_LIMIT, StrictJSONParser, decode, encode

storable_text = st.text(alphabet=st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | storable_text,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(storable_text, children, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_every_value_that_json_can_hold_comes_back_as_it_was(value: Any) -> None:
    assert decode(json.dumps(value).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_as_malformed(body: bytes) -> None:
    with suppress(MalformedJson, InvalidRequest):
        decode(body)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"x": {"a": 1, "b": 2, "a": 1}}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e400}', "exponent"),
        (b'{"a": 1e999999999999999999999}', "exponent"),
        (b'{"a": 1e-999999999}', "exponent"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "digits"),
        (b'{"a": 0.' + b"9" * 5_000 + b"}", "digits"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'\xef\xbb\xbf{"a": 1}', "line 1"),
        (b'{"a": 1', "line 1"),
        (b"{'a': 1}", "line 1"),
        (b'{"a": 1} trailing', "Extra data"),
        (b'{"a": "line\nbreak"}', "control character"),
        (b"", "line 1"),
    ],
)
def test_a_body_that_is_not_json_is_refused_and_says_why(body: bytes, word: str) -> None:
    with pytest.raises(MalformedJson, match=word):
        decode(body)


@pytest.mark.parametrize("brackets", [b"[]", b'{"a":}'])
def test_nesting_is_bounded_however_deep_it_is(brackets: bytes) -> None:
    middle = len(brackets) - 1
    for depth in (DEPTH_LIMIT + 1, 900, 10_000, 100_000):
        with pytest.raises(MalformedJson, match="deep"):
            decode(brackets[:middle] * depth + b"1" + brackets[middle:] * depth)
    assert decode(brackets[:middle] * DEPTH_LIMIT + b"1" + brackets[middle:] * DEPTH_LIMIT)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (rb'{"attributes": {"city": "Par\u0000is"}}', "/attributes/city"),
        (rb'{"payload": {"a/b": ["x", "\ud800"]}}', "/payload/a~1b/1"),
        (rb'{"payload": {"\u0000": 1}}', "/payload"),
    ],
)
def test_text_that_no_database_stores_is_refused_with_its_place(body: bytes, pointer: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode(body)
    error: Any = caught.value.data["errors"][0]  # type: ignore[index]  # a list of FieldError
    assert error.pointer == pointer


def test_no_digit_of_a_number_is_lost() -> None:
    assert decode(b"[0.1, 12345678901234567890.12, 1000000000000000000000000000000]") == [
        0.1,
        Decimal("12345678901234567890.12"),
        10**30,
    ]


def test_a_body_beyond_the_limit_is_not_read_to_its_end() -> None:
    stream = io.BytesIO(b" " * (2 * BODY_LIMIT))
    with pytest.raises(PayloadTooLarge):
        StrictJSONParser().parse(stream)
    assert stream.tell() == BODY_LIMIT + 1


def test_ids_times_and_exact_numbers_go_out_as_strings() -> None:
    moment = datetime(2025, 3, 31, 9, 30, tzinfo=UTC)
    document = {"id": UUID(int=1), "at": moment, "on": moment.date(), "budget": Decimal("120.50")}
    assert json.loads(encode(document)) == {
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2025-03-31T09:30:00Z",
        "on": "2025-03-31",
        "budget": "120.50",
    }
