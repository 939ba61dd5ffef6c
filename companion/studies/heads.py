"""Heads of a classifier: global average pooling, one linear layer, a hidden layer, and dropout."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from companion.data import Split
from companion.network_in_network import FullyConnectedHead, GlobalAveragePooling, MlpConv
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS, FASHION, Pictures
from companion.training import evaluate


def body(pictures: Pictures) -> list[nn.Module]:
    """Return two mlpconv layers with a pooling between: (N, 1, H, W) -> (N, 32, maps / 2, maps / 2)."""
    first = MlpConv(1, 12, 3, stride=pictures.stride, norm_layer=nn.BatchNorm2d)
    return [first, nn.MaxPool2d(2), MlpConv(12, 32, 3, norm_layer=nn.BatchNorm2d)]


def mean_head() -> list[nn.Module]:
    """Return NIN's head: a 1x1 convolution to one map per class, and the mean of each map."""
    return [nn.Conv2d(32, 10, kernel_size=1), GlobalAveragePooling()]


def linear_head(size: int) -> list[nn.Module]:
    """Return one fully connected layer on all numbers of the maps."""
    return [nn.Flatten(), nn.Linear(32 * size**2, 10)]


def hidden_head(size: int, dropout: float = 0.0) -> list[nn.Module]:
    """Return a fully connected layer of 128 units, and one for the scores."""
    return [FullyConnectedHead(32, size, 10, hidden_features=128, dropout=dropout)]


def shifted(pictures: Tensor, by: int) -> Tensor:
    """Return pictures (N, C, H, W) moved to the right by some pixels; negative moves to the left."""
    return F.pad(pictures, (by, -by))


def moved_accuracy(model: nn.Module, split: Split) -> float:
    """Return the accuracy in percent on the test pictures, moved to both sides by a tenth of their width."""
    by = round(split.test_x.shape[3] / 10)
    moved = torch.cat([shifted(split.test_x, by), shifted(split.test_x, -by)])
    return evaluate(model, moved, split.test_y.repeat(2))


def _net(pictures: Pictures, head) -> nn.Sequential:
    return nn.Sequential(*body(pictures), *head())


def _study(pictures: Pictures, train_size: int, **budget: int) -> Study:
    size = pictures.maps // 2
    heads = {
        "mean": mean_head,
        "one layer": partial(linear_head, size),
        "hidden layer": partial(hidden_head, size),
        "dropout": partial(hidden_head, size, dropout=0.5),
    }
    variants = {name: partial(_net, pictures, head) for name, head in heads.items()}
    questions = [Question("mean", other, margin=0.5) for other in list(heads)[1:]]
    return pictures.study("heads", train_size, variants, questions, also={"moved": moved_accuracy}, **budget)


def studies() -> list[Study]:
    """Return the studies of the chapter, one for each source and number of pictures."""
    return [
        _study(DIGITS, 100, epochs=40, batch_size=32),
        _study(DIGITS, 1_000, epochs=16, batch_size=64),
        _study(FASHION, 100, epochs=40, batch_size=32),
        _study(FASHION, 1_000, epochs=24, batch_size=64),
        _study(FASHION, 10_000, epochs=8, batch_size=128),
    ]
