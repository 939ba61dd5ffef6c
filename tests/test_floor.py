"""The oldest versions are tried with all that the tests import."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from tools import floor

TESTS = floor.ROOT / "tests"
LEFT_OUT = {"site", "test_make.py"}  # as in the Makefile


def imported_at_the_top(path: Path) -> set[str]:
    found: set[str] = set()
    for statement in ast.parse(path.read_text("utf8")).body:
        if isinstance(statement, ast.Import):
            found |= {name.name.partition(".")[0] for name in statement.names}
        elif isinstance(statement, ast.ImportFrom) and not statement.level:
            found.add(statement.module.partition(".")[0])
    return found


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower()


def test_what_the_tests_import_is_installed_beside_the_oldest_versions():
    paths = [path for path in TESTS.rglob("*.py") if path.relative_to(TESTS).parts[0] not in LEFT_OUT]
    paths = [path for path in paths if not path.name.startswith("test_benchmarks_")]
    sources = packages_distributions()
    wanted = {
        module: {normalised(name) for name in sources[module]}
        for module in set().union(*map(imported_at_the_top, paths)) - sys.stdlib_module_names
        if module in sources and module != "companion"
    }
    assert {"torch", "pytest", "ml_dtypes"} <= wanted.keys()
    pins = floor.floors((floor.ROOT / "pyproject.toml").read_text("utf-8"))
    installed = {normalised(name) for name in (*pins, *floor.TOOLS)}
    missing = {module for module, names in wanted.items() if not names & installed}
    assert not missing, f"`make floor` does not install {sorted(missing)}"
