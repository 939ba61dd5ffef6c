"""ResNets by formula.

He et al., arXiv 1512.03385, tables 1 and 6; ResNeXt: Xie et al., arXiv 1611.05431, table 1.
"""

from companion.audit._layers import Layers
from companion.cost import Cost, conv2d

REPEATS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
"""Blocks of each stage, by depth. From 50 layers on they are bottlenecks, before that pairs of 3x3 convolutions."""


def resnet(
    depth: int, *, shortcut: str = "B", stride_in_first: bool = True, groups: int = 1, width_factor: int = 1
) -> Layers:
    """Return a ResNet for pictures of 224 x 224 and 1000 classes.

    Args:
        depth: a key of `REPEATS`.
        shortcut: "A", none has weights; "B", a 1x1 projection where shapes differ; "C", one everywhere.
        stride_in_first: whether the first 1x1 convolution of a bottleneck has the stride, as in the paper.
        groups: of the 3x3 convolutions of the bottlenecks.
        width_factor: how many times wider these are; ResNeXt (32x4d) has groups=32 and twice the width.
    """
    net = Layers(channels=3, size=224)
    net.conv("conv1", 64, 7, stride=2)
    net.size //= 2  # max pooling
    for stage, repeats in enumerate(REPEATS[depth]):
        width = 64 * 2**stage
        for i in range(repeats):
            stride, block, side = (2 if stage and i == 0 else 1), f"conv{stage + 2}_{i + 1}", net.branch()
            if depth < 50:
                net.conv(f"{block} first", width, 3, stride)
                net.conv(f"{block} last", width, 3)
            else:
                first, second = (stride, 1) if stride_in_first else (1, stride)
                net.conv(f"{block} first", width * width_factor, 1, first)
                net.conv(f"{block} middle", width * width_factor, 3, second, groups=groups)
                net.conv(f"{block} last", 4 * width, 1)
            widens = side.channels != net.channels  # as it does wherever the stride is 2
            if shortcut == "C" or (shortcut == "B" and widens):
                side.conv(f"{block} shortcut", net.channels, 1, stride)
    net.size = 1  # global average pooling
    net.linear("fc", 1000)
    return net


def resnext(depth: int) -> Layers:
    """Return ResNeXt (32x4d), with the stride in the 3x3 convolutions."""
    return resnet(depth, groups=32, width_factor=2, stride_in_first=False)


def small_resnet(n: int) -> Layers:
    """Return the ResNet of 6n + 2 layers for CIFAR-10; its shortcuts have no weights."""
    net = Layers(channels=3, size=32)
    net.conv("conv1", 16, 3)
    for stage, width in enumerate((16, 32, 64)):
        for i in range(n):
            net.conv(f"{stage}.{i} first", width, 3, stride=2 if stage and i == 0 else 1)
            net.conv(f"{stage}.{i} last", width, 3)
    net.size = 1
    net.linear("fc", 10)
    return net


def sums(net: Layers) -> int:
    """Return how many numbers the residual sums of a ResNet add up."""
    return sum(elements for name, elements in net.elements.items() if name.endswith("last"))


def gates(channels: int, reduction: int = 16) -> Cost:
    """Return the cost of the two layers of squeeze and excitation behind ``channels`` maps, without biases."""
    inner = channels // reduction
    return conv2d(channels, inner, 1, bias=False) + conv2d(inner, channels, 1, bias=False)


def all_gates(depth: int) -> Cost:
    """Return the cost of squeeze and excitation in every bottleneck of a ResNet of ``depth`` layers."""
    stages = enumerate(REPEATS[depth])
    return sum((gates(256 * 2**stage) for stage, repeats in stages for _ in range(repeats)), Cost())
