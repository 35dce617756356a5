import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.architecture.source import PACKAGES, ROOT, modules, name_of, parsed

ALLOWED = {
    "matching/core": {"numpy", "pyarrow", "rapidfuzz", "scipy", "yaml"},
    "golden_records/survivorship": set[str](),
    "golden_records/standardising": {"babel", "email_validator", "phonenumbers", "stdnum", "yaml"},
}
# What a pure package may use of the project beside itself.
ALLOWED_OF_OURS = {
    "matching/core": {"golden_records.errors", "golden_records.standardising.words"},
    "golden_records/survivorship": {"golden_records.errors"},
    "golden_records/standardising": {"golden_records.errors"},
}

IMPORT_ALL = """
import importlib, pkgutil, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"django", "rest_framework", "celery", "redis", "psycopg", "duckdb", "sqlite3"}:
            raise ImportError(f"{name} must not be needed here")

sys.meta_path.insert(0, Blocked())
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
"""


def _imported(package: str) -> Iterator[tuple[str, str]]:
    for path in modules(package):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import):
                yield from ((name_of(path), alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield name_of(path), node.module


@pytest.mark.parametrize("package", ALLOWED)
def test_pure_package_imports_only_what_its_list_names(package: str) -> None:
    own = package.replace("/", ".")
    strangers = set()
    for module, imported in _imported(package):
        top = imported.partition(".")[0]
        ours = imported == own or imported.startswith(f"{own}.") or imported in ALLOWED_OF_OURS[package]
        known = ours if top in PACKAGES else top in sys.stdlib_module_names or top in ALLOWED[package]
        if not known:
            strangers.add((module, imported))
    assert strangers == set()


@pytest.mark.parametrize("package", ALLOWED)
def test_pure_package_loads_where_django_is_not_installed(package: str) -> None:
    command = [sys.executable, "-c", IMPORT_ALL, package.replace("/", ".")]
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.stderr == ""
    assert result.returncode == 0
