"""The project's own source files, for tests about them."""

import ast
import gc
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("golden_records", "matching", "api", "mdm")


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file under version control, or about to be: what git neither ignores nor has been told to remove."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607  # git is a need of the project
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def modules(*packages: str) -> list[Path]:
    """The Python files of some packages, without migrations."""
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py")) if "migrations" not in path.parts]


@cache
def parsed(path: Path) -> ast.Module:
    """A file's syntax tree."""
    # What the collector finalises while Python builds a tree may run Python itself, which Python 3.11 takes for a fault in the tree.
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    finally:
        gc.enable()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file, also inside others."""
    return (node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def name_of(path: Path) -> str:
    """A file as a person would name it."""
    return str(path.relative_to(ROOT))
