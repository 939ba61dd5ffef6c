"""A ReLU on few channels: the round trip, which points survive it, and how many are lost on average."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from companion import pitfalls
from tests.refusals import refusals


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_spiral_starts_in_the_middle_and_turns_as_often_as_asked():
    points = pitfalls.spiral(401, turns=2.5)
    assert (points.shape, points.dtype) == ((401, 2), torch.float64)
    torch.testing.assert_close(points.norm(dim=1), torch.arange(401).double() / 400)
    crossings = int((points[:-1, 1] * points[1:, 1] < 0).sum())
    assert crossings == 4  # after each half turn but the last
    torch.testing.assert_close(points[-1], torch.tensor([-1.0, 0.0], dtype=torch.float64))
    assert torch.equal(pitfalls.spiral(), pitfalls.spiral(200, turns=2))


@pytest.mark.parametrize("n", [2, 3, 15])
def test_the_round_trip_is_two_1x1_convolutions_with_a_relu_between(n):
    points, matrix = pitfalls.spiral(30), gaussian(n, 2)
    maps = points.T.reshape(1, 2, 5, 6)
    up = F.conv2d(maps, matrix[:, :, None, None]).relu()
    back = torch.linalg.solve(matrix.T @ matrix, matrix.T)  # the pseudo-inverse of full column rank
    down = F.conv2d(up, back[:, :, None, None])
    torch.testing.assert_close(pitfalls.relu_round_trip(points, matrix), down.flatten(2)[0].T)


def test_gradients_pass_through_the_round_trip():
    points = gaussian(4, 2).requires_grad_()
    matrix = gaussian(5, 2, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(pitfalls.relu_round_trip, (points, matrix))


def test_survivors_are_the_points_whose_active_rows_can_be_solved_for():
    points, matrix = gaussian(60, 3), gaussian(5, 3, seed=1)
    alive = pitfalls.survivors(points, matrix)
    assert 0 < alive.sum() < 60
    for point, survives in zip(points, alive.tolist(), strict=True):
        rows = [row for row in matrix if row @ point > 0]
        assert survives == (len(rows) >= 3)
        if survives:
            rows = torch.stack(rows)
            solved = torch.linalg.lstsq(rows, (matrix @ point).relu()[(matrix @ point) > 0]).solution
            torch.testing.assert_close(solved, point)


def test_active_rows_that_repeat_one_another_count_once_and_zero_is_not_active():
    matrix = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    assert pitfalls.survivors(torch.tensor([[1.0, -1.0], [1.0, 1.0]]), matrix).tolist() == [False, True]
    assert pitfalls.survivors(torch.tensor([[1.0, 0.0]]), torch.eye(2)).tolist() == [False]


@pytest.mark.parametrize(("n", "d"), [(1, 1), (2, 2), (3, 2), (5, 3), (4, 6)])
def test_the_expected_loss_counts_the_sign_patterns_with_too_few_active_channels(n, d):
    patterns = list(itertools.product([0, 1], repeat=n))
    assert pitfalls.expected_loss(n, d) == sum(sum(pattern) < d for pattern in patterns) / len(patterns)


@pytest.mark.parametrize(("n", "d"), [(2, 2), (3, 2), (6, 3)])
def test_random_matrices_lose_what_is_expected(n, d):
    points = gaussian(20, d)
    lost = [1 - pitfalls.survivors(points, gaussian(n, d, seed=s)).double().mean() for s in range(1, 301)]
    assert sum(lost) / 300 == pytest.approx(pitfalls.expected_loss(n, d), abs=0.04)


test_bad_input_is_named = refusals(
    (lambda: pitfalls.spiral(1), "points must be at least 2, got 1"),
    (lambda: pitfalls.spiral(turns=0), "turns must be above 0 and finite, got 0"),
    (lambda: pitfalls.spiral(turns=math.inf), "turns must be above 0 and finite, got inf"),
    (lambda: pitfalls.relu_round_trip(torch.zeros(2), torch.eye(2)), r"points must have shape \(P, d\)"),
    (lambda: pitfalls.survivors(torch.zeros(4, 2), torch.eye(2)[0]), r"matrix must have shape \(n, d\)"),
    (lambda: pitfalls.expected_loss(0), "channels must be at least 1, got 0"),
    (lambda: pitfalls.expected_loss(2, 0), "dimensions must be at least 1, got 0"),
)
