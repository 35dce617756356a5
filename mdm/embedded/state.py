"""The small files by which the processes of one embedded installation know each other."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

SECRET_KEY_FILE: Final = "secret-key"  # noqa: S105  # the name of a file
BROKER_URL_FILE: Final = "broker-url"


def secret_key(data_dir: Path) -> str:
    """The installation's secret key: made once, readable by its owner only, the same for every process and start."""
    path = data_dir / SECRET_KEY_FILE
    if not path.exists():
        scratch = _write_scratch(path, secrets.token_urlsafe(64))
        # Two processes may start at once: a link, unlike a rename, never replaces the key that the other one already uses.
        with suppress(FileExistsError):
            os.link(scratch, path)
        scratch.unlink()
    return path.read_text(encoding="utf-8").strip()


def broker_url(data_dir: Path) -> str | None:
    """Where the broker of the running installation listens; None where none was started yet."""
    path = data_dir / BROKER_URL_FILE
    return path.read_text(encoding="utf-8").strip() if path.exists() else None


def write_private(path: Path, text: str) -> None:
    """Write `text` so that a reader sees the old file or the whole new one, and nobody but the owner reads it."""
    _write_scratch(path, text).replace(path)


def _write_scratch(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return scratch
