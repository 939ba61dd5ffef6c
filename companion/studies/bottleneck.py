"""A 3x3 convolution behind 1x1 bottlenecks of several widths, beside the direct and a thinner one."""

from functools import partial

from torch import nn

from companion.bottleneck import Reduced
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS, FASHION, Pictures

WIDTHS = (4, 8, 16, 24)


def _net(pictures: Pictures, block: nn.Module, out_channels: int) -> nn.Sequential:
    size = pictures.maps // 2
    end = nn.Flatten(), nn.Linear(out_channels * size**2, 10)
    return nn.Sequential(*pictures.stem(32), nn.MaxPool2d(2), block, *end)


def direct(pictures: Pictures, out_channels: int = 64) -> nn.Sequential:
    """Return a network around a 3x3 convolution from 32 channels, with ReLU."""
    block = nn.Sequential(nn.Conv2d(32, out_channels, kernel_size=3, padding=1), nn.ReLU())
    return _net(pictures, block, out_channels)


def reduced(pictures: Pictures, middle_channels: int) -> nn.Sequential:
    """Return the same network with a 1x1 convolution to ``middle_channels`` and a ReLU before the 3x3."""
    return _net(pictures, Reduced(32, middle_channels, 64, 3), 64)


def _study(pictures: Pictures, train_size: int, **budget: int) -> Study:
    variants = {"direct": partial(direct, pictures)}
    variants |= {f"through {width}": partial(reduced, pictures, width) for width in WIDTHS}
    variants["direct, 16 out"] = partial(direct, pictures, out_channels=16)  # as few weights as through 8
    questions = [Question(f"through {width}", "direct", margin=0.5) for width in WIDTHS]
    questions += [Question("through 8", "direct, 16 out", margin=0.5)]
    return pictures.study("bottleneck", train_size, variants, questions, **budget)


def studies() -> list[Study]:
    """Return the studies of the chapter, one for each source of pictures."""
    return [_study(DIGITS, 1_000, epochs=16, batch_size=64), _study(FASHION, 2_500, epochs=10, batch_size=64)]
