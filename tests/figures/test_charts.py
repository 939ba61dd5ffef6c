"""Bars, dots and curves: what is drawn is what was given."""

import itertools

import pytest
from matplotlib.colors import to_hex

from companion import figures
from companion.figures import INK, SERIES


def test_bars_are_as_long_as_their_values_and_in_their_order_from_above():
    picture = figures.bars({"weights": {"a": 1, "b": 4}, "MACs": {"a": 30, "b": 20}}, alt="a", highlight="b")
    for axis, measure, values in zip(picture.figure.axes, ["weights", "MACs"], [[1, 4], [30, 20]], strict=True):
        bars = axis.patches
        assert axis.get_title(loc="left") == measure
        assert [bar.get_width() for bar in bars] == values
        assert [bar.get_x() for bar in bars] == [0, 0]
        assert [to_hex(bar.get_facecolor()) for bar in bars] == list(SERIES[:2])
        assert [bar.get_y() + bar.get_height() / 2 for bar in bars] == pytest.approx([0, 1])
        assert axis.yaxis_inverted()
        assert axis.get_yticks().tolist() == [0, 1]
        low, high = axis.get_xlim()
        assert low == 0
        assert high > 1.3 * max(values), "no place for the numbers"
    assert [label.get_text() for label in picture.figure.axes[0].get_yticklabels()] == ["a", "b"]


def test_a_number_stands_right_of_the_end_of_its_bar():
    axis = figures.bars({"m": {"a": 1, "b": 4}}, alt="a").figure.axes[0]
    for text, value, row in zip(axis.texts, [1, 4], [0, 1], strict=True):
        x, y = text.get_position()
        assert value < x < value + 0.5
        assert (y, text.get_text()) == (row, str(value))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        *((0, "0"), (0.00001234, "0.0000123"), (0.45, "0.45"), (12.34, "12.3"), (99.7, "99.7")),
        *((99.99, "100"), (100.4, "100"), (589_824, "589,824"), (999_499, "999,499"), (1_000_000, "1 M")),
        *((5e6, "5 M"), (13_245_000, "13.2 M"), (999_999_999, "1 G"), (2e9, "2 G")),
        (2_300_000_000_000, "2,300 G"),
    ],
)
def test_numbers_are_written_without_exponents(value, written):
    axis = figures.bars({"m": {"a": value, "b": 1}}, alt="a").figure.axes[0]
    assert axis.texts[0].get_text() == written


def test_panels_stand_two_in_a_row_and_the_spare_one_is_empty():
    axes = figures.bars({m: {"a": 1} for m in "xyz"}, alt="a").figure.axes
    assert [axis.get_title(loc="left") for axis in axes] == ["x", "y", "z", ""]
    assert [axis.axison for axis in axes] == [True, True, True, False]
    assert {axis.get_gridspec().get_geometry() for axis in axes} == {(2, 2)}


# --- Curves


def curves(lines, **settings):
    return figures.curves(lines, xlabel="x", ylabel="y", alt="a", **settings).figure.axes[0]


def test_curves_pass_through_their_points_in_their_colours():
    axis = curves({"a": ([1, 2, 4], [3, 1, 2]), "b": ([1, 4], [5, 6])}, levels={"here": 4, "there": 2})
    first, second, *levels = axis.lines
    assert first.get_xydata().tolist() == [[1, 3], [2, 1], [4, 2]]
    assert second.get_xydata().tolist() == [[1, 5], [4, 6]]
    assert [first.get_color(), second.get_color()] == list(SERIES[:2])
    assert [set(level.get_ydata()) for level in levels] == [{4}, {2}]
    assert {level.get_color() for level in levels} == {INK}
    named = [(text.get_text(), text.xy[1]) for text in axis.texts[:2]]
    assert named == [("here", 4), ("there", 2)]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("x", "y")
    assert (axis.get_xscale(), axis.get_yscale()) == ("linear", "linear")
    assert axis.get_xlim() == (1, 4), "a curve ends where its name stands"


def test_levels_are_named_at_the_left_end_or_at_the_right_one():
    for right, place in ((False, (0.01, "left")), (True, (0.99, "right"))):
        name = curves({"a": ([1, 2], [3, 1])}, levels={"here": 2}, levels_right=right).texts[0]
        assert (name.xy[0], name.get_ha()) == place


@pytest.mark.parametrize("settings", [{}, {"levels": {"far": 40}}, {"levels": {"here": 5}}, {"yscale": "log"}])
def test_a_line_is_named_at_its_end_in_its_colour(settings):
    axis = curves({"low": ([0, 1], [9, 1]), "high": ([0, 1], [1, 9])}, **settings)
    axis.figure.draw_without_rendering()
    to_axes = axis.transData + axis.transAxes.inverted()
    names = [text for text in axis.texts if text.get_text() in ("low", "high")]
    for text, name, colour, end in zip(names, ["low", "high"], SERIES[:2], [1, 9], strict=True):
        assert (text.get_text(), text.get_color()) == (name, colour)
        assert text.xycoords == "axes fraction"
        assert text.xy == (pytest.approx(1.01), pytest.approx(to_axes.transform((1, end))[1], abs=0.01))


def test_names_of_lines_that_end_together_are_moved_apart_and_keep_their_order():
    axis = curves({"a": ([0, 1], [1, 0.001]), "b": ([0, 1], [1, 0.0]), "c": ([0, 1], [1, 0.0])})
    heights = {text.get_text(): text.xy[1] for text in axis.texts}
    assert sorted(heights, key=heights.get) == ["b", "c", "a"]
    assert all(above - below > 0.07 for below, above in itertools.pairwise(sorted(heights.values())))


def ticks(axis):
    marks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
    return [(float(place), label.get_text()) for place, label in marks]


def test_a_logarithmic_axis_is_marked_with_plain_numbers():
    axis = curves({"a": ([1, 2, 4, 8], [0.05, 1, 20, 300])}, xscale="log", yscale="log")
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    assert ticks(axis.xaxis) == [(1, "1"), (2, "2"), (4, "4"), (8, "8")]
    assert ticks(axis.yaxis) == [(0.1, "0.1"), (1, "1"), (10, "10"), (100, "100")]
    assert not [*axis.xaxis.get_minorticklocs(), *axis.yaxis.get_minorticklocs()]
    large = curves({"a": ([1, 2], [1e5, 1e7])}, yscale="log")
    assert [word for _, word in ticks(large.yaxis)] == ["100,000", "1,000,000", "10,000,000"]
    two = curves({"a": ([1, 2], [0.9, 11])}, yscale="log")
    assert [word for _, word in ticks(two.yaxis)] == ["1", "10"]


@pytest.mark.parametrize("ends", [(2, 8), (3, 4), (61, 63), (0.2, 0.7), (7, 30)])
def test_a_short_logarithmic_axis_has_marks_all_the_same(ends):
    marks = ticks(curves({"a": ([1, 2], ends)}, yscale="log").yaxis)
    assert len(marks) >= 2
    assert all(ends[0] * 0.9 <= place <= ends[1] * 1.1 for place, _ in marks)
    assert [float(word) for _, word in marks] == pytest.approx([place for place, _ in marks])


def test_a_level_beyond_the_lines_lies_within_the_marks():
    axis = curves({"a": ([1, 2], [1, 10])}, yscale="log", levels={"far": 2000})
    assert [word for _, word in ticks(axis.yaxis)] == ["1", "10", "100", "1,000"]
