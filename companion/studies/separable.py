"""Full convolutions against depthwise separable ones, at equal width, weights, MACs and time."""

from collections.abc import Callable
from functools import partial

from torch import nn

from companion.separable import DepthwiseSeparable
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS, FASHION, Pictures, head

WIDTH = 12  # behind the stem; twice that in the blocks


def full_block(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return a 3x3 convolution with normalisation and ReLU."""
    conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels), nn.ReLU())


def stack(pictures: Pictures, width: int, block: Callable[[int, int], nn.Module]) -> nn.Sequential:
    """Return three blocks behind a stem: (N, 1, H, W) -> (N, 10)."""
    blocks = [block(width, 2 * width), block(2 * width, 2 * width), block(2 * width, 2 * width)]
    return nn.Sequential(*pictures.stem(width), *blocks, *head(2 * width))


def _study(pictures: Pictures, train_size: int, **budget: int) -> Study:
    build = partial(stack, pictures)
    linear = partial(DepthwiseSeparable, middle_act_layer=nn.Identity)
    variants = {
        "full": partial(build, WIDTH, full_block),
        "separable": partial(build, WIDTH, DepthwiseSeparable),
        "separable, no ReLU between": partial(build, WIDTH, linear),
        "separable, wide": partial(build, 33, DepthwiseSeparable),  # the weights of full
        "full, thin": partial(build, 5, full_block),  # the weights of separable
    }
    questions = (
        Question("separable", "full", margin=0.5),
        Question("separable, wide", "full", margin=0.5),
        Question("separable", "full, thin", margin=0.5),
        Question("separable, no ReLU between", "separable", margin=0.5),
    )
    return pictures.study("separable", train_size, variants, questions, **budget)


def studies() -> list[Study]:
    """Return the studies of the chapter, one for each source and number of pictures."""
    return [
        _study(DIGITS, 200, epochs=30, batch_size=32),
        _study(DIGITS, 1_000, epochs=16, batch_size=64),
        _study(FASHION, 2_500, epochs=10, batch_size=64),
    ]
