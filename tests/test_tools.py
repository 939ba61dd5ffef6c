"""The tool that runs the notebooks, and the one that reads their prose."""

import nbformat
import pytest

from tests.refusals import refusals
from tools import notebooks, prose, quick

FORMAT = nbformat.v4


def notebook(tmp_path, *cells):
    path = tmp_path / "chapter.ipynb"
    for index, cell in enumerate(cells):
        cell.id = f"cell-{index}"
    nbformat.write(FORMAT.new_notebook(cells=list(cells)), path)
    return path


def timed(source):
    cell = FORMAT.new_code_cell(source)
    cell.metadata["tags"] = ["nbval-ignore-output"]
    return cell


def test_running_twice_changes_no_byte_and_keeps_measured_times(tmp_path):
    path = notebook(
        tmp_path,
        FORMAT.new_code_cell("from companion.prose import glue\nglue('share', 0.25)\nprint({'a', 'b', 'c'})"),
        FORMAT.new_markdown_cell("About <!--=share:.0%--> of it."),
        timed("import time\nprint(time.perf_counter_ns())"),
    )
    notebooks.execute(path, timings=False)
    once = path.read_bytes()
    notebooks.execute(path, timings=False)
    assert path.read_bytes() == once
    cells = nbformat.read(path, as_version=4).cells
    assert cells[1].source == "About 25%<!--=share:.0%--> of it."
    assert [cells[0].execution_count, cells[2].execution_count] == [1, 2]
    notebooks.execute(path, timings=True)
    assert path.read_bytes() != once


def test_when_a_timed_cell_changes_all_are_measured_anew(tmp_path):
    path = notebook(tmp_path, timed("value = 'old'\nprint(value)"), timed("print('drawn from', value)"))
    notebooks.execute(path, timings=False)
    stored = nbformat.read(path, as_version=4)
    stored.cells[0].source = "value = 'new'\nprint(value)"
    nbformat.write(stored, path)
    notebooks.execute(path, timings=False)
    outputs = [cell.outputs[0].text for cell in nbformat.read(path, as_version=4).cells]
    assert outputs == ["new\n", "drawn from new\n"], "what depends on a new time is made anew as well"


def test_stored_outputs_are_kept_together_or_not_at_all(tmp_path):
    path = notebook(tmp_path, *(FORMAT.new_code_cell(f"print({text!r})") for text in ("7.7 ± 0.4", "level")))

    def texts(*stored):
        old = nbformat.read(path, as_version=4)
        for cell, text in zip(old.cells, stored, strict=True):
            cell.outputs = [FORMAT.new_output("stream", name="stdout", text=f"{text}\n")]
        nbformat.write(old, path)
        notebooks.execute(path, timings=False)
        return [cell.outputs[0].text.strip() for cell in nbformat.read(path, as_version=4).cells]

    assert texts("7.5 ± 0.5", "level") == ["7.5 ± 0.5", "level"], "the same within its tolerance"
    assert texts("7.5 ± 0.5", "ahead") == ["7.7 ± 0.4", "level"], "a page's numbers come from one run"


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("<!--=n:,--> weights", "16,384<!--=n:,--> weights"),
        ("old 9,999<!--=n:,-->.", "old 16,384<!--=n:,-->."),
        ("by −3.1<!--=d:.1f--> points", "by −0.5<!--=d:.1f--> points"),
        ("12%<!--=s:.0%-->", "50%<!--=s:.0%-->"),
        ("nothing 5 here", "nothing 5 here"),
    ],
)
def test_numbers_are_filled_in_front_of_their_marks(text, filled):
    values = {"n": 16384, "d": -0.5, "s": 0.5}
    assert notebooks.fill(text, values) == filled
    assert notebooks.fill(filled, values) == filled


def filling(mark, **values):
    return lambda: notebooks.fill(mark, values)


test_only_plain_numbers_that_a_cell_glues_are_filled_in = refusals(
    (filling("<!--=v-->", v=True), "'v' must be written as a plain number"),
    (filling("<!--=v:.1e-->", v=12345.0), "'v' must be written as a plain number"),
    (filling("<!--=v-->", v="9 of 10"), "'v' must be written as a plain number"),
    (filling("<!--=missing-->"), "no cell glues 'missing'", KeyError),
)


