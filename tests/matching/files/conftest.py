from pathlib import Path

import pytest

from matching.files.running import FileOptions, MatchedFiles, match_files
from tests.matching.files.making import two_systems


@pytest.fixture(scope="session")
def matched(tmp_path_factory: pytest.TempPathFactory) -> MatchedFiles:
    """Two systems' files, matched. Nothing here may ask for a database."""
    return match_files(paths=two_systems(tmp_path_factory.mktemp("two")), options=FileOptions())


@pytest.fixture
def systems(tmp_path: Path) -> tuple[Path, Path]:
    """Two systems' files."""
    return two_systems(tmp_path, 60)
