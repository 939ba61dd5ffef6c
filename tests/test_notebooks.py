"""The stored notebooks: complete, in order, silent, described, and with no number in prose that no cell gives."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup

from tools import notebooks, prose

ROOT = Path(__file__).resolve().parent.parent
PATHS = sorted((ROOT / "book").glob("*.ipynb"))
TAGS = {
    "hide-cell",  # a solution
    "hide-input",  # the drawing of a figure
    "nbval-ignore-output",  # a measured time
    "raises-exception",  # an error that teaches
    "remove-cell",  # numbers for the prose
    "remove-input",  # the puzzle on the first page
}
FOLDED = {"hide-cell", "hide-input", "remove-cell", "remove-input"}
LARGEST = 480_000  # bytes: drawings, and interactive parts with their scripts
WIDEST = 84  # characters of code that fit beside each other on the site
SHOWN = 230  # lines of code that a chapter shows without a click, at most


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def tags(cell):
    return set(cell.metadata.get("tags", []))


def text_of(output):
    return str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture(params=[path for path in PATHS if path.stem != "index"], ids=lambda path: path.stem)
def chapter(request):
    return request.param


def test_every_notebook_is_in_the_table_of_contents_and_the_other_way_round():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    named = [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]
    assert all((ROOT / f"{name}.ipynb").exists() or (ROOT / f"{name}.md").exists() for name in named)
    assert {f"book/{path.stem}" for path in PATHS} <= set(named)


def test_every_cell_has_run_once_in_order_in_silence(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.get("name") != "stderr", cell.id
            assert output.output_type != "error" or "raises-exception" in tags(cell), cell.id
        if "raises-exception" in tags(cell):  # nbval tolerates the error, it doesn't demand it
            assert [output.output_type for output in cell.outputs] == ["error"], cell.id


def test_only_known_tags_are_used_and_what_the_site_folds_is_folded_in_jupyterlab(path):
    assert {tag for cell in read(path).cells for tag in tags(cell)} <= TAGS
    for cell in code_cells(path):
        assert bool(tags(cell) & FOLDED) == cell.metadata.get("jupyter", {}).get("source_hidden", False), cell.id


def test_at_most_one_cell_in_five_is_not_compared_and_only_for_time(path):
    cells = code_cells(path)
    ignored = [cell for cell in cells if "nbval-ignore-output" in tags(cell)]
    assert len(ignored) <= len(cells) / 5
    assert all(re.search(r"\btim(?:e|es|ing)\b", cell.source) for cell in ignored)
    assert not any("NBVAL" in cell.source for cell in cells)


def test_what_is_timed_is_what_was_measured(path):
    timed = notebooks.timed_cells(read(path))
    assert {cell.metadata.get("measured") for cell in timed} <= {notebooks.digest_of(timed)}, "make bench"


def test_every_figure_has_its_alt_text_and_caption(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                html = BeautifulSoup(data["text/html"], "html.parser")
                (figure,) = html.select("div[role=img]")
                assert len(figure["aria-label"]) > 40, f"{cell.id}: say what is to be seen"
                assert len(html.select("figcaption")) == 1, cell.id
                for word in html.select("text"):
                    assert re.search(r"fill: (currentColor|var\()", word["style"]), "black on a dark page"


def test_the_file_is_small_and_says_nothing_of_the_machine_that_made_it(path):
    text = path.read_text("utf-8")
    assert not re.findall(r"/(?:home|root|tmp|usr|work|Users)/[\w.]+", text)
    assert not re.findall(r"[A-Z]:\\\\\\\\", text)
    assert path.stat().st_size <= LARGEST
    metadata = read(path).metadata
    assert metadata.kernelspec.name == "python3"
    assert "version" not in metadata.language_info


def test_the_files_are_normalised():
    command = [sys.executable, "-m", "nbstripout", "--keep-output", "--keep-count", "--keep-id", "--verify", *PATHS]
    verified = subprocess.run(command, capture_output=True, text=True)
    assert verified.returncode == 0, verified.stdout


def test_shown_code_fits_the_column(path):
    for cell in code_cells(path):
        if not tags(cell) & FOLDED:
            assert all(len(line) <= WIDEST for line in cell.source.splitlines()), cell.id
            assert len(cell.source.splitlines()) <= 20, cell.id


def test_a_folded_cell_says_what_is_in_it(path):
    for cell in code_cells(path):
        if "hide-cell" in tags(cell):
            assert cell.metadata.mystnb.code_prompt_show.startswith("Show "), cell.id


def test_a_chapter_shows_little_code(chapter):
    shown = [cell.source for cell in code_cells(chapter) if not tags(cell) & FOLDED]
    assert sum(len(source.splitlines()) for source in shown) <= SHOWN


def test_a_picture_comes_before_the_first_code(chapter):
    for cell in code_cells(chapter):
        assert tags(cell) & FOLDED, f"{cell.id} shows code before there was a picture"
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            break


def test_readers_see_numbers_and_not_truth_values(path):
    lines = []
    for cell in code_cells(path):
        for output in cell.outputs:
            if not {"image/png", notebooks.GLUED} & set(output.get("data", {})):
                lines += [line for line in text_of(output).splitlines() if line.strip()]
    truth = [line for line in lines if re.search(r"\b(True|False)\b", line)]
    assert len(truth) <= len(lines) / 10, truth


def test_every_number_in_prose_is_the_one_that_a_cell_gives(path):
    notebook = read(path)
    values = notebooks.glued(notebook)
    used = set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert notebooks.fill(cell.source, values) == cell.source, cell.id
            used |= {match["name"] for match in notebooks.MARK.finditer(cell.source)}
    assert set(values) == used, "glued, but in no sentence"


def test_no_number_in_prose_stands_without_a_cell(path):
    evidence = "\n".join(cell.source + "".join(map(text_of, cell.outputs)) for cell in code_cells(path))
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert not prose.unbacked_numbers(cell.source, evidence), cell.id


def test_every_exercise_has_a_check_and_a_folded_solution_that_passes_it(chapter):
    cells = {cell.id: cell for cell in code_cells(chapter)}
    exercises = [name for name in cells if re.fullmatch(r"exercise-\d+", name)]
    assert 3 <= len(exercises) <= 5
    for name in exercises:
        solution = cells[name.replace("exercise", "solution")]
        assert "exercises.check(" in cells[name].source
        assert cells[name].outputs[0].text.startswith("No answer yet"), name
        assert tags(solution) == {"hide-cell"}
        assert solution.metadata.mystnb.code_prompt_show == "Show the solution"
        assert solution.outputs[0].text.startswith("Right."), name


def test_every_chapter_has_its_parts(chapter):
    markdown = "\n".join(cell.source for cell in read(chapter).cells if cell.cell_type == "markdown")
    for part in ("## Exercises", "## What to remember", "**References.**", "**Where this stops"):
        assert part in markdown, part
    first = read(chapter).cells[0].source
    assert re.search(r"\*\*[^*]+\?\*\* ", first), "the chapter opens with its question"
