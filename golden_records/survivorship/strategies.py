"""How one value is chosen over another: each strategy keeps the best of the candidates, and any that are as good.

A strategy never keeps none, never looks at the order in which the candidates come, and never changes it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from golden_records.survivorship.members import Candidate

Strategy = Callable[[Sequence[Candidate]], list[Candidate]]


def most_trusted(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep what is trusted most: its source in general, or as the rules say for the attribute, the age and the validity."""
    return _greatest(candidates, lambda candidate: candidate.trust)


def most_recent(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep what was said last by the sources' own clocks (`Member.as_of`)."""
    return _greatest(candidates, lambda candidate: candidate.member.as_of)


def last_arrived(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep what came to us last, whatever the sources' clocks say."""
    return _greatest(candidates, lambda candidate: candidate.member.arrived_at)


def last_confirmed(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep what a source sent last, be it new or the same again; to the day."""
    return _greatest(candidates, lambda candidate: candidate.member.confirmed.date())


def most_complete(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep what fills the most attributes of the group; of a single attribute all are as complete."""
    return _greatest(candidates, lambda candidate: sum(part is not None for part in candidate.parts))


def longest(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep what has the most characters."""
    return _greatest(candidates, lambda candidate: sum(len(str(part)) for part in candidate.parts if part is not None))


def most_frequent(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep what the most records say."""
    said = Counter(candidate.parts for candidate in candidates)
    return _greatest(candidates, lambda candidate: said[candidate.parts])


def maximum(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep the greatest number, the last date, the last text in the order of its characters."""
    return _greatest(candidates, lambda candidate: candidate.parts[0])


def minimum(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep the least number, the first date, the first text in the order of its characters."""
    least: Any = min(candidate.parts[0] for candidate in candidates)  # type: ignore[type-var]  # one attribute, one type
    return [candidate for candidate in candidates if candidate.parts[0] == least]


STRATEGIES: Final[Mapping[str, Strategy]] = MappingProxyType(
    {
        "most_trusted": most_trusted,
        "most_recent": most_recent,
        "last_arrived": last_arrived,
        "last_confirmed": last_confirmed,
        "most_complete": most_complete,
        "longest": longest,
        "most_frequent": most_frequent,
        "minimum": minimum,
        "maximum": maximum,
    }
)
ONE_ATTRIBUTE_ONLY: Final = frozenset({"minimum", "maximum"})
"""Strategies that compare values themselves, so that they make no sense for a group of attributes."""


def _greatest(candidates: Sequence[Candidate], measure: Callable[[Candidate], Any]) -> list[Candidate]:
    measures = [measure(candidate) for candidate in candidates]
    greatest = max(measures)
    return [candidate for candidate, measured in zip(candidates, measures, strict=True) if measured == greatest]
