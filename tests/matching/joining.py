"""An installation whose match config lets runs join and part published golden records."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from matching import active_config


@contextmanager
def published_are_joined(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[None]:
    """Put `published: join` into the configs, as whoever operates the service does."""
    shipped = Path(active_config.__file__).parent / "configs"
    for config in shipped.glob("*.yml"):
        text = config.read_text(encoding="utf-8")
        (folder / config.name).write_text(text.replace("clusters: {", "clusters: {published: join, "), encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(active_config, "_CONFIGS", folder)
        active_config._read.cache_clear()  # noqa: SLF001 - the files are others now
        yield
    active_config._read.cache_clear()  # noqa: SLF001 - and as they were
