"""The roofline drawn: roofs that bend at their ridge, rows of dots, measured points."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from companion import figures

ROOFS = {"plain": (3e12, 60e12), "tensor cores": (3e12, 480e12)}
ROWS = {"one network": [8.0, 40.0], "another": [200.0]}


def draw(roofs=ROOFS, rows=ROWS, **options):
    return figures.roofline(roofs, rows, alt="Two roofs over two rows of dots.", **options)


def test_each_roof_rises_with_the_bandwidth_and_bends_at_the_peak():
    above, below = draw().figure.axes
    roofs = [line for line in above.lines if len(line.get_xdata()) == 3]
    for line, (bandwidth, peak) in zip(roofs, ROOFS.values(), strict=True):
        xs, ys = line.get_data()
        assert ys[0] == pytest.approx(bandwidth * xs[0] / 1e12)
        assert xs[1] == pytest.approx(peak / bandwidth)
        assert list(ys[1:]) == [peak / 1e12] * 2
    assert [to_hex(line.get_color()) for line in roofs] == [figures.BLUE, figures.ORANGE]
    ridges = [line.get_xdata()[0] for line in below.lines if line.get_linestyle() != "-"]
    assert ridges == [20.0, 160.0]


def test_every_row_has_its_dots_in_sight_and_its_name():
    _, below = draw().figure.axes
    assert [label.get_text() for label in below.get_yticklabels()] == list(ROWS)
    dots = [collection.get_offsets().tolist() for collection in below.collections]
    assert dots == [[[8, 0], [40, 0]], [[200, 1]]]
    above, _ = draw(rows={"far": [0.5, 3000]}).figure.axes
    low, high = above.get_xlim()
    assert low < 0.5 < 3000 < high


def test_measured_points_are_drawn_in_tera():
    above, _ = draw(points={"tensor cores": [(8.0, 2e13), (40.0, 5e13)]}).figure.axes
    assert to_hex(above.collections[0].get_facecolor()[0]) == figures.ORANGE
    np.testing.assert_allclose(above.collections[0].get_offsets(), [[8, 20], [40, 50]])


def test_points_far_below_the_roof_are_in_sight():
    above, _ = draw(points={"plain": [(8.0, 6e11), (40.0, 5e13)]}).figure.axes
    assert above.get_ylim()[0] < 0.6 < 50 < above.get_ylim()[1]
