"""GoogLeNet: Szegedy et al., "Going Deeper with Convolutions", arXiv 1409.4842, table 1, figure 3 and section 5."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from torch import nn

from companion import _checks
from companion.bottleneck import Reduced
from companion.inception import GOOGLENET, Inception
from companion.network_in_network import GlobalAveragePooling
from companion.networks._network import Network
from companion.pitfalls import initialise


def _conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> nn.Sequential:
    """Return a convolution with a bias, which the paper's have, and a ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2), nn.ReLU()
    )


_max_pool = partial(nn.MaxPool2d, 3, stride=2, ceil_mode=True)  # halves the even sizes that 224 leads to
_norm = partial(nn.LocalResponseNorm, 5)  # the paper gives no constants: n = 5, alpha = 1e-4, beta = 0.75, k = 1


class GoogLeNetStage(NamedTuple):
    """A row of table 1, or one of the two normalisations, which are in figure 3 alone."""

    name: str
    block: Callable[..., nn.Module]
    widths: tuple[int, ...] = ()  # what the block is built from


GOOGLENET_STAGES = (
    GoogLeNetStage("conv1", _conv, (3, 64, 7, 2)),
    GoogLeNetStage("pool1", _max_pool),
    GoogLeNetStage("norm1", _norm),
    GoogLeNetStage("conv2", Reduced, (64, 64, 192, 3)),
    GoogLeNetStage("norm2", _norm),
    GoogLeNetStage("pool2", _max_pool),
    GoogLeNetStage("inception_3a", Inception, GOOGLENET["3a"]),
    GoogLeNetStage("inception_3b", Inception, GOOGLENET["3b"]),
    GoogLeNetStage("pool3", _max_pool),
    GoogLeNetStage("inception_4a", Inception, GOOGLENET["4a"]),
    GoogLeNetStage("inception_4b", Inception, GOOGLENET["4b"]),
    GoogLeNetStage("inception_4c", Inception, GOOGLENET["4c"]),
    GoogLeNetStage("inception_4d", Inception, GOOGLENET["4d"]),
    GoogLeNetStage("inception_4e", Inception, GOOGLENET["4e"]),
    GoogLeNetStage("pool4", _max_pool),
    GoogLeNetStage("inception_5a", Inception, GOOGLENET["5a"]),
    GoogLeNetStage("inception_5b", Inception, GOOGLENET["5b"]),
    GoogLeNetStage("average_pool", GlobalAveragePooling),
)
"""Table 1 up to the average pooling; dropout and a linear layer follow."""


def googlenet(num_classes: int = 1000) -> nn.Sequential:
    """Return GoogLeNet, without batch normalisation, as in the paper, and without its auxiliary classifiers.

    Its stages are ``conv1``, ``pool1``, ``norm1``, ``conv2``, ``norm2``, ``pool2``, ``inception_3a`` to
    ``inception_5b`` with ``pool3`` and ``pool4`` between, ``average_pool``, ``dropout`` (40 %) and ``linear``.

    Args:
        num_classes: K, the number of scores.

    Shape:
        (N, 3, H, W) -> (N, num_classes), H and W at least 31

    Raises:
        TypeError: if ``num_classes`` is not an int.
        ValueError: if ``num_classes`` is below one, or (when called) the input is of another shape or size.

    >>> import torch
    >>> with torch.device("meta"):
    ...     sum(p.numel() for p in googlenet().parameters())
    6998552
    """
    _checks.integer("num_classes", num_classes)
    stages = {stage.name: stage.block(*stage.widths) for stage in GOOGLENET_STAGES}
    stages |= {"dropout": nn.Dropout(0.4), "linear": nn.Linear(GOOGLENET["5b"].out_channels, num_classes)}
    return initialise(Network(stages, least_size=31), "He")
