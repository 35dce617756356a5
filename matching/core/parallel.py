"""Work in parts, on all cores: the long work is done in C without the interpreter's lock."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

CORES: Final = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Processor cores that this process may use. More threads than that only wait for each other."""


def each(function: Callable[[Part], Result], parts: Iterable[Part]) -> list[Result]:
    """Give what the function makes of each part, in order; which thread does what is no part of the result."""
    several = list(parts)
    if len(several) < 2 or CORES == 1:  # noqa: PLR2004 - nothing to share
        return [function(part) for part in several]
    with ThreadPoolExecutor(CORES) as pool:
        return list(pool.map(function, several))


def spans(size: int, most: int) -> list[slice]:
    """Cut `size` rows into even spans of at most `most`, as many for each core; one empty span where there is no row."""
    if size <= most:
        return [slice(0, size)]
    count = -(-size // (most * CORES)) * CORES
    return [slice(size * part // count, size * (part + 1) // count) for part in range(count)]
