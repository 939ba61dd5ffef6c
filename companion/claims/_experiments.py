"""The small trainings that the ledger needs, each run once per process: small editions of those in the chapters.

Digits of 8 x 8 pixels, five seeds or more. A chapter has the variants, controls and figures that are left out here.
"""

from collections.abc import Callable
from functools import cache, partial

from torch import nn

from companion import bottleneck, data, network_in_network, pitfalls, separable, training

Builder = Callable[[], nn.Module]


def _compare(variants: dict[str, Builder], split: data.Split, **settings) -> training.Comparison:
    return training.compare(variants, split, progress=False, **settings)


def _network(*layers: nn.Module, features: int) -> nn.Sequential:
    """Return a 3x3 convolution to 32 channels, pooling, the layers in question, and a linear classifier."""
    stem = nn.Conv2d(1, 32, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    return nn.Sequential(*stem, *layers, nn.Flatten(), nn.Linear(features, 10))


def _full() -> nn.Sequential:
    return _network(nn.Conv2d(32, 64, kernel_size=3, padding=1), nn.ReLU(), features=64 * 16)


def _waist(channels: int) -> nn.Sequential:
    return _network(bottleneck.Reduced(32, channels, 64), features=64 * 16)


@cache
def waists() -> training.Comparison:
    """Train a 3x3 convolution from 32 to 64 channels with and without a 1x1 waist before it (B6, B10)."""
    variants = {"direct": _full, "through 16": partial(_waist, 16), "through 1": partial(_waist, 1)}
    return _compare(variants, data.digits(), epochs=6, lr=0.008, batch_size=128)


def _body() -> list[nn.Module]:
    norm = {"norm_layer": nn.BatchNorm2d}
    layer = network_in_network.MlpConv
    return [layer(1, 12, 3, **norm), nn.MaxPool2d(2), layer(12, 32, 3, **norm)]


def _mean_head() -> nn.Sequential:
    return nn.Sequential(*_body(), nn.Conv2d(32, 10, kernel_size=1), network_in_network.GlobalAveragePooling())


def _linear_head() -> nn.Sequential:
    return nn.Sequential(*_body(), nn.Flatten(), nn.Linear(32 * 16, 10))


def _hidden_head() -> nn.Sequential:
    return nn.Sequential(*_body(), network_in_network.FullyConnectedHead(32, 4, 10, hidden_features=128))


@cache
def heads() -> training.Comparison:
    """Train a NIN on 100 pictures with three heads until it has memorised them (B2)."""
    variants = {"mean": _mean_head, "one layer": _linear_head, "hidden layer": _hidden_head}
    few = data.digits(train_size=100)
    return _compare(variants, few, seeds=range(6), epochs=60, lr=0.015, batch_size=100)


def _full_block(in_channels: int, out_channels: int) -> nn.Sequential:
    conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels), nn.ReLU())


def _blocks(width: int, block: Callable[[int, int], nn.Module]) -> nn.Sequential:
    stem = nn.Conv2d(1, width, kernel_size=3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
    blocks = block(width, 2 * width), block(2 * width, 2 * width), block(2 * width, 2 * width)
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * width, 10))


@cache
def separables() -> training.Comparison:
    """Train full and depthwise separable blocks on 200 pictures, at equal width and at equal weights (B8)."""
    pair = separable.DepthwiseSeparable
    variants = {
        "full": partial(_blocks, 12, _full_block),
        "separable": partial(_blocks, 12, pair),
        "separable, wide": partial(_blocks, 33, pair),
    }
    return _compare(variants, data.digits(train_size=200), epochs=15, lr=0.008, batch_size=32)


def _thin(last_act: type[nn.Module], thin: int = 2) -> nn.Sequential:
    """Return a network whose maps pass through a thin layer three times."""
    layers: list[nn.Module] = []
    for wide in (32, 16, 16):
        layers += [nn.Conv2d(wide, thin, kernel_size=1), nn.BatchNorm2d(thin), last_act()]
        layers += [nn.Conv2d(thin, 16, kernel_size=1), nn.BatchNorm2d(16), nn.ReLU()]
    return _network(*layers, features=16 * 16)


@cache
def thin_ends() -> training.Comparison:
    """Train a network of two-channel layers with a ReLU on each of these, and without (A12)."""
    variants = {"linear": partial(_thin, nn.Identity), "ReLU": partial(_thin, nn.ReLU)}
    return _compare(variants, data.digits(), epochs=5, lr=0.01, batch_size=128)


def _deep(initialisation: str, layers: int = 30, channels: int = 24) -> nn.Sequential:
    stem = nn.Conv2d(1, channels, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    stack = pitfalls.initialise(pitfalls.pointwise_stack(channels, layers), initialisation)
    return nn.Sequential(*stem, stack, nn.Flatten(), nn.Linear(channels * 16, 10))


@cache
def starts() -> training.Comparison:
    """Train thirty 1x1 convolutions in a row from two kinds of first weights (A13)."""
    variants = {name: partial(_deep, name) for name in ("PyTorch", "He")}
    return _compare(variants, data.digits(train_size=400), epochs=8, lr=0.005, batch_size=100)
