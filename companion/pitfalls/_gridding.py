"""Which positions of its receptive field a stack of dilated convolutions reads, and which it skips (gridding).

A kernel of size k and dilation r reads at offsets that are multiples of r. The offsets of a stack are the sums of
one offset per layer, and a 1x1 layer, whose offset is 0, adds nothing. Hybrid dilated convolution (Wang et al.,
arXiv 1702.08502, section 3.2) proposes a test for gaps, written out in ``hdc_distances``; ``first_gap`` is an exact
one.
"""

import copy
from collections.abc import Sequence
from functools import reduce
from operator import or_

import torch
from torch import Tensor, nn

from companion import _checks
from companion.receptive_field import input_gradient


def path_counts(dilations: Sequence[int], kernel_size: int = 3) -> Tensor:
    """Return in how many ways a stack of convolutions reaches each position of its receptive field, along one axis.

    Along two axes the count is the product: the outer product of this vector with itself.

    Args:
        dilations: the rate of each layer, in any order; the stride is 1.
        kernel_size: odd k, the same for all layers.

    Returns:
        int64 tensor of the receptive field's length, 1 + (k - 1) * sum of the rates; its middle is the position of
        the output. Where it is 0, the output does not depend on the input.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if a rate is below 1, ``kernel_size`` below 1 or even, or there are 2**63 ways or more in all.

    >>> path_counts((2, 2)).tolist()
    [1, 0, 2, 0, 3, 0, 2, 0, 1]
    """
    rates, kernel_size = _rates(dilations), _odd(kernel_size)
    if kernel_size ** len(rates) >= 2**63:
        raise ValueError(f"dilations must be few enough for int64 to count, got {kernel_size}**{len(rates)} ways")
    counts = torch.ones(1, dtype=torch.int64)
    for rate in rates:
        longer = counts.new_zeros(len(counts) + (kernel_size - 1) * rate)
        for tap in range(kernel_size):
            longer[tap * rate : tap * rate + len(counts)] += counts
        counts = longer
    return counts


def coverage(dilations: Sequence[int], kernel_size: int = 3) -> tuple[int, int]:
    """Return how many positions a stack reads along one axis, and how many its receptive field has.

    Args:
        dilations: the rate of each layer.
        kernel_size: odd k.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if a rate is below 1, or ``kernel_size`` below 1 or even.

    >>> coverage((2, 2, 2)), coverage((1, 2, 5)), coverage((1, 2, 9))
    ((7, 13), (17, 17), (21, 25))
    """
    rates, kernel_size = _rates(dilations), _odd(kernel_size)
    read = 1  # bit i stands for position i
    for rate in rates:
        read = reduce(or_, (read << tap * rate for tap in range(kernel_size)))
    return read.bit_count(), read.bit_length()


def first_gap(dilations: Sequence[int], kernel_size: int = 3) -> int | None:
    """Return the smallest rate that is too large for the layers of smaller rates to fill its gaps.

    The layers with smaller rates read R = 1 + (k - 1) * (sum of these rates) neighbouring positions. The next one
    sets copies of this window side by side, a rate apart: without a gap if the rate is at most R, and with one that
    no larger rate can close if it is more. The smallest rate must therefore be 1. Order doesn't matter.

    Args:
        dilations: the rate of each layer.
        kernel_size: odd k, at least 3.

    Returns:
        The rate, or None if the stack reads every position of its receptive field.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if a rate is below 1, or ``kernel_size`` below 3 or even.

    >>> first_gap((1, 2, 5)), first_gap((1, 2, 9)), first_gap((2, 2, 2))
    (None, 9, 2)
    """
    rates, kernel_size = _rates(dilations), _odd(kernel_size, at_least=3)
    window = 1
    for rate in sorted(rates):
        if rate > window:
            return rate
        window += (kernel_size - 1) * rate
    return None


def hdc_distances(dilations: Sequence[int]) -> tuple[int, ...]:
    """Return M_1 to M_n of hybrid dilated convolution: M_i = max[M_{i+1} - 2 r_i, 2 r_i - M_{i+1}, r_i], M_n = r_n.

    M_i stands for the largest distance between two positions that layers i to n read. The paper (arXiv 1702.08502,
    section 3.2) requires M_2 <= K, the kernel size, and writes the middle term as M_{i+1} - 2 (M_{i+1} - r_i).

    Args:
        dilations: r_1 to r_n, from the layer nearest the input on, at least two.

    Raises:
        TypeError: if a rate is not an int.
        ValueError: if a rate is below 1, or there are fewer than two.

    >>> hdc_distances((1, 2, 5)), hdc_distances((1, 2, 9))  # M_2 = 2 passes for K = 3, M_2 = 5 doesn't
    ((1, 2, 5), (3, 5, 9))
    """
    rates = _rates(dilations)
    if len(rates) < 2:
        raise ValueError(f"dilations must be at least two, got {len(rates)}")
    distances = [rates[-1]]
    for rate in reversed(rates[:-1]):
        above = distances[-1]
        distances.append(max(above - 2 * rate, above - 2 * (above - rate), rate))
    return tuple(reversed(distances))


def paths_through(module: nn.Module, size: int) -> Tensor:
    """Count by autograd in how many ways each input position reaches the middle of a module's output.

    A copy of the module gets positive weights that average over channels, and an input of ones, so that every
    ReLU passes what it is given; the gradient of the middle output then counts paths.

    Args:
        module: of one input channel, made of ``nn.Conv2d``, ReLUs and containers.
        size: odd height and width of the input.

    Returns:
        (size, size), float64.

    Raises:
        TypeError: if ``module`` holds a layer of another kind, or ``size`` is not an int.
        ValueError: if ``size`` is below 1 or even.
    """
    size = _odd(size, name="size")
    twin = copy.deepcopy(module).double()
    for layer in twin.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.constant_(layer.weight, 1 / layer.weight.shape[1])
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif not isinstance(layer, nn.ReLU | nn.Identity) and not list(layer.children()):
            raise TypeError(f"module must be made of nn.Conv2d and ReLUs, got {type(layer).__name__}")
    x = torch.ones(1, 1, size, size, dtype=torch.float64)
    middle = tuple(n // 2 for n in twin(x).shape[2:])
    return input_gradient(twin, x, position=middle, channel=0)[0, 0]


def _rates(dilations: object) -> tuple[int, ...]:
    return tuple(_checks.each_integer("dilations", dilations))


def _odd(value: object, *, name: str = "kernel_size", at_least: int = 1) -> int:
    if _checks.integer(name, value, at_least=at_least) % 2 == 0:
        raise ValueError(f"{name} must be odd, so that it has a middle, got {value}")
    return int(value)
