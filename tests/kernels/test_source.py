"""The text of the kernels: what the book cuts out of it, and what a reader can rely on."""

import re
import subprocess
import sys

from companion.kernels import STEPS, VARIANTS, edited, source, step
from tests.refusals import refusals


def test_every_step_is_there_once_with_a_comment_and_code():
    assert sorted(re.findall(r"^// --- step: (\w+) ---$", source(), re.MULTILINE)) == sorted(STEPS)
    for name in STEPS:
        text = step(name)
        assert text.startswith("// ")
        assert "__device__" in text or "__global__" in text
        assert "---" not in text
        assert text in source()


def test_an_edit_changes_one_step_and_nothing_else():
    assert edited("coalesced", "float sum = 0.0f;", "float sum = 1.0f;").count("float sum = 1.0f;") == 1
    assert edited("naive", "float sum = 0.0f;", "float sum = 0.0f;") == source()


test_what_is_not_there_once_is_refused = refusals(
    (lambda: step("wgmma"), "got 'wgmma'"),
    (lambda: edited("coalesced", "float sum = 7.0f;"), "'float sum = 7.0f;' stands there 0 times"),
    (lambda: edited("coalesced", "int64"), "'int64' stands there 6 times"),
)


def test_lines_fit_the_page_of_the_book():
    assert [line for line in source().splitlines() if len(line) > 84] == []
    assert source().isascii()


def test_every_kernel_of_the_source_is_in_the_table_and_the_other_way_round():
    defined = set(re.findall(r"\b(pointwise_\w+)\(\n", source()))
    assert defined == {variant.expression.split("<")[0] for variant in VARIANTS.values()}
    for variant in VARIANTS.values():
        assert f"{variant.expression.split('<')[0]}(" in step(variant.step)


def test_the_numbers_that_the_table_repeats_are_those_of_the_source():
    for number in (
        "THREAD_PIXELS = 8",
        "DEPTH = 16",
        "HALF_DEPTH = 32",
        "STAGES = 3",
        "TILE = 16",
        "STRIP = 8",
        "STRIP_TILE = 64",
        "DOT_WARPS = 4",
    ):
        assert f"constexpr int {number};" in source()


def test_importing_the_package_imports_no_cupy_and_compiles_nothing(tmp_path):
    program = (  # torch built for CUDA imports cuda.pathfinder itself
        "import sys, torch; before = set(sys.modules); import companion.kernels; "
        "print([m for m in ('cupy', 'cuda.pathfinder') if m in set(sys.modules) - before])"
    )
    environment = {"COMPANION_CACHE": str(tmp_path / "cache"), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == "[]\n"
    assert not (tmp_path / "cache").exists()
