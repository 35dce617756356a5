"""Columns whose codes are the places of their texts among those met: few pairs look up what is known of a text, and nothing else.

What is known comes as a row per text met, whichever field it is of, so that texts of all fields can be compared in one go.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from matching.core.columns import Codes, Column, Tokens, again, learn, word_places, words_of
from matching.core.met import Kept, Met, Places


class MetColumn(Column):
    """Texts at some places of a collection; only of these is known what is asked for."""

    def __init__(self, known: Met, places: Places) -> None:
        """Tell of the texts at these places."""
        self._known, self._own = known, places
        self._features: dict[str, Any] = {}

    def told(self, name: str, make: Callable[[Column], Any], kept: Kept) -> Any:
        """Give a row per text met of what is made with something beside the text, and so kept with that."""
        return self._known.rows(name, lambda texts: make(_looked_up(texts, self._known)), self._own, kept)

    @property
    def size(self) -> int:
        """How many codes there may be."""
        return len(self._known)

    def of_each(self, name: str, make: Callable[[Column], Any]) -> Any:
        """Give a row per text met."""
        found = self._features.get(name)
        if found is None:
            found = self._known.rows(name, lambda texts: make(_looked_up(texts, self._known)), self._own)
            self._features[name] = found
        return found

    def _unshared(self, one: Places | Codes, other: Places | Codes, apart: NDArray[np.uint64]) -> NDArray[np.uint8]:
        """Give how many letters only one of two values has; what a value has several times counts so often."""
        known = self.of_each("again", again)
        found: NDArray[np.uint8] = np.bitwise_count(apart) + np.bitwise_count(known[one] ^ known[other])
        return found

    def padded(self, name: str, make: Callable[[Column], Any]) -> Any:
        """Give a row per text met; the last is always 0."""
        return self.of_each(name, make)

    def met_at(self, codes: Places | Codes) -> tuple[Met, Places]:
        """Give where the values of these codes are among the texts met."""
        return self._known, codes.astype(np.int64)

    @property
    def tokens(self) -> "MetTokens":
        """The words of each value."""
        return self.feature("tokens", lambda _: MetTokens(self._known, self._own))  # type: ignore[no-any-return]

    @classmethod
    def together(cls, columns: Iterable["MetColumn"]) -> "MetColumn":
        """Give the column of the texts of several."""
        several = list(columns)
        return cls(several[0]._known, np.concatenate([column._own for column in several]))  # noqa: SLF001 - its own kind


class MetTokens(Tokens):
    """The words of texts met, which are such texts themselves."""

    def __init__(self, known: Met, places: Places) -> None:
        """Tell of the words of the texts at these places."""
        self._known, self._own = known, places
        self._rows: Codes = known.rows("words", lambda texts: word_places(known, texts), places)
        own = self._rows[places]
        there = own >= 0
        self._width = max(int(np.count_nonzero(np.logical_or.reduce(there))), 1)
        self._own_words: Places = own[there]
        self.words = MetColumn(known, self._own_words)

    @property
    def counts(self) -> NDArray[np.int32]:  # type: ignore[override]
        """How many words each value has."""
        made: NDArray[np.int32] = self._known.rows("word count", _counted, self._own)
        return made

    def words_of(self, codes: Places | Codes) -> NDArray[np.int32]:
        """Give the words of some values (words x values)."""
        return self._rows.take(codes, axis=0)[:, : self._width].T

    def weighed(
        self, name: str, weigh: Callable[[Column], NDArray[np.float32]], kept: Kept | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give what each word weighs, and 0 for none; and the sum of each value's words."""
        weights = self._known.rows(name, lambda texts: weigh(_looked_up(texts, self._known)), self._own_words, kept)
        # Weights are such that sums of them are exact: the order of the words is no part of them.
        words = self._rows
        total = self._known.rows(f"sum of {name}", lambda texts: weights[words[self._known.places(texts)]].sum(axis=1), self._own, kept)
        return weights, total


@dataclass(frozen=True, slots=True)
class MetTable:
    """A table with the places of its texts among those met for codes (fields x rows, -1 where missing).

    `field` is where each field is, by name.
    """

    field: Mapping[str, int]
    known: Met
    codes: Codes
    _columns: dict[int, MetColumn] = dataclass_field(default_factory=dict, compare=False, repr=False)

    def column(self, field: int) -> MetColumn:
        """Give what is known of the texts of a field."""
        made = self._columns.get(field)
        if made is None:
            own = self.codes[field]
            made = self._columns[field] = MetColumn(self.known, own[own >= 0])
        return made

    @classmethod
    def of(cls, texts: Mapping[str, Sequence[str | None]], known: Met) -> "MetTable":
        """Look the texts of each field (a row each, what is missing None or empty) up among those met; learn the new ones in one go."""
        places = [known.places_or_missing(column) for column in texts.values()]
        new = known.unlearnt()
        if len(new):
            # Words are such texts too; most texts are one word, which is there by now.
            known.places([word for text in known.texts(new) if " " in text for word in words_of(text)])
            learn(known, known.unlearnt())
        return cls({name: number for number, name in enumerate(texts)}, known, np.array(places, np.int32).reshape(len(texts), -1))

    def rows(self, rows: NDArray[np.int64] | NDArray[np.int32]) -> "MetTable":
        """Give some rows, in this order."""
        return MetTable(self.field, self.known, self.codes[:, rows])


def _looked_up(texts: list[str], known: Met) -> Column:
    """Give the column of texts met, of which what is known already, such as their hashes, is not made again."""
    return Column.of_texts(texts, (known, known.places(texts)))


def _of(texts: list[str]) -> Tokens:
    return Tokens.of(pa.array(texts, pa.string()))


def _counted(texts: list[str]) -> NDArray[np.int32]:
    return _of(texts).counts
