"""ResNet-50 and SE-ResNet-50.

He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, table 1; Hu et al.,
"Squeeze-and-Excitation Networks", arXiv 1709.01507, table 1 and figure 3.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from torch import nn

from companion import _checks
from companion.bottleneck import Bottleneck
from companion.network_in_network import GlobalAveragePooling
from companion.networks._network import Network, conv_norm_act
from companion.pitfalls import initialise
from companion.squeeze_excitation import SqueezeExcitation


class ResNetStage(NamedTuple):
    """Bottleneck blocks of one width; only the first of them has the stride."""

    name: str
    middle_channels: int
    out_channels: int
    repeats: int
    stride: int


RESNET50_STAGES = (
    ResNetStage("conv2_x", 64, 256, 3, 1),
    ResNetStage("conv3_x", 128, 512, 4, 2),
    ResNetStage("conv4_x", 256, 1024, 6, 2),
    ResNetStage("conv5_x", 512, 2048, 3, 2),
)
"""The column "50-layer" of table 1; a 7x7 convolution and a max pooling stand before, a linear layer behind."""


def resnet50(num_classes: int = 1000, *, stride_in_first: bool = False) -> nn.Sequential:
    """Return ResNet-50 with projection shortcuts where the shapes differ (option B).

    Its stages are ``conv1``, ``conv2_x`` to ``conv5_x``, ``average_pool`` and ``fc``. The blocks have the paper's
    names too, counted from 1: ``conv3_x.conv3_1``. As in table 1, the max pooling is in ``conv2_x``.

    Args:
        num_classes: K, the number of scores.
        stride_in_first: whether the first 1x1 convolution of a block takes the stride, as in the paper, and not the
            3x3 convolution, as in most implementations since. The weights are the same; the MACs are fewer.

    Shape:
        (N, 3, H, W) -> (N, num_classes)

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if ``num_classes`` is below one, or (when called) the input is of another shape.

    >>> import torch
    >>> with torch.device("meta"):
    ...     sum(p.numel() for p in resnet50().parameters())
    25557032
    """
    return _resnet50(num_classes, stride_in_first, attn_layer=None)


def se_resnet50(
    num_classes: int = 1000,
    *,
    reduction: int = 16,
    squeeze: bool = True,
    bias: bool = True,
    stride_in_first: bool = False,
) -> nn.Sequential:
    """Return SE-ResNet-50: a gate for each channel at the end of every residual branch, before the sum.

    Stages and weights have the names of `resnet50`; the gates are the last layer of each ``residual``.

    Args:
        num_classes: K, the number of scores.
        reduction: r, which must divide 256. Table 10 compares 2, 4, 8, 16 and 32.
        squeeze: whether the gates are computed from means over space; without, this is "NoSqueeze" of table 16.
        bias: whether the gates' convolutions have biases. The published total counts them.
        stride_in_first: as in `resnet50`.

    Shape:
        (N, 3, H, W) -> (N, num_classes)

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if a number is below one, ``reduction`` does not divide the channels, or (when called) the input
            is of another shape.

    >>> import torch
    >>> with torch.device("meta"):
    ...     sum(p.numel() for p in se_resnet50().parameters())
    28088024
    """
    gates = partial(SqueezeExcitation, reduction=reduction, squeeze=squeeze, bias=bias)
    return _resnet50(num_classes, stride_in_first, attn_layer=gates)


def _resnet50(
    num_classes: int, stride_in_first: bool, attn_layer: Callable[[int], nn.Module] | None
) -> nn.Sequential:
    _checks.integer("num_classes", num_classes)
    stages: dict[str, nn.Module] = {"conv1": conv_norm_act(3, 64, kernel_size=7, stride=2)}
    channels = 64
    for stage in RESNET50_STAGES:
        blocks: OrderedDict[str, nn.Module] = OrderedDict()
        if stage.name == "conv2_x":
            blocks["pool"] = nn.MaxPool2d(3, stride=2, padding=1)
        for i in range(1, stage.repeats + 1):
            widths = channels, stage.middle_channels, stage.out_channels
            stride = stage.stride if i == 1 else 1
            blocks[stage.name.replace("x", str(i))] = Bottleneck(
                *widths, stride, stride_in_first=stride_in_first, attn_layer=attn_layer
            )
            channels = stage.out_channels
        stages[stage.name] = nn.Sequential(blocks)
    stages |= {"average_pool": GlobalAveragePooling(), "fc": nn.Linear(channels, num_classes)}
    return initialise(Network(stages), "He")
