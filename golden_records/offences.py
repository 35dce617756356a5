"""What a check of the whole database is, and what it finds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offence:
    """Something that is not as it must be: the ids of what it concerns (never its values), in words, and what to do."""

    entity: str
    ids: Mapping[str, str | int]
    told: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Check:
    """A statement that must hold at any time (`holds`), and how every offence against it is found.

    `find` reads the whole database and changes nothing, in bounded memory: offences are given one by one. `along` finds those of several
    checks on one way through the same rows, each with the name of its check; it is the same function for all of them. `effort` is the
    seconds that it takes over a million records, about, of what takes long: that begins first.
    """

    name: str
    holds: str
    find: Callable[[], Iterator[Offence]]
    along: Callable[[], Iterator[tuple[str, Offence]]] | None = None
    effort: int = 1
