"""What was read within the last second, so that a busy program does not cost a query a request."""

import time
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

BELIEVED_SECONDS: Final = 1.0
MOST: Final = 1024

Name = TypeVar("Name", bound=Hashable)
Value = TypeVar("Value")


class Lately(Generic[Name, Value]):
    """Values by name, each believed for `BELIEVED_SECONDS` after it was read: what changes is known to every process by then.

    Only what is there is remembered, so that what is new is found at once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing; `clock` gives seconds."""
        self._clock = clock
        self._values: dict[Name, tuple[float, Value]] = {}

    def get(self, name: Name) -> Value | None:
        """Give the value, where it was read less than `BELIEVED_SECONDS` ago."""
        known = self._values.get(name)
        if known is None or self._clock() - known[0] > BELIEVED_SECONDS:
            return None
        return known[1]

    def remember(self, name: Name, value: Value) -> None:
        """Believe the value for a while."""
        if len(self._values) >= MOST:
            self._values.clear()
        self._values[name] = (self._clock(), value)

    def forget(self) -> None:
        """Drop everything: the next request for each name asks the database."""
        self._values.clear()
