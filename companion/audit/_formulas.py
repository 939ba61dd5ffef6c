"""More networks by formula, for the papers that compare with them.

AlexNet: Krizhevsky et al., NIPS 2012, section 3.5. VGG: Simonyan and Zisserman, arXiv 1409.1556, table 1.
SqueezeNet: Iandola et al., arXiv 1602.07360, table 1. Xception: Chollet, arXiv 1610.02357, figure 5. MobileNetV2:
Sandler et al., arXiv 1801.04381, table 2.
"""

from companion.audit._layers import Layers

VGG = {
    "A": "64 M 128 M 256 256 M 512 512 M 512 512 M",
    "B": "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
    "C": "64 64 M 128 128 M 256 256 256/1 M 512 512 512/1 M 512 512 512/1 M",
    "D": "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    "E": "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}
"""Channels of each 3x3 convolution; M is a pooling that halves the maps, /1 a 1x1 convolution."""

MOBILENET_V2 = (
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)
"""Expansion t, channels c, repeats n and first stride s of the bottlenecks."""


def vgg(letter: str) -> Layers:
    """Return a VGG, one of the columns of `VGG`."""
    net = Layers(channels=3, size=224)
    for i, word in enumerate(VGG[letter].split()):
        if word == "M":
            net.size //= 2
        else:
            channels, _, kernel_size = word.partition("/")
            net.conv(f"conv{i}", int(channels), int(kernel_size or 3), bias=True)
    for i, features in enumerate((4096, 4096, 1000)):
        net.linear(f"fc{i}", features)
    return net


def alexnet() -> Layers:
    """Return AlexNet, which reads 227 x 227; three convolutions are in two groups, one for each of two GPUs."""
    net = Layers(channels=3, size=227)
    net.conv("conv1", 96, 11, stride=4, padding=0, bias=True)
    net.size = 27
    net.conv("conv2", 256, 5, groups=2, bias=True)
    net.size = 13
    net.conv("conv3", 384, 3, bias=True)
    net.conv("conv4", 384, 3, groups=2, bias=True)
    net.conv("conv5", 256, 3, groups=2, bias=True)
    net.size = 6
    for i, features in enumerate((4096, 4096, 1000)):
        net.linear(f"fc{i}", features)
    return net


def squeezenet() -> Layers:
    """Return SqueezeNet 1.0 as its authors publish it: 227 x 227 read, and a last 1x1 convolution padded by one."""
    net = Layers(channels=3, size=227)
    net.conv("conv1", 96, 7, stride=2, padding=0, bias=True)
    for i, squeeze in enumerate((16, 16, 32, 32, 48, 48, 64, 64), start=2):
        net.size = 55 if i < 5 else 27 if i < 9 else 13  # poolings before fire2, fire5 and fire9
        net.conv(f"fire{i} squeeze", squeeze, 1, bias=True)
        side = net.branch()
        net.conv(f"fire{i} 1x1", 4 * squeeze, 1, bias=True)
        side.conv(f"fire{i} 3x3", 4 * squeeze, 3, bias=True)
        net.channels += side.channels
    net.conv("conv10", 1000, 1, padding=1, bias=True)
    return net


def mobilenet_v2(width: float = 1.0, size: int = 224) -> Layers:
    """Return MobileNetV2 for 1000 classes; the last 1x1 convolution is not made thinner than 1280 channels."""
    net = Layers(channels=3, size=size)
    net.conv("first", _rounded(32 * width), 3, stride=2)
    for row, (expansion, channels, repeats, first_stride) in enumerate(MOBILENET_V2):
        for i in range(repeats):
            hidden = expansion * net.channels
            if expansion > 1:
                net.conv(f"{row}.{i} expand", hidden, 1)
            net.conv(f"{row}.{i} depthwise", hidden, 3, first_stride if i == 0 else 1, groups=hidden)
            net.conv(f"{row}.{i} project", _rounded(channels * width), 1)
    net.conv("last", _rounded(1280 * max(1.0, width)), 1)
    net.size = 1
    net.linear("fc", 1000)
    return net


def _rounded(channels: float) -> int:
    """Return the multiple of 8 that the authors' code takes: the nearest, but not more than a tenth below."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8


def xception() -> Layers:
    """Return Xception; only its weights are meant, so that all maps are taken to be of one pixel."""
    net = Layers(channels=3, size=1)

    def separable(name: str, channels: int) -> None:
        net.conv(f"{name} depthwise", net.channels, 3, groups=net.channels, norm=False)
        net.conv(f"{name} pointwise", channels, 1)

    net.conv("conv1", 32, 3)
    net.conv("conv2", 64, 3)
    blocks = [(128, 128), (256, 256), (728, 728), *[(728, 728, 728)] * 8, (728, 1024)]
    for i, widths in enumerate(blocks):
        side = net.branch()
        for j, channels in enumerate(widths):
            separable(f"block{i} {j}", channels)
        if net.channels != side.channels:
            side.conv(f"block{i} shortcut", net.channels, 1)
    separable("last 1", 1536)
    separable("last 2", 2048)
    net.linear("fc", 1000)
    return net
