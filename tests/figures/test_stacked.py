"""Stacked bars: each part begins where the one before it ends."""

import pytest
from matplotlib.colors import to_hex

from companion import figures
from companion.figures import GRID, ORANGE, SERIES

PARTS = ["pointwise", "depthwise", "rest"]
GROUPS = {"A": {"MACs": (1, 2, 3), "time": (4, 0, 0)}, "B": {"MACs": (5, 5, 0)}}


def draw(groups=GROUPS, parts=PARTS, **settings):
    return figures.stacked(groups, parts, **{"xlabel": "percent", "alt": "a", **settings}).figure


def test_parts_follow_one_another_in_each_row_and_add_up():
    (axis,) = draw().axes
    lefts = [[bar.get_x() for bar in bars] for bars in axis.containers]
    assert lefts == [[0, 0, 0], [1, 4, 5], [3, 4, 10]]
    widths = [[bar.get_width() for bar in bars] for bars in axis.containers]
    assert widths == [[1, 4, 5], [2, 0, 5], [3, 0, 0]]
    low, high = axis.get_xlim()
    assert low == 0
    assert 10 < high < 11


@pytest.mark.parametrize("count", [2, 5])
def test_the_last_part_is_grey_and_the_legend_names_them_all(count):
    parts = list("abcde")[:count]
    figure = draw({"": {"row": range(count)}}, parts)
    colours = [to_hex(bars[0].get_facecolor()) for bars in figure.axes[0].containers]
    assert colours == [*SERIES[: count - 1], GRID]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == parts


def test_rows_stand_in_their_order_from_above_with_a_title_over_each_group():
    (axis,) = draw().axes
    bottom, top = axis.get_ylim()
    assert bottom > top, "from above"
    heights = [bar.get_y() + bar.get_height() / 2 for bar in axis.containers[0]]
    assert heights == pytest.approx(axis.get_yticks())
    assert [label.get_text() for label in axis.get_yticklabels()] == ["MACs", "time", "MACs"]
    assert heights[1] - heights[0] == pytest.approx(1)
    assert heights[2] - heights[1] > 2, "no place for the title"
    titles = {text.get_text(): text.get_position() for text in axis.texts}
    assert titles["A"][1] < heights[0]
    assert heights[1] + 0.4 < titles["B"][1] < heights[2] - 0.4, "between the groups"
    assert all(top <= height <= bottom for height in heights)


def test_marks_stand_at_their_values_in_their_rows_and_are_named():
    rows = {"first": (1, 1), "second": (2, 2)}
    figure = draw({"": rows}, ["a", "b"], marks={"second": 9}, mark_name="printed")
    (axis,) = figure.axes
    (strokes,) = axis.collections
    assert strokes.get_offsets().tolist() == [[9, axis.get_yticks()[1]]]
    assert to_hex(strokes.get_facecolor()[0]) == ORANGE
    assert axis.get_xlim()[1] > 9
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "printed"]
