"""Encoding: from arrays of texts to columns, and columns under one dictionary."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.core.columns import MISSING, Column

FEW: Final = 256
"""Values up to which Python's own dictionaries are faster."""


def whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Give a column in one piece."""
    if isinstance(values, pa.Array):
        return values
    if values.num_chunks == 1:
        return values.chunk(0)
    return (values.unify_dictionaries() if pa.types.is_dictionary(values.type) else values).combine_chunks()


def as_text(values: pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """Give any column as texts."""
    array = whole(values)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return array if array.type == pa.string() else array.cast(pa.string())


def encode(values: pa.Array) -> Column:
    """Encode a text array; null and the empty text are missing."""
    if len(values) <= FEW:
        return encode_few(as_text(values).to_pylist())
    values = whole(values)
    if pa.types.is_dictionary(values.type):
        inner = encode(values.dictionary)
        return inner.with_codes(np.append(inner.codes, np.int32(MISSING))[values.indices.fill_null(MISSING).to_numpy(zero_copy_only=False)])
    encoded = as_text(values).dictionary_encode()
    indices = encoded.indices.fill_null(MISSING) if encoded.null_count else encoded.indices
    codes = indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    empty = pc.index(encoded.dictionary, "").as_py()
    if empty >= 0:
        codes = np.where(codes == empty, np.int32(MISSING), codes)
    return Column(codes, encoded.dictionary)


def encode_few(texts: Sequence[str | None]) -> Column:
    """Encode few texts; None and the empty text are missing."""
    places: dict[str, int] = {}
    codes = [places.setdefault(text, len(places)) if text else MISSING for text in texts]
    return Column(np.array(codes, np.int32), list(places))


def recode(column: Column, values: pa.StringArray | list[str | None]) -> Column:
    """Give the column whose value for each code is the text at that place of `values` (null: missing)."""
    inner = encode_few(values) if isinstance(values, list) else encode(values)
    return inner.with_codes(np.append(inner.codes, np.int32(MISSING))[column.codes])


def join(left: Column, right: Column) -> Column:
    """Put the rows of two columns under one dictionary, so that equal texts have equal codes."""
    if left is right:
        return left
    both = pa.concat_arrays([left.values, right.values]).dictionary_encode()
    lookup = both.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    size = len(left.values)
    first = np.append(lookup[:size], np.int32(MISSING))[left.codes]
    second = np.append(lookup[size:], np.int32(MISSING))[right.codes]
    return Column(np.concatenate([first, second]), both.dictionary)
