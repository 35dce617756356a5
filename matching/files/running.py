"""The use case: one or two files in, clusters and doubtful pairs out, without the database."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from golden_records.readers.rows import ReadOptions
from matching.core.decide import Outcome
from matching.core.declarations import MatchConfig
from matching.core.recognise import entity_of_names
from matching.engines.local import MatchResult, match
from matching.files.columns import Together, bring_together
from matching.files.configs import AUTO, SHIPPED, Arranged, arrange, read_config
from matching.files.reading import FileTable, read_file


class Stages(Protocol):
    """Who shows how far a run is."""

    def start(self, words: str) -> None:
        """A stage begins, and the one before it is done."""

    def advance(self, done: int) -> None:
        """So many rows of the stage are done."""


class Silent:
    """Shows nothing."""

    def start(self, words: str) -> None:
        """Say nothing."""

    def advance(self, done: int) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What the caller says of files: the meaning of columns, the config, the entity (None: guessed), how texts are written, and whether
    each file has an entity once.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    config: str = AUTO
    entity: str | None = None
    reading: ReadOptions = field(default_factory=ReadOptions)
    one_per_file: bool = False


@dataclass(frozen=True, slots=True)
class MatchedFiles:
    """What a run on files gives. Rows are places in `together.table`; `sources` says from which column each attribute is."""

    files: tuple[FileTable, ...]
    together: Together
    config: MatchConfig
    attributes: pa.Table
    sources: Mapping[str, str]
    result: MatchResult
    seconds: float
    cpu_seconds: float

    @property
    def doubtful(self) -> NDArray[np.int64]:
        """The places of the pairs that a person should look at, the most probable first.

        They are possible matches, or matches that the other evidence kept apart, and are not in one cluster.
        """
        pairs, labels = self.result.pairs, self.result.clusters.labels
        apart = labels[pairs.left] != labels[pairs.right]
        chosen = np.flatnonzero(apart & (pairs.outcome != Outcome.NO_MATCH))
        return chosen[np.argsort(-pairs.probability[chosen], kind="stable")]


_NEXT: Final = {
    "prepare": "finding candidate pairs", "block": "comparing and learning", "compare": "learning", "train": "scoring",
    "compare and train": "scoring", "score": "clustering",
}  # fmt: skip
"""What comes after each stage of the engine."""


def match_files(*, paths: Sequence[Path], options: FileOptions, stages: Stages | None = None) -> MatchedFiles:
    """Read files, find out what their columns mean, and match their rows with each other, across files and inside each.

    Raises `UnreadableFile`, `UnknownColumn`, `UnknownAttribute`, `NothingToCompare`, `UnreadableConfig` and `ConfigErrors`.
    """
    shown = stages or Silent()
    read_config(options.config)
    files = []
    for path in paths:
        shown.start(f"reading {path.name}")
        files.append(read_file(path, options.reading, shown.advance))
    return match_tables(files, options, shown)


def match_tables(files: Sequence[FileTable], options: FileOptions, stages: Stages) -> MatchedFiles:
    """Match files that are read already; as `match_files`."""
    config = read_config(options.config)
    stages.start("understanding columns")
    wall, cpu = time.perf_counter(), time.process_time()
    together = bring_together(files, options.mapping, _entity(files, options))
    arranged = arrange(together, config, _entity(files, options))
    if options.one_per_file:
        arranged = _told_apart(arranged, together, len(files))
    stages.start("preparing")
    result = match(arranged.table, arranged.config, watch=partial(_told, stages))
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    return MatchedFiles(
        tuple(files), together, arranged.config, arranged.table, arranged.sources, result, seconds, cpu_seconds
    )  # fmt: skip


def _told_apart(arranged: Arranged, together: Together, files: int) -> Arranged:
    """Make each file a source that has an entity once."""
    source = pa.array(together.file).cast(pa.string())
    clusters = replace(arranged.config.clusters, one_per_source=tuple(map(str, range(files))))
    table = arranged.table.drop_columns([name for name in ("source",) if name in arranged.table.column_names])
    return replace(arranged, config=replace(arranged.config, clusters=clusters), table=table.append_column("source", source))


def _told(stages: Stages, done: str) -> None:
    if done in _NEXT:
        stages.start(_NEXT[done])


def _entity(files: Sequence[FileTable], options: FileOptions) -> str:
    if options.config in SHIPPED:
        return options.config
    return options.entity or entity_of_names([name for file in files for name in file.table.column_names])
