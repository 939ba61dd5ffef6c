"""Points between logarithmic axes: each where it belongs, with its name, and lines of one ratio."""

import pytest
from matplotlib.colors import to_hex

from companion import figures
from companion.figures import SERIES

GROUPS = {"full": {"a": (4e8, 9.0), "b": (4e8, 30.0)}, "depthwise": {"a": (1e6, 0.2)}}
WORDS = {"xlabel": "MACs", "ylabel": "ms", "alt": "a"}


def drawn(**changes):
    return figures.scatter(**{"groups": GROUPS, **WORDS} | changes).figure


def test_each_point_stands_at_its_values_in_its_groups_colour():
    figure = drawn()
    axis = figure.axes[0]
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    assert [dots.get_offsets().tolist() for dots in axis.collections] == [[[4e8, 9], [4e8, 30]], [[1e6, 0.2]]]
    assert [to_hex(dots.get_facecolor()[0]) for dots in axis.collections] == list(SERIES[:2])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["full", "depthwise"]
    (left, right), (low, high) = axis.get_xlim(), axis.get_ylim()
    assert left < 1e6 < 4e8 < right
    assert low < 0.2 < 30 < high


def test_each_point_has_its_name_above_it_and_axes_no_exponents():
    axis = drawn().axes[0]
    names = [(text.get_text(), text.xy) for text in axis.texts]
    assert names == [("a", (4e8, 9)), ("b", (4e8, 30)), ("a", (1e6, 0.2))]
    assert all(text.get_position() == (0, 4) and text.get_fontsize() >= 8 for text in axis.texts)
    axis.figure.canvas.draw()
    labels = [[tick.get_text() for tick in part.get_ticklabels()] for part in (axis.xaxis, axis.yaxis)]
    assert {"1 M", "10 M", "100 M"} <= set(labels[0])
    assert {"0.1", "1", "10"} <= set(labels[1])


def test_a_ray_joins_points_of_one_ratio_and_is_named_where_it_leaves_the_picture():
    axis = drawn(rays={"slow": 2e-7, "fast": 1e-8}).axes[0]
    (right, top), names = (axis.get_xlim()[1], axis.get_ylim()[1]), axis.texts[-2:]
    ratios = [line.get_ydata() / line.get_xdata() for line in axis.lines]
    assert ratios == [pytest.approx([2e-7, 2e-7]), pytest.approx([1e-8, 1e-8])]
    assert [name.get_text() for name in names] == ["slow", "fast"]
    assert names[0].xy == (pytest.approx(top / 2e-7), 1.01)
    assert names[1].xy == (1.01, pytest.approx(right * 1e-8))
