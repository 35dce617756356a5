"""Text arrays as bytes: cutting and filtering many texts at once, without a loop over them."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


class FewTexts(list[str | None]):
    """Few texts in the place of an array of them: to make an array takes longer than all that is done to the texts in it."""

    def to_pylist(self) -> list[str | None]:
        """Give the texts, as an array does."""
        return self


def few(like: "pa.StringArray | FewTexts", texts: Sequence[str | None]) -> "pa.StringArray | FewTexts":
    """Give texts that were made of few others as those were given: as an array, or as they are."""
    return FewTexts(texts) if isinstance(like, FewTexts) else pa.array(texts, pa.string())


def as_array(values: "pa.StringArray | FewTexts") -> pa.StringArray:
    """Give the array of texts that may be few, for what Arrow alone does."""
    return pa.array(values, pa.string()) if isinstance(values, FewTexts) else values


def buffer_of(texts: Sequence[str]) -> tuple[Bytes, Places]:
    """Give the bytes of few texts, and the offsets into them, as `text_buffer` does of an array."""
    parts = [text.encode() for text in texts]
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=offsets[1:])
    return np.frombuffer(b"".join(parts), np.uint8), offsets


def text_buffer(values: pa.StringArray) -> tuple[Bytes, Places]:
    """Give the bytes of a text array (nulls as empty texts) and the offsets into them; no byte is copied."""
    if not len(values):
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    _, offsets, data = values.buffers()
    ends = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1].astype(np.int64)
    if data is None:
        return np.empty(0, np.uint8), ends - ends[0]
    return np.frombuffer(data, np.uint8)[ends[0] : ends[-1]], ends - ends[0]


def from_buffer(data: Bytes, offsets: Places) -> pa.StringArray:
    """Make a text array of bytes and offsets."""
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets.astype(np.int32).tobytes()), pa.py_buffer(data.tobytes()))


def slice_texts(data: Bytes, starts: Places, ends: Places) -> pa.StringArray:
    """Cut the bytes from each start to each end; where the end comes first the text is empty."""
    lengths = np.maximum(ends - starts, 0)
    offsets = np.append(0, np.cumsum(lengths))
    place = np.arange(int(offsets[-1])) + np.repeat(starts - offsets[:-1], lengths)
    return from_buffer(data[place], offsets)


def keep_bytes(values: pa.StringArray, wanted: NDArray[np.bool_]) -> pa.StringArray:
    """Leave out the bytes that are not wanted (a table of 256)."""
    data, offsets = text_buffer(values)
    kept = wanted[data]
    before = np.append(0, np.cumsum(kept))
    return from_buffer(data[kept], before[offsets])


def last_place(data: Bytes, offsets: Places, byte: int) -> Places:
    """Give where each text has the byte last, or -1."""
    found = np.flatnonzero(data == byte)
    if not len(found):
        return np.full(len(offsets) - 1, -1, np.int64)
    place = found[np.maximum(np.searchsorted(found, offsets[1:]) - 1, 0)]
    return np.where((place >= offsets[:-1]) & (place < offsets[1:]), place, -1)


def first_run(values: pa.StringArray, wanted: NDArray[np.bool_]) -> pa.StringArray:
    """Cut the first run of wanted bytes out of each text."""
    data, offsets = text_buffer(values)
    inside = wanted[data]
    found, others = np.append(np.flatnonzero(inside), len(data)), np.append(np.flatnonzero(~inside), len(data))
    starts = np.minimum(found[np.searchsorted(found, offsets[:-1])], offsets[1:])
    ends = np.minimum(others[np.searchsorted(others, starts)], offsets[1:])
    return slice_texts(data, starts, ends)


def byte_set(characters: str) -> NDArray[np.bool_]:
    """Give the table of 256 that is true for these characters."""
    table = np.zeros(256, np.bool_)
    table[[ord(character) for character in characters]] = True
    return table


DIGITS = byte_set("0123456789")
