"""What an activation between two 1x1 convolutions changes: without one, any number of them is a single matrix.

``collapse`` multiplies the matrices out, and refuses what cannot be part of one. ``checkerboard`` and ``disc`` are
tasks that one matrix cannot solve and two with an activation between them can; ``walk`` counts how often a network
bends. That a convolution's kernel is a linear model of its patch, and a small network in its place is not, is the
argument of Lin et al., "Network In Network", arXiv 1312.4400, sections 1 and 3.
"""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from companion import _checks
from companion._affine import affine, pointwise_conv
from companion._pieces import Walk, folding, walk
from companion._pixel_tasks import as_pixels, checkerboard, disc

__all__ = ["Cut", "Walk", "as_pixels", "best_cut", "checkerboard", "collapse", "disc", "folding", "stack", "walk"]


def stack(channels: Sequence[int], *, act_layer: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Return 1x1 convolutions from each number of channels to the next, with an activation between two.

    Args:
        channels: C_in, the widths of the hidden layers if any, C_out.
        act_layer: type of the activation between two convolutions; ``nn.Identity`` for none. There is none after
            the last.

    Shape:
        (N, C_in, H, W) -> (N, C_out, H, W)

    Raises:
        TypeError: if ``channels`` are not ints.
        ValueError: if there are fewer than two of them, or one is below 1.

    >>> [type(layer).__name__ for layer in stack([2, 8, 1])]
    ['Conv2d', 'ReLU', 'Conv2d']
    """
    widths = [_checks.integer(f"channels[{i}]", width) for i, width in enumerate(channels)]
    if len(widths) < 2:
        raise ValueError(f"channels must be at least two, C_in and C_out, got {widths}")
    layers = []
    for in_channels, out_channels in itertools.pairwise(widths):
        layers += [nn.Conv2d(in_channels, out_channels, kernel_size=1), act_layer()]
    return nn.Sequential(*layers[:-1])


def collapse(*layers: nn.Module) -> nn.Conv2d:
    """Return the one 1x1 convolution that does what these layers do one after the other.

    Matrices are multiplied and biases carried along in float64; the result is in the dtype of the layers and
    shares no memory with them.

    Args:
        *layers: ``nn.Conv2d`` of kernel size 1, ``nn.BatchNorm2d`` in evaluation mode, ``nn.Identity``.

    Returns:
        ``nn.Conv2d`` from the first layer's channels to the last one's, without a bias where no layer adds one.

    Raises:
        TypeError: if a layer is of another kind (an activation, a pooling), or their dtypes differ.
        ValueError: if there is no layer, one is no plain 1x1 convolution or is normalising in training mode, or
            one doesn't read as many channels as the one before it returns.

    >>> layers = stack([64, 16, 64], act_layer=nn.Identity)
    >>> collapse(*layers)
    Conv2d(64, 64, kernel_size=(1, 1), stride=(1, 1))
    """
    product = bias = None
    dtypes, adds = set(), False
    for index, layer in enumerate(layers):
        if isinstance(layer, nn.Identity):
            continue
        weight, shift = affine(f"layers[{index}]", layer)
        if product is None:
            product, bias = weight, shift
        elif weight.shape[1] != len(product):
            raise ValueError(f"layers[{index}] must read {len(product)} channels, got {weight.shape[1]}")
        else:
            product, bias = weight @ product, weight @ bias + shift
        dtypes |= {tensor.dtype for tensor in layer.state_dict().values() if tensor.is_floating_point()}
        adds |= isinstance(layer, nn.BatchNorm2d) or layer.bias is not None
    if product is None:
        raise ValueError("layers must hold a convolution or a normalisation, got none")
    if len(dtypes) > 1:
        raise TypeError(f"layers must share one dtype, got {sorted(map(str, dtypes))}")
    dtype = dtypes.pop()
    return pointwise_conv(product.to(dtype), bias.to(dtype) if adds else None)


class Cut(NamedTuple):
    """A straight cut through the plane of two channels.

    Attributes:
        accuracy: share of the points, in percent, that lie on their side of it.
        normal: (2,), of length 1; points with ``point @ normal > threshold`` count as class 1.
        threshold: see ``normal``.
    """

    accuracy: float
    normal: Tensor
    threshold: float


def best_cut(points: Tensor, labels: Tensor, *, directions: int = 720) -> Cut:
    """Return the best straight cut between two classes, found by trying them.

    Args:
        points: (N, 2), one a pixel.
        labels: (N,), 0 or 1.
        directions: how many normals are tried, evenly around the circle, each with every threshold.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if the shapes don't fit, there is no point, one is not finite, or a label is neither 0 nor 1.

    >>> corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> best_cut(corners, torch.tensor([0, 1, 1, 0])).accuracy  # the exclusive or
    75.0
    """
    _checks.tensor("points", points, "(N, 2)")
    _checks.tensor("labels", labels, "(N,)")
    if points.shape != (len(labels), 2) or len(labels) == 0:
        raise ValueError(f"points must have shape (N, 2) with N = {len(labels)} above 0, got {tuple(points.shape)}")
    if not points.isfinite().all():
        raise ValueError("points must be finite, got NaN or infinity")
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
    right[edges.diff(dim=1) < 1e-9] = -1  # no cut between points at one place
    best, cut = divmod(int(right.argmax()), right.shape[1])
    low, high = edges[best, cut].item(), edges[best, cut + 1].item()
    threshold = (low + high) / 2  # infinite where all points count as one class
    return Cut(100 * right[best, cut].item() / len(labels), normals[best], threshold)