@pytest.mark.parametrize(
    "text",
    [
        "A 3×3 convolution on 28 × 28 pixels, 16×16×8.",
        "ResNet-50, ResNet v1.5, MobileNetV1, claim A10, weights of BT.601, module 3a.",
        "See section 3.1 and [this](https://arxiv.org/abs/1312.4400), arXiv 1312.4400, of 2014.",
        "> **Claim B5.** 201,800 weights",
        "The formula $k^2 = 9$ and\n$$\n\\frac{1}{2}\n$$\nin words.",
        'Whoever says "12 times cheaper" must say of what.',
        "589,824<!--=n:,--> weights, 50%<!--=s:.0%-->",
        "**1. Count.** How many?",
    ],
)
def test_names_places_and_backed_numbers_are_let_pass(text):
    assert prose.unbacked_numbers(text, "") == []


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It has 589,824 weights.", ["589,824"]),
        ("It is 3.6 times smaller, by 72 %.", ["3.6", "72"]),
        ("`4096` outputs of `512`", ["4096"]),
        ("A 3×3 convolution has 9 taps.", ["9"]),
        ("From 2048 channels to 1920.", ["2048", "1920"]),
        ("`12` of them", ["12"]),
    ],
)
def test_a_typed_number_is_found(text, numbers):
    assert prose.unbacked_numbers(text, "Linear(512, 10)") == numbers


def shown(text, svg="", stream=""):
    data = {"text/plain": text, "text/html": f"<div>{svg}</div>", "image/png": "AAAA"}
    outputs = [nbformat.v4.new_output("display_data", data=data)]
    return outputs + ([nbformat.v4.new_output("stream", name="stdout", text=stream)] if stream else [])


@pytest.mark.parametrize(
    ("stored", "new", "same"),
    [
        (shown("7.7 ± 0.4"), shown("7.5 ± 0.5"), True),
        (shown("7.7 ± 0.4"), shown("6.1 ± 0.4"), False),
        (shown("", '<svg><path d="M 10.25 20"/></svg>'), shown("", '<svg><path d="M 11.5 19"/></svg>'), True),
        (shown("", '<svg><path d="M 10.25 20"/></svg>'), shown("", '<svg><path d="M 13.5 19"/></svg>'), False),
        (shown("", '<svg><path d="M 10 20"/></svg>'), shown("", '<svg><path d="L 10 20"/></svg>'), False),
        (shown("", '<svg><path d="M 10 20"/></svg>'), shown("", '<svg><path d="M 10 20 30"/></svg>'), False),
        (shown("a", stream="ahead"), shown("a", stream="cannot tell"), False),
        (shown("a", stream="ahead"), shown("a"), False),
        ([], [], True),
    ],
)
def test_a_stored_output_is_kept_where_the_new_one_says_the_same(stored, new, same):
    assert notebooks.unchanged(stored, new) is same


def test_a_notebook_is_meant_by_its_name_or_its_path_and_is_one_that_exists(monkeypatch, capsys):
    for name in ("pointwise", "pointwise.ipynb", "book/pointwise.ipynb", str(notebooks.BOOK / "pointwise.ipynb")):
        assert notebooks.notebook(name).resolve() == notebooks.BOOK / "pointwise.ipynb"
    monkeypatch.setattr("sys.argv", ["notebooks", "pointwize"])
    with pytest.raises(SystemExit):
        notebooks.main()
    assert "there is no notebook 'pointwize'; there are beyond_cnns, channel_mixing" in capsys.readouterr().err


def test_the_units_of_a_room_are_its_source_and_the_tests_that_are_about_it(monkeypatch, capsys):
    assert {"companion/nonlinearity", "tests/test_nonlinearity.py"} <= set(quick.units("nonlinearity"))
    assert {"companion/kernels", "tests/kernels", "tests/test_benchmarks_gpu.py"} <= set(quick.units("kernels"))
    assert "tests/test_claims.py" not in quick.units("training")
    assert quick.units("nonsense") == []
    monkeypatch.setattr("sys.argv", ["quick", "nonsense"])
    with pytest.raises(SystemExit):
        quick.main()
    assert "there is no room 'nonsense' in companion" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "tried"),
    [
        ("companion/tables.py", {"companion/tables.py", "tests/test_tables.py"}),
        ("tools/vendor.py", {"tools", "tests/test_tools.py", "tests/test_vendor.py"}),
        ("tests/kernels/test_source.py", {"tests/kernels/test_source.py"}),
        ("tests/test_gone.py", set()),
        ("tests/site/test_pages.py", set()),
        ("book/pointwise.ipynb", set()),
    ],
)
def test_what_has_changed_says_what_is_tried(changed, tried):
    assert set(quick.chosen([changed])) == tried
