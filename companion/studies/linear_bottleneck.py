"""MobileNetV2's blocks with a ReLU behind the thin layer and without."""

from functools import partial

from torch import Tensor, nn

from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS, FASHION, Pictures


def conv(in_channels: int, out_channels: int, kernel_size: int = 1, act=nn.ReLU, groups: int = 1) -> nn.Sequential:
    """Return a convolution that keeps H and W, with normalisation and an activation."""
    padding = kernel_size // 2
    layer = nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(out_channels), act())


class ThinBlock(nn.Module):
    """1x1 from thin to wide, depthwise 3x3, 1x1 back to thin: an inverted residual of any ending."""

    def __init__(self, thin: int, wide: int, last_act: type[nn.Module], shortcut: bool):
        super().__init__()
        self.expand, self.depthwise = conv(thin, wide), conv(wide, wide, 3, groups=wide)
        self.project = conv(wide, thin, act=last_act)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.shortcut else y


def network(pictures: Pictures, thin: int, last_act: type[nn.Module], shortcut: bool) -> nn.Sequential:
    """Return two thin blocks between a stem and a classifier."""
    size = pictures.maps // 2
    start = *pictures.stem(16), nn.MaxPool2d(2), conv(16, thin, act=last_act)
    blocks = [ThinBlock(thin, 16, last_act, shortcut) for _ in range(2)]
    end = nn.Conv2d(thin, 64, kernel_size=1), nn.ReLU(), nn.Flatten(), nn.Linear(64 * size**2, 10)
    return nn.Sequential(*start, *blocks, *end)


def _study(pictures: Pictures, train_size: int, **budget: int) -> Study:
    variants = {
        f"{thin} thin, {word}{', shortcut' * shortcut}": partial(network, pictures, thin, act, shortcut)
        for thin in (2, 8)
        for shortcut in (False, True)
        for word, act in (("linear", nn.Identity), ("ReLU", nn.ReLU))
    }
    linear = [name for name in variants if "linear" in name]
    questions = [Question(name, name.replace("linear", "ReLU"), margin=0.5) for name in linear]
    return pictures.study("linear-bottleneck", train_size, variants, questions, **budget)


def studies() -> list[Study]:
    """Return the studies of the chapter, one for each source of pictures."""
    return [_study(DIGITS, 1_000, epochs=12, batch_size=64), _study(FASHION, 2_500, epochs=8, batch_size=64)]
