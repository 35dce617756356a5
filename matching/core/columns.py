"""Dictionary-encoded columns: one code per row, and what is computed once per distinct value."""

from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from matching.core.hashing import FOREIGN, LETTER_BITS, MULTIPLIERS, Hashes, hash_texts, in_parts, letters_again, reduce_texts
from matching.core.met import Kept, Met, Places
from matching.core.sorting import sorted_unique
from matching.core.texts import buffer_of, text_buffer

Codes = NDArray[np.int32]

MISSING: Final = -1
MOST_TOKENS: Final = 16
"""The first words of a text, which are compared; what follows is left out, as it is an address or a description by then."""
_KEPT_AS_TEXTS: Final = 100_000
_FEW: Final = 256
"""Texts up to which an array of them costs more than it spares."""


class Column:
    """One field of a table: `codes` (int32 per row, -1 where missing) into `values`, its distinct texts."""

    def __init__(self, codes: Codes, values: pa.StringArray | list[str], features: dict[str, Any] | None = None) -> None:
        """Keep the codes and the distinct values; everything else is derived on first use, once for all who share it."""
        self.codes = codes
        known = {"strings": values} if isinstance(values, list) else {"values": values}
        self._features: dict[str, Any] = known if features is None else features

    def feature(self, name: str, make: Callable[["Column"], Any]) -> Any:
        """Give what `make` makes of the distinct values, made once."""
        found = self._features.get(name)
        if found is None:
            # Made by one thread: the others would only do the same work again.
            with self._features.setdefault("lock", RLock()):
                found = self._features.get(name)
                if found is None:
                    found = self._features[name] = make(self)
        return found

    def of_each(self, name: str, make: Callable[["Column"], Any]) -> Any:
        """Give what `make` makes of each distinct value (a row each) from its text alone; texts met before are looked up."""
        return self.feature(name, lambda own: _looked_up(own, name, make))

    def padded(self, name: str, make: Callable[["Column"], Any]) -> Any:
        """Give what `make` makes of each distinct value, a number, and 0 for a missing one (-1)."""
        return self.feature(f"{name}, padded", lambda own: np.append(own.of_each(name, make), np.bool_(0)))

    @property
    def values(self) -> pa.StringArray:
        """The distinct values, by code."""
        return self.feature("values", _values)

    @property
    def size(self) -> int:
        """How many distinct values there are."""
        known = self._features.get("strings")
        return len(self.values if known is None else known)

    @property
    def is_few(self) -> bool:
        """Whether the distinct values are few, and no array of them was made yet."""
        return "values" not in self._features and self.size <= _FEW

    @property
    def strings(self) -> list[str]:
        """The distinct values as Python texts, by code."""
        return self.feature("strings", _strings)  # type: ignore[no-any-return]

    @property
    def objects(self) -> NDArray[np.object_]:
        """The distinct values as an array of Python texts, to pick from by code."""
        return self.of_each("objects", _objects)  # type: ignore[no-any-return]

    @property
    def buffer(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The bytes of all values, one after the other, and where each begins (one more than values)."""
        return self.feature("buffer", _buffer)  # type: ignore[no-any-return]

    @property
    def lengths(self) -> NDArray[np.int32]:
        """Bytes of each value."""
        return self.of_each("lengths", _lengths)  # type: ignore[no-any-return]

    @property
    def hashes(self) -> Hashes:
        """A 64-bit hash per value, the same in every process."""
        return self.of_each("hashes", _hashes)  # type: ignore[no-any-return]

    @property
    def letters(self) -> NDArray[np.uint64]:
        """One bit per letter or digit that occurs in the value: two values differ by at least the bits that differ."""
        return self.of_each("letters", _letters)  # type: ignore[no-any-return]

    def least_edits(self, one: Places | Codes, other: Places | Codes) -> NDArray[np.int32]:
        """Give how many letters must be put in or taken out at least to make one value the other, for pairs of codes.

        What only one of two has must be; so must what it is longer by. 0 where one is not ASCII: lengths and letters are bytes.
        """
        mine, yours = self.letters[one], self.letters[other]
        unshared = np.maximum(self._unshared(one, other, mine ^ yours), np.abs(self.lengths[one] - self.lengths[other]))
        return np.where((mine | yours) >= FOREIGN, np.int32(0), unshared)

    def _unshared(self, one: Places | Codes, other: Places | Codes, apart: NDArray[np.uint64]) -> NDArray[np.uint8]:
        """Give how many letters only one of two values has, or fewer; `apart` is what `letters` of the two have not in common."""
        del one, other
        return np.bitwise_count(apart)

    @property
    def bags(self) -> NDArray[np.uint64]:
        """A number per value that texts of the same letters, in whatever order, share."""
        return self.of_each("bags", _bags)  # type: ignore[no-any-return]

    @property
    def tokens(self) -> "Tokens":
        """The words of each value."""
        return self.feature("tokens", _tokens)  # type: ignore[no-any-return]

    def picked(self, codes: NDArray[np.int64] | NDArray[np.int32]) -> NDArray[np.object_]:
        """Give the texts of these codes; of many values only the asked ones are made Python texts, which take room."""
        if self.size <= _KEPT_AS_TEXTS:
            return self.objects[codes]
        return self.values.take(pa.array(codes)).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]

    def with_codes(self, codes: Codes) -> "Column":
        """Give a column of other rows with the same distinct values, and all that is known of them."""
        return Column(codes, [], self._features)

    def look_up(self, known: Met, places: Places) -> None:
        """Let what is made of each value be looked up among the texts met, where the values are at these places."""
        self._features["met"] = (known, places)

    @property
    def met(self) -> tuple[Met, Places] | None:
        """Where the values are among the texts that this process has met; None where they are not looked up there."""
        return self._features.get("met")

    def met_at(self, codes: Places | Codes) -> tuple[Met, Places] | None:
        """Give where the values of these codes are among the texts met; None where they are not looked up there."""
        return None if self.met is None else (self.met[0], self.met[1][codes])

    @classmethod
    def of_texts(cls, texts: list[str], found: tuple[Met, Places] | None = None) -> "Column":
        """Give the column of distinct texts, a row each, that may be looked up among those met."""
        return cls(np.arange(len(texts), dtype=np.int32), [], {"strings": texts, "met": found})

    @classmethod
    def looked_up(cls, column: "Column", known: Met) -> "Column":
        """Give a column whose values may be looked up among the texts met."""
        return cls(column.codes, [], {"strings": column.strings, "met": (known, known.places(column.strings))})

    @classmethod
    def derived(cls, column: "Column", made: "Column") -> "Column":
        """Give the column of another's rows whose values are those of `made`, a column with a row per value of it."""
        return made.with_codes(np.append(made.codes, np.int32(MISSING))[column.codes])

    def take(self, rows: NDArray[np.int64] | NDArray[np.int32]) -> "Column":
        """Give the column of these rows; the distinct values stay."""
        return self.with_codes(self.codes[rows])

    def texts(self, rows: Sequence[int]) -> list[str | None]:
        """Give the texts of some rows, for people to read."""
        return [None if self.codes[row] < 0 else self.values[int(self.codes[row])].as_py() for row in rows]


def _values(column: Column) -> pa.StringArray:
    return pa.array(column.strings, pa.string())


def _strings(column: Column) -> list[str]:
    return column.values.to_pylist()  # type: ignore[no-any-return]


def _objects(column: Column) -> NDArray[np.object_]:
    return np.array(column.strings, object)


def _buffer(column: Column) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    return buffer_of(column.strings) if column.is_few else text_buffer(column.values)


def _looked_up(column: Column, name: str, make: Callable[[Column], Any]) -> Any:
    if column.met is None or not column.size:
        return make(column)
    known, places = column.met
    return known.known(name, lambda texts: make(Column.of_texts(texts)), places)


def _lengths(column: Column) -> NDArray[np.int32]:
    return np.diff(column.buffer[1]).astype(np.int32)


def _hashes(column: Column) -> Hashes:
    return hash_texts(*column.buffer)


def _letters(column: Column) -> NDArray[np.uint64]:
    return in_parts(*column.buffer, lambda data, offsets: reduce_texts(np.bitwise_or, LETTER_BITS[data], offsets))


def again(column: Column) -> NDArray[np.uint64]:
    """Give a bit per letter that a value has twice, three times and so on, which others may share."""
    return letters_again(*column.buffer)


def _bags(column: Column) -> NDArray[np.uint64]:
    return in_parts(*column.buffer, lambda data, offsets: reduce_texts(np.add, MULTIPLIERS[data], offsets))


def learn(known: Met, places: Places) -> None:
    """Make what is asked of nearly every text, of new ones, in one go: each by itself costs more than the work."""
    texts = known.texts(places)
    column = Column.of_texts(texts)
    told = {name: make(column) for name, make in _ASKED_OF_ALL.items()}
    known.learn(told | {"words": word_places(known, texts)}, places)


_ASKED_OF_ALL: Final[Mapping[str, Callable[[Column], NDArray[Any]]]] = {
    "objects": _objects,
    "lengths": _lengths,
    "hashes": _hashes,
    "letters": _letters,
    "again": again,
    "bags": _bags,
}


def _tokens(column: Column) -> "Tokens":
    return Tokens.of(column.values) if column.met is None or not column.size else Tokens.met(*column.met)


class Tokens:
    """The distinct words of a column's values; `ids` pads each value's words with negative numbers."""

    def __init__(self, ids: NDArray[np.int32], counts: NDArray[np.int32], words: Column) -> None:
        """Keep the word numbers per value (values x words, ascending), how many there are, and the words."""
        self.counts = counts
        self.words = words
        self.places = np.ascontiguousarray(ids.T)
        """The first word of all values, then the second and so on (words x values): what loops over words reads."""

    @property
    def ids(self) -> NDArray[np.int32]:
        """The word numbers of each value (values x words)."""
        return self.places.T

    def words_of(self, codes: Places | Codes) -> NDArray[np.int32]:
        """Give the words of some values (words x values)."""
        return self.places[:, codes]

    def weighed(
        self, name: str, weigh: Callable[[Column], NDArray[np.float32]], kept: Kept | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give what each word weighs, and 0 for none; and the sum of each value's words. `name` and `kept` are as in `Met.rows`."""
        del name, kept
        weights = np.append(weigh(self.words), np.float32(0))
        return weights, self.sums(weights)

    def sums(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sum the weights of each value's words; `weights` has one more than words, 0, for places without a word.

        In the order of the words, so that the last bit does not depend on how many words other values have.
        """
        total = np.zeros(self.places.shape[1], np.float32)
        for words in self.places:
            total += weights[words]
        return total

    @classmethod
    def met(cls, known: Met, places: Places) -> "Tokens":
        """Give the words of texts that were met; words are such texts too."""
        ids = known.known("words", lambda texts: word_places(known, texts), places)
        counts = (ids >= 0).sum(axis=1, dtype=np.int32)
        ids = ids[:, : max(int(counts.max()), 1)]
        numbers, there = np.full(ids.shape, MISSING, np.int32), ids >= 0
        flat = ids[there].astype(np.int64)
        words = sorted_unique(flat)
        numbers[there] = np.searchsorted(words, flat)
        return cls(numbers, counts, Column.of_texts(known.texts(words), (known, words)))

    @classmethod
    def of(cls, values: pa.StringArray) -> "Tokens":
        """Split texts at spaces; a word that occurs twice in a text counts once."""
        split = pc.split_pattern(values, " ")
        encoded = split.flatten().dictionary_encode()
        flat = encoded.indices.to_numpy(zero_copy_only=False)
        counts = pc.list_value_length(split).to_numpy(zero_copy_only=False).astype(np.int64)
        value = np.repeat(np.arange(len(values)), counts)
        if counts.max(initial=0) > MOST_TOKENS:
            first_ones = np.arange(len(value)) - np.repeat(np.cumsum(counts) - counts, counts) < MOST_TOKENS
            value, flat = value[first_ones], flat[first_ones]
        width = max(len(encoded.dictionary), 1)
        pair = sorted_unique(value * width + flat)
        value, flat = pair // width, pair % width
        first = np.searchsorted(value, np.arange(len(values)))
        place = np.arange(len(value)) - first[value]
        ids = np.full((len(values), int(max(place.max(initial=0) + 1, 1))), MISSING, np.int32)
        ids[value, place] = flat
        found = np.bincount(value, minlength=len(values)).astype(np.int32)
        words = encoded.dictionary.cast(pa.string())
        return cls(ids, found, Column(np.arange(len(words), dtype=np.int32), words))


def word_places(known: Met, texts: list[str]) -> NDArray[np.int32]:
    """Give where the words of each text are, each once, padded with -1."""
    places = np.full((len(texts), MOST_TOKENS), MISSING, np.int32)
    words = [words_of(text) for text in texts]
    there = np.arange(MOST_TOKENS) < np.array([len(each) for each in words], np.int64)[:, None]
    places[there] = known.places([word for each in words for word in each])
    return places


def words_of(text: str) -> list[str]:
    """Split a text at spaces; a word that occurs twice counts once."""
    return list(dict.fromkeys(text.split(" ")[:MOST_TOKENS]))
