"""MobileNetV1: Howard et al., arXiv 1704.04861, table 1, and its counterpart of full convolutions in table 4."""

import math
from collections import OrderedDict
from typing import NamedTuple

from torch import nn

from companion import _checks
from companion.network_in_network import GlobalAveragePooling
from companion.networks._network import Network, conv_norm_act
from companion.pitfalls import initialise
from companion.separable import DepthwiseSeparable


class MobileNetStage(NamedTuple):
    """Depthwise separable convolutions of one width; only the first of them has the stride."""

    name: str
    out_channels: int
    repeats: int
    stride: int


MOBILENET_V1_STAGES = (
    MobileNetStage("conv2_x", 64, 1, 1),
    MobileNetStage("conv3_x", 128, 2, 2),
    MobileNetStage("conv4_x", 256, 2, 2),
    MobileNetStage("conv5_x", 512, 6, 2),
    MobileNetStage("conv6_x", 1024, 2, 2),
)
"""Table 1 at width 1, in pairs of rows; a 3x3 convolution to 32 channels stands before, a linear layer behind.

For the last depthwise convolution the paper prints "s2"; its sizes there, 7 x 7 in and out, need stride 1.
"""


def mobilenet_v1(
    num_classes: int = 1000, *, width_multiplier: float = 1.0, separable: bool = True
) -> nn.Sequential:
    """Return MobileNetV1.

    Its stages are ``conv1``, ``conv2_x`` to ``conv6_x``, ``average_pool`` and ``fc``. The paper names none; as in
    `resnet50`, a stage holds the blocks of one width, counted from 1: ``conv5_x.conv5_1``.

    Args:
        num_classes: K, the number of scores.
        width_multiplier: alpha of section 3.3. Every number of channels is multiplied by it, and rounded. The paper
            has 1, 0.75, 0.5 and 0.25.
        separable: whether each block is a depthwise and a 1x1 convolution. Without, it is one full 3x3 convolution:
            "Conv MobileNet" of table 4.

    Shape:
        (N, 3, H, W) -> (N, num_classes)

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if ``num_classes`` is below one, ``width_multiplier`` not above 0 and finite or so small that a
            layer has no channel, or (when called) the input is of another shape.

    >>> import torch
    >>> with torch.device("meta"):
    ...     sum(p.numel() for p in mobilenet_v1().parameters())
    4231976
    """
    _checks.integer("num_classes", num_classes)
    block = DepthwiseSeparable if _checks.flag("separable", separable) else conv_norm_act
    channels = _scaled(32, width_multiplier)
    stages: dict[str, nn.Module] = {"conv1": conv_norm_act(3, channels, kernel_size=3, stride=2)}
    for stage in MOBILENET_V1_STAGES:
        blocks: OrderedDict[str, nn.Module] = OrderedDict()
        out_channels = _scaled(stage.out_channels, width_multiplier)
        for i in range(1, stage.repeats + 1):
            stride = stage.stride if i == 1 else 1
            blocks[stage.name.replace("x", str(i))] = block(channels, out_channels, kernel_size=3, stride=stride)
            channels = out_channels
        stages[stage.name] = nn.Sequential(blocks)
    stages |= {"average_pool": GlobalAveragePooling(), "fc": nn.Linear(channels, num_classes)}
    return initialise(Network(stages), "He")


def _scaled(channels: int, width_multiplier: float) -> int:
    if not 0 < width_multiplier < math.inf:
        raise ValueError(f"width_multiplier must be above 0 and finite, got {width_multiplier}")
    scaled = round(channels * width_multiplier)
    if scaled < 1:
        raise ValueError(f"width_multiplier must leave {channels} channels at least one, got {width_multiplier}")
    return scaled
