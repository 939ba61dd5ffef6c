"""The sweep of learning rates: each line as it was given, its best rate marked, what is too low cut off."""

from companion import figures
from companion.figures import SERIES

LINES = {"a": {0.001: 60.0, 0.01: 95.0, 0.1: 90.0}, "b": {0.001: 91.0, 0.01: 93.0, 0.1: 94.0, 0.3: 10.0}}


def test_each_variant_has_a_line_with_a_dot_at_its_best_rate():
    axis = figures.sweep(LINES, alt="a").figure.axes[0]
    lines, dots = axis.lines[::2], axis.lines[1::2]
    assert [dict(zip(*line.get_data(), strict=True)) for line in lines] == list(LINES.values())
    assert [tuple(map(float, (*dot.get_xdata(), *dot.get_ydata()))) for dot in dots] == [(0.01, 95.0), (0.1, 94.0)]
    assert [text.get_text() for text in axis.texts] == ["a", "b"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0.001", "0.01", "0.1", "0.3"]


def test_the_axis_ends_where_nothing_is_left_to_tell():
    low, high = figures.sweep(LINES, alt="a", depth=20).figure.axes[0].get_ylim()
    assert (low, high) == (74.5, 95.5)
    low, _ = figures.sweep({"b": {1: 93.0, 2: 94.0, 3: 90.0}}, alt="a", depth=20).figure.axes[0].get_ylim()
    assert low == 89.5, "no lower than the lowest"


def test_more_variants_than_colours_get_another_dash():
    axis = figures.sweep({str(n): {1: n, 2: n + 1, 3: n} for n in range(12)}, alt="a").figure.axes[0]
    styles = {(line.get_color(), str(line._unscaled_dash_pattern)) for line in axis.lines[::2]}
    assert len(styles) == 12
    assert {colour for colour, _ in styles} == set(SERIES)
