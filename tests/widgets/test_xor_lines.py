"""Two ReLU lines: the units are torch's, the best cut is the package's, the drawing shows the sign of the score."""

import math
import random

import numpy as np
import pytest
import torch

from companion import nonlinearity, widgets
from companion.pointwise import as_conv2d
from tests.refusals import refusals
from tests.widgets import in_javascript, paired, settings_of

CORNERS = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], dtype=torch.float64)
LABELS = torch.tensor([0, 1, 1, 0])
AXES = [[0, 0], [90, 0]]
# Facing away from each other across the diagonal; one behind the other; crossing outside the square.
SOLVED = [[[-45, 0], [135, 0]], [[45, -0.7], [45, 0]], [[35, -0.9], [55, 0.1]]]


def lines(pair):
    return [{"angle": angle, "offset": offset} for angle, offset in pair]


def drawn(count):
    chance = random.Random(0)
    return [
        [[chance.randrange(-180, 181, 5), chance.randrange(-30, 31) / 20] for _ in range(2)] for _ in range(count)
    ]


def folded(pair):
    """The corners through the two units, (4, 2), by a 1x1 convolution and a ReLU."""
    turns = torch.tensor([angle for angle, _ in pair], dtype=torch.float64).deg2rad()
    offsets = torch.tensor([offset for _, offset in pair], dtype=torch.float64)
    layer = as_conv2d(torch.stack([turns.cos(), turns.sin()], dim=1), -offsets)
    with torch.no_grad():
        return layer(CORNERS[:, :, None, None]).relu()[:, :, 0, 0]


def test_the_units_are_a_1x1_convolution_with_a_relu():
    pairs = drawn(20) + SOLVED
    values = [[corner, lines(pair)] for pair in pairs for corner in CORNERS.tolist()]
    got = torch.tensor(in_javascript("xor-lines", "Element.hidden(...value)", values), dtype=torch.float64)
    torch.testing.assert_close(got, torch.cat([folded(pair) for pair in pairs]), rtol=0, atol=1e-12)


def test_the_corners_and_classes_are_those_of_xor():
    got = in_javascript("xor-lines", "[Element.corners, Element.labels]", [0])[0]
    assert got == [CORNERS.tolist(), LABELS.tolist()]
    assert [(a > 0) != (b > 0) for a, b in got[0]] == [label == 1 for label in got[1]]


def test_the_cut_is_the_best_one():
    pairs = drawn(60) + SOLVED + [AXES]
    points = [folded(pair) for pair in pairs]
    cuts = in_javascript("xor-lines", "Element.bestCut(...value)", [[p.tolist(), LABELS.tolist()] for p in points])
    for place, cut in zip(points, cuts, strict=True):
        assert 25 * cut["right"] == nonlinearity.best_cut(place, LABELS).accuracy
        if cut["threshold"] is not None:  # JSON has no infinity
            ones = place @ torch.tensor(cut["normal"]).double() > cut["threshold"]
            assert (ones == (LABELS == 1)).sum() == cut["right"]
    assert {cut["right"] for cut in cuts} == {2, 3, 4}
    assert [cut["right"] for cut in cuts[60:]] == [4, 4, 4, 3]


def test_the_gap_of_a_solution_is_the_distance_of_the_two_classes():
    shares = np.linspace(0, 1, 501)[:, None]
    for pair in SOLVED:
        place = folded(pair)
        cut = in_javascript("xor-lines", "Element.bestCut(...value)", [[place.tolist(), LABELS.tolist()]])[0]
        zeros, ones = ((shares * a + (1 - shares) * b) for a, b in (place[[0, 3]].numpy(), place[[1, 2]].numpy()))
        nearest = np.linalg.norm(zeros[:, None] - ones, axis=2).min()  # points along the two segments
        assert cut["gap"] == pytest.approx(nearest, abs=2e-3)
        assert cut["gap"] <= nearest + 1e-9


def test_any_labels_of_scattered_points_are_cut_as_well_as_by_the_package():
    generator = torch.Generator().manual_seed(1)
    points = torch.randn(40, 7, 2, generator=generator)
    labels = torch.randint(2, (40, 7), generator=generator)
    cases = list(zip(points.tolist(), labels.tolist(), strict=True))
    for case, cut in paired("xor-lines", "Element.bestCut(...value)", cases):
        ours = nonlinearity.best_cut(*map(torch.tensor, case)).accuracy
        assert round(100 * cut["right"] / 7, 6) >= round(ours, 6)


def area(polygon):
    x, y = np.array(polygon).T if polygon else (np.zeros(1), np.zeros(1))
    return abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2


def test_a_clipped_square_keeps_the_part_above_zero():
    square = [[-2, -2], [2, -2], [2, 2], [-2, 2]]
    chance = random.Random(2)
    sums = [[math.cos(turn), math.sin(turn), chance.uniform(-2, 2)] for turn in np.linspace(0.1, 6, 12)]
    sums += [[1, 0, 0], [0, -1, 1], [0, 0, 1], [0, 0, -1]]
    grid = np.stack(np.meshgrid(*[np.linspace(-2, 2, 801)] * 2), axis=-1)
    for (_, (a, b, c)), polygon in paired("xor-lines", "Element.clip(...value)", [[square, s] for s in sums]):
        assert area(polygon) == pytest.approx(16 * (grid @ [a, b] + c > 0).mean(), abs=0.06)
        assert all(a * x + b * y + c > -1e-9 for x, y in polygon)


def test_the_widget_says_where_its_lines_are():
    assert settings_of(widgets.xor_lines()) == {"lines": lines(AXES)}
    widget = widgets.xor_lines((-45, 0.35), (135, -1.5))
    assert repr(widget) == "Two ReLU lines: -45° at 0.35, 135° at -1.5"
    assert settings_of(widget)["lines"] == lines([(-45, 0.35), (135, -1.5)])


def test_the_pair_that_the_fallback_names_solves_it():
    assert "ReLU(x₁ − x₂) and ReLU(x₂ − x₁): their sum is 2" in widgets.xor_lines().fallback
    assert (math.sqrt(2) * folded(SOLVED[0]).sum(dim=1)).tolist() == pytest.approx([0, 2, 2, 0], abs=1e-12)


def moved(*given):
    return lambda: widgets.xor_lines(*given)


test_bad_input_is_named = refusals(
    (moved((0, 0)), r"lines must be two pairs of angle and offset, got \(\(0, 0\),\)"),
    (moved((0, 0), (1, 2, 3)), r"lines must be two pairs of angle and offset, got \(\(0, 0\), \(1, 2, 3\)\)"),
    (moved((0, 0), (185, 0)), "angle must be from -180 to 180 in steps of 5, got 185"),
    (moved((3, 0), (0, 0)), "angle must be from -180 to 180 in steps of 5, got 3"),
    (moved((0, 1.55), (0, 0)), "offset must be from -1.5 to 1.5 in steps of 0.05, got 1.55"),
    (moved((0, 0), (0, 0.51)), "offset must be from -1.5 to 1.5 in steps of 0.05, got 0.51"),
    (moved((float("nan"), 0), (0, 0)), "angle must be from -180 to 180 in steps of 5, got nan"),
)
