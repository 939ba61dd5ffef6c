"""The plugin for nbval: what it lets pass, and the wrong numbers that it must see."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pytest

from tests.nbval_tolerance import _few, agree

ROOT = Path(__file__).resolve().parent.parent
TABLE = """\
Accuracy in percent, mean ± standard deviation (5)

variant          weights  test, %
---------------  -------  ----------
no gate            6,058  88.1 ± 1.0
two convolutions  15,210  93.5 ± 0.7

two convolutions minus no gate: 5.4 ± 0.4 (4.3 to 6.5), ahead; ≈ 2,500 weights a point
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("88.1 ± 1.0", "88.1 ± 1.0"),
        ("88.1 ± 1.0", "90.1 ± 1.0"),  # twice the spread
        ("88.1 ± 1.0", "86.4 ± 0.8"),
        ("88.1 ± 1.0", "88.1 ± 0.5"),
        ("93.5 ± 0.7", "93.5 ± 1.3"),
        ("5.4 ± 0.4 (4.3 to 6.5)", "5.1 ± 0.5 (3.8 to 6.4)"),
        ("≈ 2,500", "≈ 2,600"),
        ("88.1 ± 1.0", "87.9 ± 1.9"),
    ],
)
def test_measured_numbers_may_move_within_what_is_printed_with_them(old, new):
    assert old in TABLE
    assert agree(TABLE, TABLE.replace(old, new))
    assert agree(TABLE.replace(old, new), TABLE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("88.1 ± 1.0", "90.5 ± 1.0"),  # more than twice the spread and two units
        ("88.1 ± 1.0", "85.7 ± 1.0"),
        ("93.5 ± 0.7", "93.5 ± 0.1"),  # too sure
        ("88.1 ± 1.0", "88.1 ± 9.9"),  # a large spread buys nothing
        ("88.1 ± 1.0", "60.0 ± 30.0"),
        ("88.1 ± 1.0", "−88.1 ± 1.0"),
        ("88.1 ± 1.0", "88.1 ± 1.0 ± 1.0"),
        ("88.1 ± 1.0", "88.1"),
        ("88.1 ± 1.0", "nan ± nan"),
        ("5.4 ± 0.4 (4.3 to 6.5)", "4.2 ± 0.4 (4.3 to 6.5)"),
        ("5.4 ± 0.4 (4.3 to 6.5)", "5.4 ± 0.4 (3.2 to 6.5)"),
        ("5.4 ± 0.4 (4.3 to 6.5)", "5.4 ± 0.4 (4.3 to 7.6)"),
        ("5.4 ± 0.4 (4.3 to 6.5)", "5.4 ± 0.4"),
        ("≈ 2,500", "≈ 2,640"),
        ("≈ 2,500", "≈ 2.5"),
        ("≈ 2,500", "2,500"),
        ("6,058", "6,059"),  # an integer
        ("ahead", "cannot tell"),  # a verdict
        ("(5)", "(4)"),
        ("no gate            6,058", "nogate             6,058"),
        ("Accuracy", "\nAccuracy"),
    ],
)
def test_wrong_numbers_and_words_are_seen(old, new):
    assert old in TABLE
    assert not agree(TABLE, TABLE.replace(old, new, 1))
    assert not agree(TABLE.replace(old, new, 1), TABLE)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("over 3 seeds: 84.2 ± 2.5", "over 3 seeds: 83.5 ± 0.2", True),
        ("over 3 seeds: 84.2 ± 5.0", "over 3 seeds: 83.5 ± 0.1", False),
        ("Five seeds: 84.2 ± 2.5", "Five seeds: 83.5 ± 0.5", True),
        ("Five seeds: 84.2 ± 2.5", "Five seeds: 83.5 ± 0.2", False),
        ("Five seeds: 84.2 ± 2.5", "Five seeds: 74.2 ± 2.5", False),
        ("over 10 runs 2.5 ± 1.5", "over 10 runs 2.5 ± 0.5", True),
        ("over 10 runs 2.5 ± 1.5", "over 10 runs 2.5 ± 0.3", False),
        ("over 5 seeds 1.0 ± 0.1 (0.7 to 1.3)", "over 5 seeds 1.1 ± 0.3 (0.3 to 1.9)", True),
        ("over 5 seeds 1.0 ± 0.3 (0.2 to 1.8)", "over 5 seeds 1.0 ± 0.3 (0.2 to 3.3)", True),
        ("over 5 seeds 1.0 ± 0.3 (0.2 to 1.8)", "over 5 seeds 1.0 ± 0.3 (0.2 to 3.6)", False),
        ("≈ 1000 of 3 seeds", "≈ 1052 of 3 seeds", True),
        ("≈ 1000 of 3 seeds", "≈ 1054 of 3 seeds", False),
        ("over 2 seeds 1.0 ± 1.9", "over 2 seeds 1.0 ± 0.3", False),
        ("over 3 seeds: 84.2 ± 2.5", "over 4 seeds: 84.2 ± 2.5", False),
    ],
)
def test_the_spread_of_few_runs_may_differ_as_such_spreads_do(old, new, same):
    assert agree(old, new) is agree(new, old) is same


