"""Where two values differ, letter by letter."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final

from rapidfuzz.distance import Indel

COMPARED_AT_MOST: Final = 1_000
"""Longer texts are marked as a whole: nobody reads letters there, and the work grows with the product of the lengths."""

SHORTEST_ISLAND: Final = 2
SHORTEST_ISLAND_OF_CODES: Final = 3
"""A common stretch shorter than this between two differences is noise: the 'a' in 'Acme' and 'Banque' says nothing."""


class Likeness(StrEnum):
    """How a stretch of a value is found in the other one: the same, but for case and accents, or not at all."""

    SAME = "same"
    NEAR = "near"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a value; `script` names that of letters which pass for others."""

    text: str
    likeness: Likeness
    script: str = ""


Segments = tuple[Segment, ...]


def differences(left: str, right: str) -> tuple[Segments, Segments]:
    """Cut each of two values into stretches by how the other one has them.

    The stretches of each side joined give the value back, whatever it is. Equal values have no difference.
    """
    if left == right:
        return _whole(left, Likeness.SAME), _whole(right, Likeness.SAME)
    if max(len(left), len(right)) > COMPARED_AT_MOST:
        return _whole(left, Likeness.DIFFERENT), _whole(right, Likeness.DIFFERENT)
    least = SHORTEST_ISLAND_OF_CODES if _is_code(left) and _is_code(right) else SHORTEST_ISLAND
    mine, theirs = [Likeness.DIFFERENT] * len(left), [Likeness.DIFFERENT] * len(right)
    for step in Indel.opcodes(_folded(left), _folded(right)):
        start, end, other = step.src_start, step.src_end, step.dest_start
        if step.tag == "equal" and end - start >= least:
            for offset in range(end - start):
                same = left[start + offset] == right[other + offset]
                mine[start + offset] = theirs[other + offset] = Likeness.SAME if same else Likeness.NEAR
    return _segments(left, mine), _segments(right, theirs)


def with_scripts(segments: Segments, strange: Mapping[int, str]) -> Segments:
    """Cut stretches further where letters pass for others: `strange` has their places in the whole value, and their scripts."""
    if not strange:
        return segments
    letters = ((letter, segment.likeness) for segment in segments for letter in segment.text)
    placed = [(letter, likeness, strange.get(place, "")) for place, (letter, likeness) in enumerate(letters)]
    return tuple(
        Segment("".join(letter for letter, *_ in run), likeness, script)
        for (likeness, script), run in groupby(placed, key=lambda each: each[1:])
    )


def _is_code(text: str) -> bool:
    """Whether it is a number or an identifier rather than words."""
    return " " not in text and any(letter.isdigit() for letter in text)


def _folded(text: str) -> list[str]:
    """Each letter without its case and accents: one for one, so that places in the result are places in the text."""
    return [unicodedata.normalize("NFKD", letter)[0].casefold() for letter in text]


def _whole(text: str, likeness: Likeness) -> Segments:
    return (Segment(text, likeness),) if text else ()


def _segments(text: str, likenesses: Sequence[Likeness]) -> Segments:
    letters = zip(text, likenesses, strict=True)
    return tuple(Segment("".join(letter for letter, _ in run), likeness) for likeness, run in groupby(letters, key=lambda pair: pair[1]))
