from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_imports_point_the_way_that_the_contracts_say() -> None:
    assert lint_imports(config_filename="pyproject.toml") == EXIT_STATUS_SUCCESS
