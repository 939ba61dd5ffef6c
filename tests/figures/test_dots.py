"""Dots: every run is shown, with the mean and the spread."""

import pytest
from matplotlib.colors import to_hex

from companion import figures
from companion.figures import SERIES


def test_dots_show_every_run_the_mean_and_one_standard_deviation_in_named_rows():
    axis = figures.dots({"a": [1.0, 3.0, 5.0], "b": [7.0, 7.0]}, label="x", alt="a").figure.axes[0]
    assert axis.collections[0].get_offsets().tolist() == [[1, 0], [3, 0], [5, 0]]
    assert axis.collections[1].get_offsets().tolist() == [[7, 1], [7, 1]]
    spread, mean, *_ = axis.lines
    assert spread.get_xydata().tolist() == [[1, 0], [5, 0]]  # the standard deviation of 1, 3, 5 is 2
    assert mean.get_xdata().tolist() == [3, 3]
    assert mean.get_ydata().mean() == 0
    axis = figures.dots({"a": [1, 2], "b": [3, 4]}, label="accuracy, %", alt="a").figure.axes[0]
    assert axis.get_xlabel() == "accuracy, %"
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    assert axis.get_yticks().tolist() == [0, 1]
    low, high = axis.get_ylim()
    assert low > 1 > 0 > high


@pytest.mark.parametrize(
    ("cycle", "order"), [({}, [0] * 5), ({"cycle": 2}, [0, 1, 0, 1, 0]), ({"cycle": 4}, [0, 1, 2, 3, 0])]
)
def test_rows_of_dots_take_the_colours_in_turn(cycle, order):
    axis = figures.dots({name: [1, 2] for name in "abcde"}, label="x", alt="a", **cycle).figure.axes[0]
    wanted = [SERIES[i] for i in order]
    assert [to_hex(points.get_facecolor()[0]) for points in axis.collections] == wanted
    assert [line.get_color() for line in axis.lines] == [colour for colour in wanted for _ in range(2)]


def test_a_run_outside_the_window_is_named_at_its_edge():
    runs = {"a": [92.0, 95.0], "b": [12.0, 95.0, 10.0, 120.0]}
    axis = figures.dots(runs, label="x", alt="a", window=(90, 100)).figure.axes[0]
    assert axis.get_xlim() == (90, 100)
    seen = [(text.get_text(), text.get_position(), text.get_ha()) for text in axis.texts]
    assert seen == [("◂ 10, 12", (90, 1), "left"), ("120 ▸", (100, 1), "right")]


# --- Panels


def test_panels_show_the_same_rows_each_on_its_own_scale():
    panels = {"many": {"a": [1.0, 3.0], "b": [7.0, 9.0]}, "few": {"a": [100.0, 300.0], "b": [500.0, 900.0]}}
    picture = figures.dot_panels(panels, label="accuracy, %", alt="a")
    for axis, (title, runs) in zip(picture.figure.axes, panels.items(), strict=True):
        assert axis.get_title(loc="left") == title
        assert axis.get_xlabel() == "accuracy, %"
        seen = [points.get_offsets()[:, 0].tolist() for points in axis.collections]
        assert seen == list(runs.values())
        low, high = axis.get_xlim()
        values = [value for run in runs.values() for value in run]
        assert low < min(values)
        assert max(values) < high < 2 * max(values)
    left, right = picture.figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["a", "b"]
    assert left.get_ylim() == right.get_ylim()
    assert not any(label.get_visible() for label in right.get_yticklabels()), "the names stand once, at the left"
