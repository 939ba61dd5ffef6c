"""The best straight cut between two classes, compared with every line through two points."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import nonlinearity
from tests.refusals import refusals


def by_trying(points, labels):
    """Every line through two points, shifted a little to each side and turned a little: slow, and exact for few."""
    best = max((labels == 0).sum(), (labels == 1).sum())
    for start, end in itertools.permutations(points, 2):
        for turn, shift in itertools.product((-1e-4, 1e-4), (-1e-4, 0.0, 1e-4)):
            angle = torch.atan2(*(end - start).flip(0)) + turn
            above = (points - (start + end) / 2) @ torch.stack([-angle.sin(), angle.cos()]) > shift
            best = max(best, (above == labels.bool()).sum(), (above != labels.bool()).sum())
    return 100 * int(best) / len(points)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_cut_is_that_of_all_lines(seed):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(9, 2, generator=generator, dtype=torch.float64)
    labels = torch.randint(2, (9,), generator=generator)
    cut = nonlinearity.best_cut(points, labels, directions=5000)
    assert cut.accuracy == by_trying(points, labels)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2), st.integers(0, 1)), min_size=1, max_size=12))
def test_the_cut_that_comes_back_reaches_the_accuracy_that_it_claims(rows):
    points = torch.tensor([row[:2] for row in rows], dtype=torch.float32)  # with many at one place
    labels = torch.tensor([row[2] for row in rows])
    cut = nonlinearity.best_cut(points, labels, directions=24)
    right = (points.double() @ cut.normal > cut.threshold) == labels.bool()
    assert cut.accuracy == 100 * int(right.sum()) / len(rows)
    ones = int(labels.sum())
    assert cut.accuracy >= 100 * max(ones, len(rows) - ones) / len(rows), "all in one class is a cut too"
    assert math.isclose(cut.normal.norm().item(), 1)


def test_a_cut_between_two_clouds_stands_in_the_middle_and_faces_class_one():
    points = torch.tensor([[-3.0, 5.0], [-1.0, -5.0], [2.0, 5.0], [4.0, -5.0]])
    cut = nonlinearity.best_cut(points, torch.tensor([0, 0, 1, 1]), directions=4)
    assert cut.accuracy == 100
    assert cut.normal.tolist() == pytest.approx([1, 0])
    assert cut.threshold == pytest.approx(0.5)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_needs_no_cut(label):
    cut = nonlinearity.best_cut(torch.randn(5, 2), torch.full((5,), label))
    assert cut.accuracy == 100
    assert cut.threshold == (math.inf if label == 0 else -math.inf)


@pytest.mark.parametrize("unit", [1e-30, 1e-10, 1.0, 1e10, 1e30])
def test_the_unit_of_the_points_does_not_matter(unit):
    points = torch.tensor([[-3.0, 5.0], [-1.0, -5.0], [2.0, 5.0], [2.0, 5.0]], dtype=torch.float64)
    cut = nonlinearity.best_cut(unit * points, torch.tensor([0, 0, 0, 1]))
    assert cut.accuracy == 75  # two points at one place are on one side
    cut = nonlinearity.best_cut(unit * points, torch.tensor([0, 0, 1, 1]), directions=4)
    assert (cut.accuracy, cut.threshold) == (100, pytest.approx(unit / 2))


def test_points_that_are_all_zero_are_at_one_place():
    assert nonlinearity.best_cut(torch.zeros(3, 2), torch.tensor([0, 1, 1])).accuracy == pytest.approx(200 / 3)


POINTS, LABELS = torch.zeros(3, 2), torch.zeros(3)


def cut(points, labels, **options):
    return lambda: nonlinearity.best_cut(points, labels, **options)


test_bad_input_is_named = refusals(
    (cut([[0, 0]], LABELS), "points must be a torch.Tensor, got list", TypeError),
    (cut(torch.zeros(3, 3), LABELS), r"points must have shape \(N, 2\) .*got \(3, 3\)"),
    (cut(POINTS[:0], LABELS[:0]), "points must not be empty"),
    (cut(POINTS * math.nan, LABELS), "points must be finite"),
    (cut(POINTS, torch.zeros(4)), r"points must have shape \(N, 2\) with N = 4, got \(3, 2\)"),
    (cut(POINTS, torch.zeros(3, 1)), r"labels must have shape \(N,\), got \(3, 1\)"),
    (cut(POINTS, torch.tensor([0, 1, 2])), r"labels must be 0 or 1, got \[0, 1, 2\]"),
    (cut(POINTS, LABELS, directions=0), "directions must be at least 1"),
)
