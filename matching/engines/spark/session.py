"""The Spark session of a run: on any master, with the project's pure code shipped to whatever works for it."""

import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pyspark.sql import SparkSession

from matching.engines.choice import MissingEngine

_ROOT: Final = Path(__file__).parents[3]
_SHIPPED: Final = (
    (
        "matching",
        (
            "__init__.py",
            "core/*.py",
            "engines/__init__.py",
            "engines/choice.py",
            "engines/evidence.py",
            "engines/local.py",
            "engines/spark/*.py",
        ),
    ),
    ("golden_records", ("__init__.py", "errors.py", "standardising/*.py")),
)
"""What an executor imports: the pure code alone. NumPy, SciPy, rapidfuzz, PyArrow and pandas must be installed there."""
_EVERYWHERE: Final = {
    "spark.app.name": "mdm match",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
    "spark.driver.maxResultSize": "0",
}
_ON_ONE_MACHINE: Final = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "localhost",
    "spark.driver.memory": "4g",
    # A run is too short for the second compiler: it takes more time than all of Spark's own work.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.sql.shuffle.partitions": "8",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


def require_java() -> None:
    """Raise `MissingEngine` where this machine has no Java, on which Spark runs."""
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise MissingEngine("The Spark engine needs Java, which was not found: install Java 17 or newer, or set JAVA_HOME.")


@contextmanager
def session(master: str) -> Iterator[SparkSession]:
    """Give the session that this process has already, else one on the given master, which ends with the block.

    A cluster's own settings come from its `spark-defaults.conf` (`SPARK_CONF_DIR`).
    """
    active = SparkSession.getActiveSession()
    if active is not None:
        yield active
        return
    with tempfile.TemporaryDirectory(prefix="mdm-spark-") as folder:
        started = _started(master)
        try:
            own = list(sys.path)
            started.sparkContext.addPyFile(str(archive(Path(folder) / "mdm_core.zip")))
            sys.path[:] = own  # the archive is for the executors: this process has the whole project
            yield started
        finally:
            started.stop()


def archive(path: Path) -> Path:
    """Write the code that executors import as a ZIP file that Python can import from."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for package, patterns in _SHIPPED:
            for file in sorted(file for pattern in patterns for file in (_ROOT / package).glob(pattern)):
                packed.write(file, file.relative_to(_ROOT))
    return path


def _started(master: str) -> SparkSession:
    local = master.startswith("local")
    if local:
        # The workers of this machine are to find what this process finds.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master)
    for name, value in (_EVERYWHERE | (_ON_ONE_MACHINE if local else {})).items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
