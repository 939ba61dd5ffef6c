"""The best straight cut between two classes: the most that a linear layer with two inputs can do."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from companion import _checks


class Cut(NamedTuple):
    """A straight cut through the plane of two channels.

    Attributes:
        accuracy: share of the points, in percent, on the side of their class.
        normal: (2,), of length 1; points with ``point @ normal > threshold`` count as class 1.
        threshold: see ``normal``.
    """

    accuracy: float
    normal: Tensor
    threshold: float


def best_cut(points: Tensor, labels: Tensor, *, directions: int = 720) -> Cut:
    """Return the best straight cut between two classes, found by trying them.

    Args:
        points: (N, 2), one per pixel.
        labels: (N,), 0 or 1.
        directions: how many normals are tried, evenly around the circle, each with every threshold.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if the shapes don't fit, ``points`` are empty or not finite, or a label is neither 0 nor 1.

    >>> corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> best_cut(corners, torch.tensor([0, 1, 1, 0])).accuracy  # the exclusive or
    75.0
    """
    _checks.finite("points", points, "(N, 2)")
    _checks.tensor("labels", labels, "(N,)")
    if points.shape != (len(labels), 2):
        raise ValueError(f"points must have shape (N, 2) with N = {len(labels)}, got {tuple(points.shape)}")
    if not ((labels == 0) | (labels == 1)).all():
        raise ValueError(f"labels must be 0 or 1, got {labels.unique().tolist()}")
    angles = 2 * math.pi * torch.arange(_checks.integer("directions", directions), dtype=torch.float64) / directions
    normals = torch.stack([angles.cos(), angles.sin()], dim=1)  # (D, 2)
    places, order = (normals @ points.detach().double().T).sort(dim=1)  # (D, N)
    ones = labels.double()[order]
    none = ones.new_zeros(len(ones), 1)
    # Cut i stands before point i: the zeros before it and the ones from it on are right.
    right = torch.cat([none, (1 - ones).cumsum(1)], 1) + torch.cat([ones.flip(1).cumsum(1).flip(1), none], 1)
    outer = places.new_full((len(places), 1), math.inf)
    edges = torch.cat([-outer, places, outer], dim=1)  # (D, N + 2)
    right[edges.diff(dim=1) <= 1e-9 * points.abs().max()] = -1  # no cut between points at one place
    best, cut = divmod(int(right.argmax()), right.shape[1])
    low, high = edges[best, cut].item(), edges[best, cut + 1].item()
    threshold = (low + high) / 2  # infinite where all points count as one class
    return Cut(100 * right[best, cut].item() / len(labels), normals[best], threshold)
