"""Pictures whose pixels no straight cut between their channels can classify: the exclusive or, and a disc.

The exclusive or is the classical case of what one linear unit cannot do (Minsky and Papert, "Perceptrons", 1969).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from companion import _checks


def checkerboard(size: int = 32, cell: int = 4, *, noise: float = 0.4, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return vertical stripes in one channel, horizontal ones in the other, and the checkerboard that they form.

    A pixel's class is 1 where exactly one of its channels is above 0: the exclusive or. All four combinations of
    signs cover equally many pixels.

    Args:
        size: H = W, a multiple of ``2 * cell``.
        cell: width of a stripe in pixels.
        noise: the most that a value differs from +1 or -1, from 0 to below 1.
        seed: of the noise.

    Returns:
        float32 picture (1, 2, H, W) and int64 classes (1, H, W).

    Raises:
        TypeError: if ``size``, ``cell`` or ``seed`` is not an int.
        ValueError: if an argument is out of range.

    >>> x, y = checkerboard(4, cell=2, noise=0)
    >>> x[0, 0, 0].tolist(), y[0].tolist()
    ([1.0, 1.0, -1.0, -1.0], [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]])
    """
    size, cell = _checks.integer("size", size), _checks.integer("cell", cell)
    if size % (2 * cell):
        raise ValueError(f"size must be a multiple of 2 * cell, got size={size} and cell={cell}")
    if not 0 <= noise < 1:
        raise ValueError(f"noise must be at least 0 and below 1, got {noise}")
    stripes = 1.0 - 2.0 * (torch.arange(size) // cell % 2)  # (size,)
    picture = torch.stack([stripes.expand(size, size), stripes[:, None].expand(size, size)])[None]
    picture = picture + noise * _uniform(picture.shape, seed)
    return picture, (picture[:, 0] > 0).ne(picture[:, 1] > 0).long()


def disc(size: int = 32, *, noise: float = 0.05, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return a picture whose channels rise from left to right and from top to bottom, and a disc in its middle.

    The channels of a pixel are its coordinates, from -1 to 1, so that the picture is the plane of its two channels.
    The class is 1 inside the circle that covers half of the square.

    Args:
        size: H = W.
        noise: the most that a value differs from the coordinate, at least 0; the class follows the value.
        seed: of the noise.

    Returns:
        float32 picture (1, 2, H, W) and int64 classes (1, H, W).

    Raises:
        TypeError: if ``size`` or ``seed`` is not an int.
        ValueError: if an argument is out of range.
    """
    size = _checks.integer("size", size)
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise must be at least 0 and finite, got {noise}")
    ramp = (2.0 * torch.arange(size) + 1) / size - 1  # centres of the pixels
    picture = torch.stack([ramp.expand(size, size), ramp[:, None].expand(size, size)])[None]
    picture = picture + noise * _uniform(picture.shape, seed)
    return picture, (picture.square().sum(dim=1) < 2 / math.pi).long()  # 4 * 1/2 = pi * r**2


def as_pixels(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return every pixel of labelled pictures as a picture of its own, which changes nothing for a 1x1 convolution.

    Args:
        x: (N, C, H, W).
        y: classes of the pixels (N, H, W).

    Returns:
        Pictures (N*H*W, C, 1, 1) and classes (N*H*W,), row by row.

    Raises:
        TypeError: if an argument is not a tensor.
        ValueError: if the shapes don't fit.
    """
    _checks.tensor("x", x, "(N, C, H, W)")
    _checks.tensor("y", y, "(N, H, W)")
    if y.shape != (wanted := (x.shape[0], *x.shape[2:])):
        raise ValueError(f"y must have shape {wanted}, one class per pixel, got {tuple(y.shape)}")
    return x.movedim(1, -1).flatten(0, 2)[:, :, None, None], y.flatten()


def _uniform(shape: Sequence[int], seed: int) -> Tensor:
    """Return numbers between -1 and 1 that depend on the seed alone."""
    generator = torch.Generator().manual_seed(_checks.integer("seed", seed, at_least=0))
    return 2 * torch.rand(shape, generator=generator) - 1
