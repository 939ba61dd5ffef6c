"""Counts in whole networks: what stands behind their 1x1 convolutions, and what before those that widen."""

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import torch
from torch import nn

from companion import networks, separable

MOBILENET_V2 = (  # expansion, channels, repeats, stride
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
NORMS = (nn.BatchNorm2d, nn.Identity)
ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.Sigmoid)


def mobilenet_v2() -> nn.Sequential:
    """Return MobileNetV2's convolutions: Sandler et al., arXiv 1801.04381, table 2."""
    layers, channels = [nn.Sequential(nn.Conv2d(3, 32, 3, stride=2), nn.BatchNorm2d(32), nn.ReLU6())], 32
    for expansion, width, repeats, stride in MOBILENET_V2:
        for i in range(repeats):
            layers.append(separable.InvertedResidual(channels, width, stride if i == 0 else 1, expansion))
            channels = width
    layers.append(nn.Sequential(nn.Conv2d(320, 1280, kernel_size=1), nn.BatchNorm2d(1280), nn.ReLU6()))
    return nn.Sequential(*layers)


def vgg16() -> nn.Sequential:
    """Return VGG-16's convolutions: Simonyan and Zisserman, arXiv 1409.1556, table 1, column D."""
    widths = [3, *[64] * 2, *[128] * 2, *[256] * 3, *[512] * 6]
    return nn.Sequential(*(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths)))


BUILDERS: dict[str, Callable[[], nn.Module]] = {
    "NIN": networks.nin,
    "VGG-16": vgg16,
    "GoogLeNet": networks.googlenet,
    "ResNet-50": networks.resnet50,
    "MobileNetV1": networks.mobilenet_v1,
    "MobileNetV2": mobilenet_v2,
}


@cache
def rows() -> dict[str, list[nn.Sequential]]:
    """Return for each network its rows of layers: the innermost sequences, in the order of the forward pass."""
    found = {}
    for name, build in BUILDERS.items():
        with torch.device("meta"):  # shapes without data
            modules = build().modules()
        found[name] = [m for m in modules if isinstance(m, nn.Sequential) and any(map(_is_conv, m))]
    return found


def activated(name: str) -> tuple[int, int]:
    """Return how many 1x1 convolutions an activation follows, behind a norm or not, and how many there are."""
    followed = []
    for row in rows()[name]:
        for place, layer in enumerate(row):
            if is_pointwise(layer):
                behind = next((other for other in row[place + 1 :] if not isinstance(other, NORMS)), None)
                followed.append(isinstance(behind, ACTIVATIONS))
    return sum(followed), len(followed)


def widened_behind(name: str) -> tuple[int, int]:
    """Return how many 1x1 convolutions that widen stand behind a larger convolution, and how many there are.

    Those on shortcuts stand beside the block and are left out.
    """
    convs = [layer for row in rows()[name] for layer in row if _is_conv(layer)]
    behind = [
        before.kernel_size != (1, 1)
        for before, conv in pairwise(convs)
        if is_pointwise(conv) and conv.out_channels > conv.in_channels and before.out_channels == conv.in_channels
    ]
    return sum(behind), len(behind)


def is_pointwise(layer: nn.Module) -> bool:
    """Return whether a layer is a 1x1 convolution."""
    return _is_conv(layer) and layer.kernel_size == (1, 1)


def _is_conv(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Conv2d)
