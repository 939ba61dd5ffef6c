"""Decision regions: sides, boundary and points where they belong."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch

from companion import figures
from companion.figures import BLUE, INK, ORANGE

LIMITS = (-1.0, 1.0)
GRID = np.linspace(*LIMITS, 9)
RISING = (GRID[None, :] - 0.3 + 0 * GRID[:, None]).tolist()  # above 0 right of x = 0.3
UPPER = (GRID[:, None] - 0.5 + 0 * GRID[None, :]).tolist()  # above 0 over y = 0.5


def side(axis, colour, x, y):
    """Whether a place is filled with a colour."""
    return any(
        path.contains_point((x, y))
        for filled in axis.collections
        for path, face in zip(filled.get_paths(), filled.get_facecolors(), strict=False)
        if to_hex(face) == colour
    )


def area(corners):
    """The area of a polygon, by the shoelace formula."""
    x, y = corners.T
    return abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2


@pytest.mark.parametrize(("scores", "x", "y"), [(RISING, 0.6, -0.6), (UPPER, -0.6, 0.8)])
def test_class_1_is_blue_and_the_first_row_lies_below(scores, x, y):
    axis = figures.regions({"a": scores}, limits=LIMITS, alt="a").figure.axes[0]
    blue, orange = (x, y), (-x, -y)
    assert (side(axis, BLUE, *blue), side(axis, ORANGE, *blue)) == (True, False)
    assert (side(axis, BLUE, *orange), side(axis, ORANGE, *orange)) == (False, True)


def test_the_boundary_is_where_the_score_is_zero():
    axis = figures.regions({"a": RISING}, limits=LIMITS, alt="a").figure.axes[0]
    (line,) = [c for c in axis.collections if not len(c.get_facecolors())]
    assert to_hex(line.get_edgecolors()[0]) == INK
    assert line.get_paths()[0].vertices[:, 0] == pytest.approx(0.3)


@pytest.mark.parametrize(("score", "colour"), [(2.0, BLUE), (-2.0, ORANGE), (0.0, ORANGE)])
def test_one_side_alone_has_no_boundary(score, colour):
    axis = figures.regions({"a": [[score] * 3] * 3}, limits=LIMITS, alt="a").figure.axes[0]
    assert side(axis, colour, 0.1, 0.2)
    assert not side(axis, BLUE if colour == ORANGE else ORANGE, 0.1, 0.2)
    assert all(len(c.get_facecolors()) for c in axis.collections)


def test_points_stand_at_their_places_on_every_panel_round_for_0_and_square_for_1():
    points, labels = [(0.5, 0.25), (-0.5, 0.75), (0.1, -0.9)], [0, 1, 1]
    picture = figures.regions({"a": RISING, "b": UPPER}, limits=LIMITS, points=points, labels=labels, alt="a")
    assert len(picture.figure.axes) == 2
    for axis in picture.figure.axes:
        marks = {to_hex(p.get_facecolor()): p.get_path() for p in axis.patches if isinstance(p, PathPatch)}
        centres = {c: [corners[:-1].mean(axis=0) for corners in p.to_polygons()] for c, p in marks.items()}
        assert np.array(centres[ORANGE]) == pytest.approx(np.array(points[:1]))
        assert np.array(centres[BLUE]) == pytest.approx(np.array(points[1:]))
        corners = {colour: len(path.to_polygons()[0]) - 1 for colour, path in marks.items()}
        assert corners == {ORANGE: 8, BLUE: 4}
        areas = [area(polygon[:-1]) for path in marks.values() for polygon in path.to_polygons()]
        assert areas == pytest.approx([0.06**2] * 3)


def test_panels_have_their_titles_and_share_the_limits():
    picture = figures.regions({"a": RISING, "b": UPPER}, limits=(-2, 3), alt="a")
    left, right = picture.figure.axes
    assert [axis.get_title() for axis in (left, right)] == ["a", "b"]
    assert left.get_xlim() == left.get_ylim() == right.get_xlim() == (-2, 3)
    assert [axis.get_xlabel() for axis in (left, right)] == ["channel 1"] * 2
    assert [axis.get_ylabel() for axis in (left, right)] == ["channel 2", ""]
    assert left.get_aspect() == 1
