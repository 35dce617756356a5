"""The sentences that the program says to people in errors and remarks: gathered out of the code as patterns."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# The modules whose errors and remarks a page may show. What only commands and the API say is English.
PLACES: Final = (
    *(
        f"golden_records/{name}.py"
        for name in ("endorsing", "facts", "golden", "imports", "locking", "mapping", "merging", "moving", "overriding")
    ),
    *(f"golden_records/{name}.py" for name in ("payloads", "publishing", "quarantine", "selectors", "sources", "source_systems")),
    *(f"golden_records/{name}.py" for name in ("storing", "taking", "tombstones", "withdrawing", "hierarchy/settling")),
    *(f"golden_records/webhooks/{name}.py" for name in ("dead_letters", "delivering", "endpoints", "setting_aside", "subscriptions")),
    *(f"matching/{name}.py" for name in ("hierarchy", "locks", "pair_explanations", "regroup_plan", "regroup_preview", "regrouping")),
    *(
        f"matching/{name}.py"
        for name in ("four_eyes", "judgements", "overriding", "rehearsing", "review", "review_queue", "erasure", "contradictions")
    ),
    *("matching/reports/asking.py", "matching/core/meeting.py", "golden_records/row_kinds.py", "golden_records/survivorship/reading.py"),
    "golden_records/standardising",
)


def sentences(root: Path) -> Iterator[tuple[str, str]]:
    """Each sentence with the file that says it: `{name}` stands where a value is put in."""
    for place in PLACES:
        path = root / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if file.exists():
                yield from ((text, file.relative_to(root).as_posix()) for text in _of(ast.parse(file.read_text(encoding="utf-8"))))


def _of(tree: ast.Module) -> Iterator[str]:
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    silent |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part is not node}
    for node in ast.walk(tree):
        if id(node) not in silent and (text := pattern_of(node)) and is_sentence(text):
            yield text


def is_sentence(text: str) -> bool:
    """Whether a text is said to a person: it begins as a sentence does, has several words, and ends with a point."""
    return text.endswith(".") and " " in text and (text[0].isupper() or text[0] == "{") and not text.startswith("{}")


def pattern_of(node: ast.AST) -> str:
    """A string or f-string as a pattern; empty for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if not isinstance(node, ast.JoinedStr):
        return ""
    seen: Counter[str] = Counter()
    text = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            name = _name(part.value)
            seen[name] += 1
            text += f"{{{name}{seen[name] if seen[name] > 1 else ''}}}"
    return text


def _name(node: ast.expr) -> str:
    """What stands in a place, by its own name: `entity.name` is name, `len(cells)` is cells."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").lower()
        case ast.Call(args=[first, *_]):
            return _name(first)
        case ast.Call(func=function):
            return _name(function)
        case ast.Subscript(value=value):
            return _name(value)
    return "value"
