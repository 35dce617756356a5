"""Which engine matches: that of this machine, or Spark. The choice is made here alone."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Protocol

import pyarrow as pa

from golden_records.errors import MdmError
from matching.core.declarations import MatchConfig
from matching.core.links import Constraints
from matching.core.memory import DEFAULT_MIB
from matching.core.model import MatchModel
from matching.engines import local
from matching.engines.local import MatchResult


class Engine(Protocol):
    """Matches the rows of a table with each other: see `matching.engines.local.match`."""

    def __call__(
        self, attributes: pa.Table, config: MatchConfig, *, model: MatchModel | None = None, constraints: Constraints | None = None
    ) -> MatchResult:
        """Give the model used, the scored pairs and the clusters; without a model one is learned."""


class MissingEngine(MdmError):
    """The engine needs something that is not installed."""

    code = "missing_engine"
    title = "The engine is not installed"


def engine(name: str, *, master: str, memory_mib: float = DEFAULT_MIB) -> Engine:
    """Give an engine by name, one of `ENGINES`; `master` says where Spark runs, `memory_mib` what pairs may take in memory
    on one machine before they go to files. Raises `MissingEngine`.
    """
    if name not in ENGINES:
        raise MissingEngine(f"There is no engine '{name}', but {', '.join(ENGINES)}.")
    return ENGINES[name](master, memory_mib)


def _local(_: str, memory_mib: float) -> Engine:
    return partial(local.match, memory_mib=memory_mib)


def _spark(master: str, _: float) -> Engine:
    if importlib.util.find_spec("pyspark") is None:
        raise MissingEngine("The Spark engine needs PySpark: pip install '.[spark]'")
    made: Engine = importlib.import_module("matching.engines.spark.engine").on(master)
    return made


ENGINES: Final[Mapping[str, Callable[[str, float], Engine]]] = {"local": _local, "spark": _spark}
