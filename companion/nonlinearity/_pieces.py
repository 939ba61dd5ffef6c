"""The linear pieces of a ReLU network along a line, found exactly, and a network with as many as possible."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from companion import _checks
from companion.nonlinearity._affine import affine
from companion.pointwise import as_conv2d

_APART = 1e-12  # knots closer than this, of a line of length 1, are one, split by rounding in float64


class Walk(NamedTuple):
    """A network along a line: affine between neighbouring knots.

    Attributes:
        knots: (K,), float64, rising from 0 at the start of the line to 1 at its end.
        values: (K, C_out), float64, what the network returns there.
    """

    knots: Tensor
    values: Tensor

    @property
    def pieces(self) -> int:
        """Number of intervals on which no ReLU switches, so that the network is affine."""
        return len(self.knots) - 1


def walk(net: Iterable[nn.Module], start: Tensor, end: Tensor) -> Walk:
    """Follow a network of 1x1 convolutions and ReLUs from one pixel value to another.

    A unit switches where its input crosses zero; between two switches the network is affine, so that its values
    at the switches determine all others. Nothing is sampled. Computed in float64.

    Args:
        net: of 1x1 convolutions, batch normalisations in evaluation mode, ``nn.ReLU`` and ``nn.Identity``.
        start: (C_in,), the channels of the first pixel.
        end: (C_in,), those of the last.

    Raises:
        TypeError: if ``net`` holds another kind of layer, or an end is not a tensor.
        ValueError: if an end is not one pixel, or a layer reads another number of channels than it gets.
        RuntimeError: from torch, if the ends have different numbers of channels.

    >>> relu = nn.Sequential(as_conv2d(torch.eye(1), torch.tensor([-0.25])), nn.ReLU())
    >>> walk(relu, torch.tensor([0.0]), torch.tensor([1.0])).knots.tolist()
    [0.0, 0.25, 1.0]
    """
    ends = _checks.tensor("start", start, "(C_in,)"), _checks.tensor("end", end, "(C_in,)")
    knots, values = torch.tensor([0.0, 1.0], dtype=torch.float64), torch.stack(ends).detach().double()  # (2, C_in)
    for index, layer in enumerate(net):
        if isinstance(layer, nn.ReLU):
            knots, values = _cut_at_zero(knots, values)
            values = values.clamp(min=0)
        elif not isinstance(layer, nn.Identity):
            weight, bias = affine(f"net[{index}]", layer)
            if weight.shape[1] != values.shape[1]:
                raise ValueError(f"net[{index}] must read {values.shape[1]} channels, got {weight.shape[1]}")
            values = values @ weight.T + bias  # (K, C)
    return Walk(knots, values)


def _cut_at_zero(knots: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Add a knot wherever a channel crosses zero: (K,) and (K, C) become (K', ) and (K', C)."""
    left, right = values[:-1], values[1:]
    crosses = left.sign() * right.sign() < 0  # (K - 1, C); to touch zero is not to cross it
    share = left / (left - right).where(crosses, 1)
    places = (knots[:-1, None] + share * knots.diff()[:, None])[crosses]
    every = torch.cat([knots, places]).sort().values
    every = every[torch.cat([every.new_ones(1) > 0, every.diff() > _APART])]
    interval = (torch.searchsorted(knots, every, right=True) - 1).clamp(max=len(knots) - 2)
    share = (every - knots[interval]) / knots.diff()[interval]
    return every, left[interval] + share[:, None] * (right - left)[interval]


def folding(depth: int, folds: int = 2) -> nn.Sequential:
    """Return a network that folds the interval from 0 to 1 onto itself, ``depth`` times over.

    Each layer maps ``folds`` equal pieces of the interval onto all of it, alternately rising and falling. A kink of
    a later layer appears in every copy: the output is a zigzag of ``folds ** depth`` pieces. Montufar et al., arXiv
    1402.1869, construct it so; with two folds it is Telgarsky's sawtooth, arXiv 1602.04485.

    Args:
        depth: number of hidden layers.
        folds: units in each of them, at least 2.

    Returns:
        float64 network of 1x1 convolutions and ReLUs, (N, 1, H, W) -> (N, 1, H, W).

    Raises:
        TypeError: if an argument is not an int.
        ValueError: if ``depth`` is below 1 or ``folds`` below 2.

    >>> walk(folding(depth=3), torch.tensor([0.0]), torch.tensor([1.0])).values.flatten().tolist()
    [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]
    """
    _checks.integer("depth", depth)
    _checks.integer("folds", folds, at_least=2)
    steps = torch.arange(folds, dtype=torch.float64)
    bend = -steps / folds  # unit j is active from j / folds on ...
    slopes = 2 * folds * (-1) ** steps  # ... and changes the slope from +folds to -folds or back
    slopes[0] = folds
    ones = torch.ones(folds, 1, dtype=torch.float64)
    layers = [as_conv2d(ones, bend), nn.ReLU()]
    for _ in range(depth - 1):
        layers += [as_conv2d(ones * slopes, bend), nn.ReLU()]
    return nn.Sequential(*layers, as_conv2d(slopes[None], None))