@pytest.mark.parametrize(
    ("runs", "times", "t"), [(3, 14.107, 4.303), (5, 4.812, 2.776), (10, 2.557, 2.262), (2, 2, 0)]
)
def test_how_far_spreads_differ_is_as_in_tables_of_f_and_t(runs, times, t):
    assert list(map(float, _few(runs))) == pytest.approx([times, t], abs=1e-3)


def test_swapped_and_missing_rows_are_seen():
    lines = TABLE.splitlines()
    swapped = [*lines[:4], lines[5], lines[4], *lines[6:]]
    assert not agree(TABLE, "\n".join(swapped) + "\n")
    assert not agree(TABLE, "\n".join([*lines[:4], *lines[5:]]) + "\n")
    values_swapped = TABLE.replace("88.1 ± 1.0", "x").replace("93.5 ± 0.7", "88.1 ± 1.0").replace("x", "93.5 ± 0.7")
    assert not agree(TABLE, values_swapped)


def test_of_a_float_in_full_nine_digits_count():
    assert agree("0.7799999999999869", "0.7800000000000011")
    assert agree("1.2345678901234e-12 of 3", "1.2345678901299e-12 of 3")
    assert not agree("0.7800000000000011", "0.7800000100000011")
    assert not agree("0.7800000000000011 of 3", "0.7800000000000011 of 4")
    assert not agree("0.78", "0.780000001")


def test_a_column_may_be_wider_only_where_something_is_measured():
    assert agree("a   9.9 ± 0.2\n-----------", "a  10.1 ± 0.2\n------------")
    assert not agree("a   9", "a  9")


def test_drawn_figures_and_addresses_are_not_compared():
    assert agree('<svg width="3">a</svg> 0x7f00aa11', '<svg width="4">b</svg> 0x7f00bb22')
    assert agree("data:image/png;base64,AAAA", "data:image/png;base64,BBBB")
    packed = "data:application/octet-stream;base64,"
    assert agree(f"{packed}AA+/= 8 channels", f"{packed}BBBB 8 channels")
    assert not agree(f"{packed}AA+/= 8 channels", f"{packed}BBBB 9 channels")


def test_nbval_compares_so(tmp_path):
    cells = [  # what is stored, what the code prints, and whether that should pass
        ("5.4 ± 0.4", "5.1 ± 0.5", True),
        ("5.4 ± 0.4", "4.1 ± 0.4", False),
        ("6,058", "6,058", True),
        ("6,058", "6,059", False),
        ("ahead", "cannot tell", False),
    ]
    notebook = v4.new_notebook()
    for count, (stored, printed, _) in enumerate(cells, start=1):
        output = v4.new_output("stream", name="stdout", text=stored + "\n")
        notebook.cells.append(v4.new_code_cell(f"print({printed!r})", execution_count=count, outputs=[output]))
    nbformat.write(notebook, tmp_path / "tried.ipynb")
    options = ["--nbval", "--nbval-current-env", "-rA", "-p", "tests.nbval_tolerance", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, tmp_path / "tried.ipynb"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    summary = done.stdout[done.stdout.index("short test summary") :]
    for i, (_, _, passes) in enumerate(cells):
        end = "PASSED" if passes else "FAILED"
        assert re.search(rf"^{end} \S*::Cell {i}\b", summary, re.MULTILINE), done.stdout


def test_a_bare_call_of_nbval_has_the_plugin():
    command = [sys.executable, "-m", "pytest", "--nbval", "--collect-only", "--trace-config", "book/index.ipynb"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "tests.nbval_tolerance" in done.stdout
