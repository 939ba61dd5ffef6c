"""What a ReLU loses on a thin layer: MobileNetV2's figure 1 (Sandler et al., arXiv 1801.04381, section 3.2).

A point is a pixel, and its coordinates are the channels; a random matrix is a 1x1 convolution. A row of the matrix
is an output channel, active at a point where it is above zero.
"""

import math
from math import comb

import torch
from torch import Tensor

from companion import _checks


def spiral(points: int = 200, *, turns: float = 2.0) -> Tensor:
    """Return points along a spiral around the origin, from its middle outwards.

    Args:
        points: number of points P, at least 2.
        turns: number of turns.

    Returns:
        (P, 2), float64; the last point lies at distance 1.

    Raises:
        TypeError: if ``points`` is not an int.
        ValueError: if ``points`` is below 2 or ``turns`` not above 0 and finite.

    >>> spiral(3, turns=1).round(decimals=2).abs().tolist()
    [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]]
    """
    points = _checks.integer("points", points, at_least=2)
    if not 0 < turns < math.inf:
        raise ValueError(f"turns must be above 0 and finite, got {turns}")
    radius = torch.linspace(0, 1, points, dtype=torch.float64)
    angle = 2 * math.pi * turns * radius
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)


def relu_round_trip(points: Tensor, matrix: Tensor) -> Tensor:
    """Multiply points by a matrix, apply a ReLU, and go back by the pseudo-inverse of the matrix.

    The paper writes the way back as an inverse. A matrix of more rows than columns has none, so this takes the one
    of Moore and Penrose, which undoes the matrix exactly as long as no ReLU stands between.

    Args:
        points: (P, d).
        matrix: (n, d), the 1x1 convolution from d channels to n.

    Returns:
        (P, d).

    Raises:
        TypeError: if an argument is not a tensor.
        ValueError: if an argument has not two axes.

    >>> relu_round_trip(torch.tensor([[2.0, 3.0], [2.0, -3.0]]), torch.eye(2)).round().tolist()
    [[2.0, 3.0], [2.0, 0.0]]
    """
    _check_pair(points, matrix)
    return (points @ matrix.T).relu() @ torch.linalg.pinv(matrix).T  # (P, n), then (P, d)


def survivors(points: Tensor, matrix: Tensor) -> Tensor:
    """Tell which points can be computed back from what the ReLU leaves of them.

    A ReLU passes the active channels as they are. Where they hold d independent rows of the matrix, they fix the
    point. Where they hold fewer, a step along some line through the point changes no value, as long as no further
    channel becomes active.

    Args:
        points: (P, d).
        matrix: (n, d).

    Returns:
        Truth values (P,).

    Raises:
        TypeError: if an argument is not a tensor.
        ValueError: if an argument has not two axes.

    >>> survivors(torch.tensor([[2.0, 3.0], [2.0, -3.0]]), torch.eye(2)).tolist()
    [True, False]
    """
    _check_pair(points, matrix)
    active = points @ matrix.T > 0  # (P, n)
    rows = active[:, :, None] * matrix  # (P, n, d): the rows of the active channels, zeros for the others
    return torch.linalg.matrix_rank(rows) == points.shape[1]


def expected_loss(channels: int, dimensions: int = 2) -> float:
    """Return the share of points that a ReLU loses on the average over random matrices.

    With rows drawn from a distribution that is the same in all directions, each channel is active at a given point
    with a probability of one half. The point is lost if fewer than d of n channels are, which is a sum of binomial
    coefficients; the distribution of the points does not matter.

    Args:
        channels: n, the channels that the ReLU acts on.
        dimensions: d, the dimensions in which the points lie.

    Returns:
        A share between 0 and 1.

    Raises:
        TypeError: if an argument is not an int.
        ValueError: if an argument is below 1.

    >>> [expected_loss(n) for n in (2, 3, 5)]
    [0.75, 0.5, 0.1875]
    """
    channels, dimensions = _checks.integer("channels", channels), _checks.integer("dimensions", dimensions)
    return sum(comb(channels, active) for active in range(dimensions)) / 2**channels


def _check_pair(points: Tensor, matrix: Tensor) -> None:
    _checks.tensor("points", points, "(P, d)")
    _checks.tensor("matrix", matrix, "(n, d)")
