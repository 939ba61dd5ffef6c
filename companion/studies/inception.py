"""An Inception module, the naive one, and a plain convolution, at equal weights, MACs and time."""

from functools import partial

from torch import nn

from companion.inception import Inception, NaiveInception
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS, FASHION, Pictures


def network(pictures: Pictures, module: nn.Module, channels: int) -> nn.Sequential:
    """Return a module between a stem and a classifier."""
    size = pictures.maps // 2
    end = nn.Flatten(), nn.Linear(channels * size**2, 10)
    return nn.Sequential(*pictures.stem(32), nn.MaxPool2d(2), module, *end)


def _inception(pictures: Pictures) -> nn.Sequential:
    return network(pictures, Inception(32, 16, 24, 32, 4, 8, 8), 64)


def _naive(pictures: Pictures, *widths: int) -> nn.Sequential:
    module = NaiveInception(32, *widths)
    return network(pictures, module, module.out_channels)


def _plain(pictures: Pictures, channels: int) -> nn.Sequential:
    block = nn.Sequential(nn.Conv2d(32, channels, kernel_size=3, padding=1), nn.ReLU())
    return network(pictures, block, channels)


def _study(pictures: Pictures, train_size: int, **budget: int) -> Study:
    variants = {
        "Inception": partial(_inception, pictures),
        "naive, same branches": partial(_naive, pictures, 16, 32, 8),
        "naive, same MACs": partial(_naive, pictures, 9, 18, 5),
        "plain 3×3, same MACs": partial(_plain, pictures, 34),
        "plain 3×3, wider": partial(_plain, pictures, 96),  # on one processor no slower than Inception
    }
    questions = [Question("Inception", name, margin=0.5) for name in list(variants)[1:]]
    return pictures.study("inception", train_size, variants, questions, **budget)


def studies() -> list[Study]:
    """Return the studies of the chapter, one for each source of pictures."""
    return [_study(DIGITS, 300, epochs=24, batch_size=32), _study(FASHION, 2_500, epochs=10, batch_size=64)]
