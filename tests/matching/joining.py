"""An installation whose match config says something of its own of clusters."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from matching import active_config


def published_are_joined(monkeypatch: pytest.MonkeyPatch, folder: Path) -> AbstractContextManager[None]:
    """Let runs join and part published golden records."""
    return clusters_by("published: join", monkeypatch, folder)


@contextmanager
def clusters_by(policy: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[None]:
    """Put a policy into the configs, as whoever operates the service does."""
    shipped = Path(active_config.__file__).parent / "configs"
    for config in shipped.glob("*.yml"):
        text = config.read_text(encoding="utf-8")
        (folder / config.name).write_text(text.replace("clusters: {", f"clusters: {{{policy}, "), encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(active_config, "_CONFIGS", folder)
        active_config._read.cache_clear()  # noqa: SLF001 - the files are others now
        yield
    active_config._read.cache_clear()  # noqa: SLF001 - and as they were
