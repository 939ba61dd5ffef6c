"""The chapter ``gpu_kernel`` on machines of all kinds: what it says without a compiler is what a compiler finds."""

import ast
from pathlib import Path

import nbformat

from companion import kernels

PATH = Path(__file__).resolve().parent.parent / "book" / "gpu_kernel.ipynb"
CELLS = {cell.id: cell for cell in nbformat.read(PATH, as_version=4).cells}


def constants(cell):
    """The names that a cell gives literal values to."""
    found = {}
    for statement in ast.parse(CELLS[cell].source).body:
        if isinstance(statement, ast.Assign):
            (target,) = statement.targets
            try:
                values = ast.literal_eval(statement.value)
            except ValueError:
                continue
            names = [name.id for name in getattr(target, "elts", [target])]
            found |= dict(zip(names, values if len(names) > 1 else [values], strict=True))
    return found


def test_the_words_kept_for_machines_without_a_compiler_are_those_of_the_emulator():
    said = constants("faults-setup")["SAID"]
    assert CELLS["faults-run"].outputs[0].text.splitlines() == [f"{name}: {words}" for name, words in said.items()]


def test_so_are_the_numbers():
    kept = constants("faults-setup")
    assert kept["MOST_SWAPPED"] == 256 * 1024
    assert kept["FIRST_RACE"] == constants("solution-2")["answer"]


def test_the_kernels_are_shown_from_the_file():
    shown = [
        output.data["text/markdown"]
        for cell in CELLS.values()
        for output in cell.get("outputs", [])
        if "data" in output and "text/markdown" in output.data
    ]
    blocks = [text.split("```")[1].removeprefix("cpp\n") for text in shown if "```cpp" in text]
    assert len(blocks) == 7
    present = {line.strip() for line in kernels.source().splitlines()}
    assert all(line.strip() in present for block in blocks for line in block.splitlines())
