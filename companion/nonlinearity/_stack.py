"""Stacks of 1x1 convolutions, and the single convolution that a stack without activations equals."""

import itertools
from collections.abc import Sequence

import torch
from torch import nn

from companion import _checks
from companion.nonlinearity._affine import affine
from companion.pointwise import as_conv2d


def stack(channels: Sequence[int], *, act_layer: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Return 1x1 convolutions from each number of channels to the next, with activations between.

    Args:
        channels: C_in, the widths of the hidden layers if any, C_out.
        act_layer: type of the activation after each convolution but the last; ``nn.Identity`` for none.

    Shape:
        (N, C_in, H, W) -> (N, C_out, H, W)

    Raises:
        TypeError: if ``channels`` are not ints.
        ValueError: if there are fewer than two of them, or one is below 1.

    >>> [type(layer).__name__ for layer in stack([2, 8, 1])]
    ['Conv2d', 'ReLU', 'Conv2d']
    """
    channels = _checks.each_integer("channels", channels)
    if len(channels) < 2:
        raise ValueError(f"channels must be at least two, C_in and C_out, got {channels}")
    layers = []
    for in_channels, out_channels in itertools.pairwise(channels):
        layers += [nn.Conv2d(in_channels, out_channels, kernel_size=1), act_layer()]
    return nn.Sequential(*layers[:-1])


def collapse(*layers: nn.Module) -> nn.Conv2d:
    """Return the one 1x1 convolution that equals these layers, one after the other.

    Matrices and biases are multiplied in float64; the result is in the dtype of the layers and
    shares no memory with them.

    Args:
        *layers: ``nn.Conv2d`` of kernel size 1, ``nn.BatchNorm2d`` in evaluation mode, ``nn.Identity``.

    Returns:
        ``nn.Conv2d`` from the first layer's channels to the last one's, without a bias where no layer adds one.

    Raises:
        TypeError: if a layer is of another kind (an activation, a pooling), or their dtypes differ.
        ValueError: if there is no layer, a convolution is not a plain 1x1 one, a normalisation is in training mode,
            or a layer reads another number of channels than it gets.

    >>> layers = stack([64, 16, 64], act_layer=nn.Identity)
    >>> collapse(*layers)
    Conv2d(64, 64, kernel_size=(1, 1), stride=(1, 1))
    """
    steps = [(i, *affine(f"layers[{i}]", layer)) for i, layer in enumerate(layers) if not _does_nothing(layer)]
    if not steps:
        raise ValueError("layers must hold a convolution or a normalisation, got none")
    _, product, bias = steps[0]
    for i, weight, shift in steps[1:]:
        if weight.shape[1] != len(product):
            raise ValueError(f"layers[{i}] must read {len(product)} channels, got {weight.shape[1]}")
        product, bias = weight @ product, weight @ bias + shift
    dtype = _dtype(layers)
    return as_conv2d(product.to(dtype), bias.to(dtype) if any(map(_adds, layers)) else None)


def _does_nothing(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Identity)


def _adds(layer: nn.Module) -> bool:
    """Return whether a layer adds something to each channel."""
    return isinstance(layer, nn.BatchNorm2d) or getattr(layer, "bias", None) is not None


def _dtype(layers: Sequence[nn.Module]) -> torch.dtype:
    """Return the dtype that the layers share."""
    tensors = [tensor for layer in layers for tensor in layer.state_dict().values()]
    dtypes = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
    if len(dtypes) > 1:
        raise TypeError(f"layers must share one dtype, got {sorted(map(str, dtypes))}")
    return dtypes.pop()
