"""Texts that this process has met in small tables, and what was made of each: in real time most have been looked into before.

What is kept is made of a text alone and found by it, so it can't go stale. It is bounded: of too many texts, all are forgotten.
"""

from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Places: TypeAlias = NDArray[np.int64] | NDArray[np.int32]
Made: TypeAlias = NDArray[Any]
Kept: TypeAlias = dict[str, tuple["Met", NDArray[np.bool_], Made]]
"""What was made, by name: of which collection, of which of its texts, and a row per text."""
_MISSING: Final = -1
MOST_MET: Final = 50_000
"""Texts that are remembered; each costs about a kilobyte once everything is known of it."""


class Met:
    """Texts by place, each once, and arrays of what was made of them: a row per text, made when it is first asked for."""

    def __init__(self) -> None:
        """Begin with no text."""
        self._places: dict[str, int] = {}
        self._texts: list[str] = []
        self._made: Kept = {}
        self._of_all: frozenset[str] = frozenset()
        self._learnt_of_all = 0
        self._lock = RLock()

    def __len__(self) -> int:
        """Count the texts."""
        return len(self._texts)

    def places(self, texts: Sequence[str]) -> Places:
        """Give where these texts are; those that are new get a place."""
        known = self._places
        try:
            return np.array([known[text] for text in texts], np.int64)
        except KeyError:
            self._take_up(texts)
            return np.array([known[text] for text in texts], np.int64)

    def places_or_missing(self, texts: Sequence[str | None]) -> list[int]:
        """Give where these texts are, and -1 where there is none or an empty one; those that are new get a place."""
        known = self._places
        try:
            return [known[text] if text else _MISSING for text in texts]
        except KeyError:
            self._take_up(texts)
            return [known[text] if text else _MISSING for text in texts]

    def _take_up(self, texts: Sequence[str | None]) -> None:
        known = self._places
        with self._lock:
            for text in texts:
                if text is not None and text not in known:
                    # The text first: who finds a place finds its text too.
                    self._texts.append(text)
                    known[text] = len(self._texts) - 1

    def unlearnt(self) -> Places:
        """Give the places of the texts that `learn` was not told of."""
        return np.arange(self._learnt_of_all, len(self._texts))

    def texts(self, places: Places) -> list[str]:
        """Give the texts at these places."""
        return [self._texts[place] for place in places.tolist()]

    def known(self, name: str, make: Callable[[list[str]], Made], places: Places) -> Made:
        """Give what `make` makes of the texts at these places, a row each; what was made before is not made again."""
        return self.rows(name, make, places)[places]

    def rows(self, name: str, make: Callable[[list[str]], Made], places: Places, kept: Kept | None = None) -> Made:
        """Give what `make` makes of texts as a row per text met, of which those at these places can be relied on, and the last, 0.

        What `make` makes of a text by something beside it is `kept` with that, and so forgotten with it.
        """
        if not len(places):
            told = make([])
            return np.zeros((1, *told.shape[1:]), told.dtype)
        if kept is None and name in self._of_all and self._learnt_of_all == len(self._texts):
            return self._made[name][2]
        store = self._made if kept is None else kept
        with self._lock:
            owner, made, rows = store.get(name, _NOTHING)
            if owner is not self:
                made, rows = _NOTHING[1:]
            if len(made) <= len(self._texts) or not np.logical_and.reduce(made.take(places)):
                made, rows = self._learnt(made, rows, make, places)
                store[name] = self, made, rows
            return rows

    def learn(self, told: Mapping[str, Made], places: Places) -> None:
        """Keep what was made of the texts at these places, a row each. What is learnt of all texts need not be looked for."""
        with self._lock:
            for name, rows in told.items():
                self._keep(name, rows, places)
            self._of_all = frozenset(told)
            if len(places) and places[0] <= self._learnt_of_all:
                self._learnt_of_all = max(self._learnt_of_all, int(places[-1]) + 1)

    def _keep(self, name: str, told: Made, places: Places) -> None:
        _, made, rows = self._made.get(name, (self, *_NOTHING[1:]))
        if len(made) <= len(self._texts):
            made = _longer(made, made, 2 * len(self._texts) + 1)
        rows = _longer(_longer(rows, told, len(made)), told, len(made))
        rows[places], made[places] = told, True
        self._made[name] = self, made, rows

    def _learnt(
        self, made: NDArray[np.bool_], rows: Made, make: Callable[[list[str]], Made], places: Places
    ) -> tuple[NDArray[np.bool_], Made]:
        if len(made) <= len(self._texts):
            made = _longer(made, made, 2 * len(self._texts) + 1)
        # Of few numbers Python's own sets are faster.
        new = np.array(sorted(set(places[~made[places]].tolist())), np.int64)
        if len(new):
            told = make(self.texts(new))
            rows = _longer(rows, told, len(made))
            rows[new], made[new] = told, True
        return made, _longer(rows, rows, len(made))


_NOTHING: Final[tuple[None, NDArray[np.bool_], Made]] = (None, np.empty(0, np.bool_), np.empty(0, np.bool_))


def _longer(rows: Made, like: Made, size: int) -> Made:
    """Give rows with room for as many; rows without content take the shape of others."""
    if len(rows) >= size:
        return rows
    longer = np.zeros((size, *like.shape[1:]), like.dtype)
    if len(rows):
        longer[: len(rows)] = rows
    return longer


_current: list[Met] = [Met()]


def met() -> Met:
    """Give the texts that this process has met; a new collection where the last one is full, which its users keep."""
    if len(_current[0]) > MOST_MET:
        _current[0] = Met()
    return _current[0]
