"""The chapter ``gpu_kernel`` on machines of all kinds: where nothing can run a kernel, it says so."""

import json
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from companion import kernels

ROOT = Path(__file__).resolve().parents[2]
PATH = ROOT / "book" / "gpu_kernel.ipynb"
CELLS = {cell.id: cell for cell in nbformat.read(PATH, as_version=4).cells}
NO_COMPILER = "the emulator of the kernels needs a C++ compiler (on Debian: apt-get install g++)"


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.setattr(kernels.emulator, "unavailable_reason", lambda: NO_COMPILER)
    monkeypatch.setattr(kernels, "gpu_unavailable_reason", lambda: "CuPy finds no GPU to run kernels on.")
    monkeypatch.chdir(PATH.parent)  # where a chapter runs


def run(capsys, *names):
    """Run some cells of the chapter, one after the other, and return what each has printed."""
    space, printed = {}, {}
    for name in names:
        exec(compile(CELLS[name].source, name, "exec"), space)
        printed[name] = capsys.readouterr().out
    return printed


def test_without_a_compiler_no_cell_speaks_of_a_kernel_that_did_not_run(no_compiler, capsys):
    checks = ["naive-check", "coalesced-check", "shared-check", "register-check"]
    faults = ["launcher-compile", "faults-setup", "faults-code", "faults-run"]
    exercises = ["exercise-1", "solution-1", "exercise-2", "solution-2"]
    printed = run(capsys, "setup", "place", "data", "record", *checks, "epilogue-check", *faults, *exercises)
    for name in (*checks, "faults-run"):
        lines = [line for line in printed[name].splitlines() if " µs on an " not in line]  # of the record
        assert lines
        assert all(line.endswith(f": not run, {NO_COMPILER}") for line in lines)
    for name in ("solution-1", "solution-2"):
        assert printed[name] == f"Not checked: {NO_COMPILER}.\n"
    assert printed["epilogue-check"] == CELLS["epilogue-check"].outputs[0].text  # of the call, whoever computes it


WRITTEN = {
    "exercise-4": ["n", "(n * in_channels + c) * pixels + p", "(n * pixels + p) * in_channels", "no C++"],
    "exercise-5": ["inside", "true", "inside && row < in_channels", "false"],
}


@pytest.mark.parametrize("exercise", WRITTEN)
def test_a_wrong_line_is_not_called_right_and_the_solution_is(exercise, capsys):
    if reason := kernels.emulator.unavailable_reason():
        pytest.skip(reason)
    space = {}
    for name in (
        "setup",
        "place",
        "data",
        "launcher-compile",
        "faults-setup",
        "faults-code",
        "faults-run",
        exercise,
    ):
        exec(compile(CELLS[name].source, name, "exec"), space)
    assert capsys.readouterr().out.endswith("No answer yet: put yours in place of the dots.\n")
    judge = space["reads" if exercise == "exercise-4" else "guards"]
    assert {line: judge(line) for line in WRITTEN[exercise]} == dict.fromkeys(WRITTEN[exercise], False)
    exec(CELLS[exercise.replace("exercise", "solution")].source, space)
    assert capsys.readouterr().out == "Right.\n"


def test_the_stored_outputs_come_from_a_machine_that_ran_the_kernels():
    printed = [output.text for cell in CELLS.values() for output in cell.get("outputs", []) if "text" in output]
    assert not any("not run" in text for text in printed)
    assert len(CELLS["faults-run"].outputs[0].text.splitlines()) == 4


def test_nbval_skips_the_chapter_where_there_is_no_compiler_and_only_there(request, monkeypatch):
    conftest = request.config.pluginmanager.get_plugin(str(ROOT / "conftest.py"))
    marked = []
    items = [
        SimpleNamespace(path=ROOT / "book" / name, add_marker=lambda mark, name=name: marked.append((name, mark)))
        for name in ("gpu_kernel.ipynb", "pointwise.ipynb")
    ]
    monkeypatch.setattr(kernels.emulator, "unavailable_reason", lambda: None)
    conftest.pytest_collection_modifyitems(items)
    assert marked == []
    monkeypatch.setattr(kernels.emulator, "unavailable_reason", lambda: NO_COMPILER)
    conftest.pytest_collection_modifyitems(items)
    assert [(name, mark.name, mark.kwargs) for name, mark in marked] == [
        ("gpu_kernel.ipynb", "skip", {"reason": NO_COMPILER})
    ]


def test_the_kernels_are_shown_from_the_file():
    shown = [
        output.data["text/markdown"]
        for cell in CELLS.values()
        for output in cell.get("outputs", [])
        if "data" in output and "text/markdown" in output.data
    ]
    blocks = [text.split("```")[1].removeprefix("cpp\n") for text in shown if "```cpp" in text]
    assert len(blocks) == 9
    present = {line.strip() for line in kernels.source().splitlines()}
    assert all(line.strip() in present for block in blocks for line in block.splitlines())


def test_what_is_said_of_the_twin_in_triton_was_measured():
    timings = json.loads((ROOT / "benchmarks" / "results" / "gpu.json").read_text("utf-8"))["timings"]

    def best(who, layer):
        wanted = {"contestant": who, "layer": layer.label, "batch": 256, "precision": "ieee", "agrees": True}
        return min(row["median_us"] for row in timings if wanted.items() <= row.items())

    times = {layer: best("Triton", layer) / best("ours", layer) for layer in kernels.LAYERS}
    even = [t for layer, t in times.items() if layer.size**2 % 16 == 0]
    odd = [t for layer, t in times.items() if layer.size in (7, 14)]
    squeeze, excitation = (t for layer, t in times.items() if layer.size == 1)
    assert len(even) + len(odd) + 2 == len(kernels.LAYERS)
    said = CELLS["measured-rivals-after"].source
    for words, true in (
        (
            "level with ours on ten of the sixteen layers",
            (len(even), sum(0.95 <= t <= 1.05 for t in even)) == (16, 10),
        ),
        (
            "on four it is slower, once by a fifth",
            [f"{t:.1f}" for t in sorted(even) if t > 1.05] == 3 * ["1.1"] + ["1.2"],
        ),
        ("on two faster", sum(t < 0.95 for t in even) == 2),
        ("nearly four to five times as long", (f"{min(odd):.1f}", f"{max(odd):.1f}") == ("3.7", "4.8")),
        ("seven times for the squeeze", round(squeeze) == 7),
        ("over a third for the excitation", 1 / 3 < excitation < 0.4),
    ):
        assert words in said
        assert true, words


def test_the_bend_of_the_roof_is_printed_finely_enough_to_solve_the_third_exercise_by_hand():
    (line,) = [line for line in CELLS["roofs"].outputs[0].text.splitlines() if line.startswith("float32")]
    bend = float(line.split("h = ")[1].split()[0])
    by_hand = next(c for c in range(1, 1000) if kernels.harmonic_mean(32, c) >= bend)
    assert CELLS["solution-3"].outputs[0].text.splitlines()[1].startswith(f"{by_hand} output channels")
    assert f"h = {bend}." in CELLS["solution-3"].source
