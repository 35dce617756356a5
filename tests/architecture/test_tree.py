import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import PACKAGES, ROOT, name_of, tracked_files

# Folders that exist on one machine only: where this checkout lies, and whose it is.
OWN_FOLDERS = re.compile(b"|".join(re.escape(f"{folder}/".encode()) for folder in (ROOT, Path.home())))
LOCK_ADDRESS = re.compile(rb"://|file:|@ |--(?:index|extra-index|find)")
UNSAFE_PYTHON = re.compile(r"\bmark_safe\b|\bSafe(?:String|Text)\(|\bautoescape=False")
UNSAFE_TEMPLATE = re.compile(r"\|\s*safe\b|\{%\s*autoescape off")


def _offences(paths: Iterator[Path], pattern: re.Pattern[bytes]) -> list[str]:
    return [name_of(path) for path in paths if pattern.search(path.read_bytes())]


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert _offences((path for path in tracked_files() if path.suffix not in {".png", ".parquet", ".mo"}), OWN_FOLDERS) == []


def test_lock_files_name_no_address() -> None:
    locks = [path for path in tracked_files() if path.suffix == ".lock"]
    assert locks != []
    assert _offences(iter(locks), LOCK_ADDRESS) == []


def test_no_code_marks_text_as_safe_html() -> None:
    # Whatever a source system sends ends up on a steward's page: only the template engine may decide what is markup.
    sources = [(path, UNSAFE_PYTHON) for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    sources += [(path, UNSAFE_TEMPLATE) for package in PACKAGES for path in (ROOT / package).rglob("*.html")]
    assert [name_of(path) for path, pattern in sources if pattern.search(path.read_text(encoding="utf-8"))] == []
