import ast
from statistics import quantiles

import pytest

from tests.architecture.source import PACKAGES, functions, modules, name_of, parsed

FILE_LINES_HARD = 400
FILE_LINES_P90 = 300
FUNCTION_LINES_HARD = 60
FUNCTION_LINES_P90 = 30
PARAMETERS = 6


def _p90(values: list[int]) -> float:
    return quantiles(values, n=10)[-1]


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function's body, its docstring apart."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = function.args
    named = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in named if name not in {"self", "cls"}])


def test_files_are_small() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules(*PACKAGES)}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES_HARD} == {}
    assert _p90([lines for lines in lengths.values() if lines]) <= FILE_LINES_P90


def test_test_files_are_small() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules("tests")}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES_HARD} == {}


def test_functions_are_short() -> None:
    lengths = {f"{name_of(path)}:{function.name}": _lines(function) for path in modules(*PACKAGES) for function in functions(path)}
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES_HARD} == {}
    assert _p90(list(lengths.values())) <= FUNCTION_LINES_P90


def test_functions_take_few_parameters() -> None:
    counts = {
        f"{name_of(path)}:{function.name}": _parameters(function) for path in modules(*PACKAGES, "tests") for function in functions(path)
    }
    assert {name: count for name, count in counts.items() if count > PARAMETERS} == {}


def test_imports_stand_at_the_top() -> None:
    hidden = [
        f"{name_of(path)}:{node.lineno}"
        for path in modules(*PACKAGES, "tests")
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


@pytest.mark.parametrize("package", PACKAGES)
def test_package_init_is_empty(package: str) -> None:
    # A package that imports something in its __init__ makes the pure core load it too.
    init = next(path for path in modules(package) if path.parent.name == package and path.name == "__init__.py")
    assert parsed(init).body == []
