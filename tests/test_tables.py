from fractions import Fraction

import numpy as np
import pytest

from companion.tables import Table
from tests.refusals import refusals


def test_numbers_are_set_to_the_right_and_words_to_the_left():
    table = Table(["layer", "weights", "share"], [["conv1", 9408, 0.25], ["a long name", 12, 1234.56]])
    assert repr(table).splitlines() == [
        "layer        weights    share",
        "-----------  -------  -------",
        "conv1          9,408      0.2",
        "a long name       12  1,234.6",
    ]


def test_a_caption_stands_above_and_a_total_below_a_rule():
    table = Table(["layer", "n"], [["a", 1], ["b", 2]], "Numbers", total=["total", 1003])
    assert repr(table).splitlines() == [
        "Numbers",
        "",
        "layer      n",
        "-----  -----",
        "a          1",
        "b          2",
        "-----  -----",
        "total  1,003",
    ]


def test_a_missing_number_is_a_dash_in_a_column_of_numbers():
    table = Table(["a", "n", "none"], [["x", 10, None], ["y", None, None]])
    assert repr(table).splitlines()[2:] == ["x  10  –", "y   –  –"]
    assert table._repr_html_().count('<td style="text-align: right">–</td>') == 1
    assert table._repr_html_().count("<td>–</td>") == 2
    assert repr(Table(["a", "number"], [["x", None]], total=["y", 7])).splitlines()[-1] == "y       7"
    assert repr(Table(["layer", "weights"], [])) == "layer  weights\n-----  -------"


@pytest.mark.parametrize(
    ("cell", "written", "number"),
    [
        (np.int64(12345), "12,345", True),
        (np.float32(0.25), "0.2", True),
        (np.float64(1234.56), "1,234.6", True),
        (Fraction(5, 4), "1.2", True),
        (-1000, "-1,000", True),
        (0, "0", True),
        (0.0, "0.0", True),
        (True, "True", False),
        (np.bool_(False), "False", False),
        ((1, 2), "(1, 2)", False),
    ],
)
def test_numbers_of_every_kind_are_set_as_numbers_and_all_else_as_text(cell, written, number):
    table = Table(["name", "a wide heading"], [["x", cell]])
    assert repr(table).splitlines()[2] == f"x     {written:{'>14' if number else ''}}"
    style = ' style="text-align: right"' if number else ""
    assert f"<td{style}>{written}</td>" in table._repr_html_()


@pytest.mark.parametrize(
    ("cells", "number"),
    [
        (["3.48", "12.10"], True),
        (["−0.5", "+12", None], True),
        (["1,234", "7"], True),
        (["0.003", "dead"], False),
        (["99.0 ± 0.5", "98.5", "–"], True),
        (["≈ 1,480", "0.40"], True),
        (["16.4%", "3 %"], True),
        (["133 M", "1.8 G"], True),
        (["−0.6 ± 0.2 (−1.0 to −0.1)", "0.1 ± 0.3 (−0.5 to 0.8)"], False),
        (["+57.4, ahead", "+1.2, cannot tell"], False),
        (["112×112×64", "56×56×64"], False),
        (["3 of 4", "2"], False),
        (["", "1"], False),
        ([None, "–"], False),
    ],
)
def test_a_column_of_numbers_written_as_text_is_one_of_numbers(cells, number):
    table = Table(["name", "a wide heading"], [["x", cell] for cell in cells])
    assert ('<th scope="col" style="text-align: right">' in table._repr_html_()) is number
    assert Table(["first", "n"], [["1", "a"]])._repr_html_().count("right") == 0


def test_html_names_every_row_and_column_and_escapes_every_text():
    table = Table(["a<b", "n"], [["<script>", 1], ["x&y", None]], caption='"<i>"', total=["<all>", 1])
    assert table._repr_html_().splitlines() == [
        '<table class="dataframe">',
        "<caption>&quot;&lt;i&gt;&quot;</caption>",
        '<thead><tr><th scope="col">a&lt;b</th><th scope="col" style="text-align: right">n</th></tr></thead>',
        "<tbody>",
        '<tr><th scope="row">&lt;script&gt;</th><td style="text-align: right">1</td></tr>',
        '<tr><th scope="row">x&amp;y</th><td style="text-align: right">–</td></tr>',
        "</tbody>",
        '<tfoot><tr><th scope="row">&lt;all&gt;</th><td style="text-align: right">1</td></tr></tfoot>',
        "</table>",
    ]


def test_html_without_caption_and_total_has_neither():
    html = Table(["a"], [["x"]])._repr_html_()
    assert "<caption>" not in html
    assert "<tfoot>" not in html
    assert '<tbody>\n<tr><th scope="row">x</th></tr>\n</tbody>' in html


test_rows_of_another_length_are_refused = refusals(
    (lambda: Table(["a", "n"], [[1, 1], [2]]), r"rows must have one cell for each of 2 .* got 1: \[2\]"),
    (lambda: Table(["name"], [["a", 1]]), r"rows must have one cell for each of 1 columns, got 2: \['a', 1\]"),
    (lambda: Table(["n"], [[1]], total=[]), r"total must have one cell for each of 1 columns, got 0: \[\]"),
)
