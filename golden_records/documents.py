"""Documents that people write as YAML, such as configs, rules and mappings: where in the text a mistake is, and how two versions differ.

No Django here and no database.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Final

import yaml

_QUOTED: Final = re.compile(r"'([^']+)'")
_AROUND: Final = 2
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C where there is one: a match config has hundreds of lines."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong: the line of the text, from 1, as far as it can be told, and what it is."""

    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a difference; `kind` is added, removed, place (where it is) or same."""

    kind: str
    text: str


def mistakes(text: str, told: Iterable[str]) -> list[Mistake]:
    """Say in which line of a document each mistake is, the first line first; those that are nowhere to be found come first.

    What a mistake is about is taken from its words: a path before the first colon ("thresholds.auto: ..."), or names in quotes.
    """
    told = list(told)
    if not told:
        return []
    try:
        lines = dict(_lines(yaml.compose(text, Loader=_LOADER)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return [Mistake(mark.line + 1 if mark else None, each) for each in told]
    return sorted((Mistake(_line_of(each, lines), each) for each in told), key=lambda found: found.line or 0)


def difference(before: str, after: str) -> list[DiffLine]:
    """Give the lines in which two versions differ, with a few around them; nothing where they are the same."""
    found = list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_AROUND))[2:]
    return [DiffLine(_KINDS.get(line[:1], "same"), line) for line in found]


_KINDS: Final[Mapping[str, str]] = {"+": "added", "-": "removed", "@": "place"}


def _lines(node: yaml.Node | None, path: str = "") -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = f"{path}.{key.value}" if path else str(key.value)
            yield here, key.start_mark.line + 1
            yield from _lines(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _lines(value, path)


def _line_of(told: str, lines: Mapping[str, int]) -> int | None:
    path = told.partition(":")[0].strip()
    while path:
        if path in lines:
            return lines[path]
        path = path.rpartition(".")[0]
    named = _QUOTED.findall(told)
    # The last name is the most precise: "'attributes' names 'segment_'".
    for name in reversed(named):
        at = [line for each, line in lines.items() if each == name or each.endswith(f".{name}")]
        if at:
            return at[0]
    return None
