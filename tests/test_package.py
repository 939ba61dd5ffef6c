"""The package as a whole: importing it does nothing."""

import ast
import doctest
import graphlib
import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest

import companion

ROOT = Path(__file__).resolve().parent.parent


def test_every_module_is_reachable_and_listed():
    for name in companion.__all__:
        assert getattr(companion, name).__name__ == f"companion.{name}"
        assert name in dir(companion)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        companion.nonsense  # noqa: B018


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_importing_the_package_loads_nothing_else():
    heavy = {"torch", "numpy", "matplotlib", "cupy"}
    assert run(f"import sys, companion; print([m for m in {heavy} if m in sys.modules])") == "[]\n"


def test_importing_every_module_is_silent_loads_nothing_heavy_and_leaves_torch_as_it_was():
    heavy = ["torch._dynamo", "torch._inductor", "torchvision", "sympy", "cupy"]
    heavy += ["sklearn", "scipy", "dask", "IPython"]
    program = f"""
import sys, torch

def state():
    return torch.get_rng_state().tolist(), torch.get_num_threads(), torch.get_default_dtype()

before = state()
import companion
for name in companion.__all__:
    getattr(companion, name)
print([module for module in {heavy} if module in sys.modules], state() == before)
"""
    assert run(program) == "[] True\n"


def test_the_tables_of_chapters_name_every_chapter_and_every_module():
    chapters = {path.stem for path in (ROOT / "book").glob("*.ipynb")} - {"index"}
    row = re.compile(r"^\| (?:\[(?=.*book/))?(`?[\w ]+`?)(?:\]\(book/\w+\.ipynb\))? \| (`.*) \|$", re.M)
    readme = row.findall((ROOT / "README.md").read_text("utf-8"))
    readme = {chapter.strip("`"): re.findall(r"`(\w+)`", modules) for chapter, modules in readme}
    assert set(readme) == chapters | {"all of them"}
    assert sorted(itertools.chain(*readme.values())) == companion.__all__
    for chapter, modules in readme.items():
        rows = companion.__doc__.partition(f"\n{chapter} ")[2].splitlines()
        written = " ".join(itertools.takewhile(lambda row: row.startswith(" "), [" " + rows[0], *rows[1:]]))
        assert re.findall(r"\w+", written) == modules, chapter


def test_what_the_readme_shows_of_the_package_is_what_it_does():
    assert doctest.testfile(str(ROOT / "README.md"), module_relative=False) == (0, 6)


def test_a_private_module_at_the_top_is_shared_by_several_rooms():
    private = {path.stem for path in (ROOT / "companion").glob("_*.py")} - {"__init__"}
    assert private == {"_checks", "_state"}


def test_imports_go_round_in_no_circle():
    names = {path: path.relative_to(ROOT).with_suffix("").parts for path in ROOT.glob("companion/**/*.py")}
    modules = {".".join(parts).removesuffix(".__init__"): path for path, parts in names.items()}
    wanted = {name: set() for name in modules}
    for name, path in modules.items():
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module.startswith("companion"):
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    wanted[name].add(full if full in modules else node.module)
    graphlib.TopologicalSorter(wanted).prepare()  # raises CycleError, naming the circle
    parts = ("_count", "_formulas", "_table")
    assert wanted["companion.cost"] == {f"companion.cost.{name}" for name in parts}


def test_no_function_is_longer_than_forty_lines_beside_its_docstring():
    tables = ROOT / "companion" / "audit" / "sources"  # functions that are one dictionary
    long = []
    for path in set(ROOT.glob("companion/**/*.py")) - set(tables.iterdir()):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                docstring = node.body[0] if ast.get_docstring(node) is not None else None
                said = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
                lines = node.end_lineno - node.lineno + 1 - said
                long += [f"{path.name}: {node.name}, {lines} lines"] if lines > 40 else []
    assert not long
