"""A full 3x3 convolution in the middle of a network: trained as it is, trained as a pair, and cut to a pair."""

from functools import partial

import torch
from torch import nn

from companion.data import Split
from companion.separable import DepthwiseSeparable, best_separable, compose
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS
from companion.training import evaluate

linear_pair = partial(DepthwiseSeparable, norm_layer=nn.Identity, act_layer=nn.Identity)
"""The two convolutions of a pair with nothing between and behind them."""


def network(middle: nn.Module) -> nn.Sequential:
    """Return a network around a convolution from 32 channels to 64: (N, 1, 8, 8) -> (N, 10)."""
    stem = nn.Conv2d(1, 32, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    return nn.Sequential(*stem, middle, nn.ReLU(), nn.Flatten(), nn.Linear(64 * 16, 10))


def full() -> nn.Sequential:
    """Return the network with a full 3x3 convolution."""
    return network(nn.Conv2d(32, 64, kernel_size=3, padding=1))


def pair() -> nn.Sequential:
    """Return the network with a separable pair in its place."""
    return network(linear_pair(32, 64, bias=True))


def kernel_of(net: nn.Sequential) -> torch.Tensor:
    """Return the kernel (64, 32, 3, 3) of the full convolution in the middle, or that equals the pair there."""
    middle = net[3]
    if isinstance(middle, DepthwiseSeparable):
        return compose(middle.depthwise[0].weight, middle.pointwise[0].weight).detach()
    return middle.weight.detach()


@torch.no_grad()
def cut_accuracy(multiplier: int, net: nn.Sequential, split: Split) -> float:
    """Return the test accuracy in percent with the closest pair in place of a full convolution, not trained again.

    A network with a pair in the middle is closest to itself.
    """
    if isinstance(net[3], DepthwiseSeparable):
        return evaluate(net, split.test_x, split.test_y)
    kernel = net[3].weight.clone()
    net[3].weight.copy_(compose(*best_separable(kernel, multiplier), multiplier))
    accuracy = evaluate(net, split.test_x, split.test_y)
    net[3].weight.copy_(kernel)
    return accuracy


def studies() -> list[Study]:
    """Return the study of the chapter: 1,000 digits."""
    variants = {"full": full, "trained as a pair": pair}
    questions = [Question("trained as a pair", "full", margin=0.5)]
    cuts = {f"cut to m = {m}": partial(cut_accuracy, m) for m in (1, 2, 4)}
    return [DIGITS.study("separable-layer", 1_000, variants, questions, epochs=16, batch_size=64, also=cuts)]
