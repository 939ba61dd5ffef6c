"""GoogLeNet: Szegedy et al., "Going Deeper with Convolutions", arXiv 1409.4842, table 1, figure 3 and section 5."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from torch import Tensor, fx, nn

from companion import _checks
from companion.bottleneck import Reduced
from companion.inception import GOOGLENET, Inception
from companion.network_in_network import FullyConnectedHead, GlobalAveragePooling
from companion.networks._network import Network, picture
from companion.pitfalls import initialise

fx.wrap("picture")  # as in _network, for the calls made here


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


def googlenet(num_classes: int = 1000, *, auxiliary_heads: bool = False) -> nn.Module:
    """Return GoogLeNet, without batch normalisation, as in the paper.

    Its stages are ``conv1``, ``pool1``, ``norm1``, ``conv2``, ``norm2``, ``pool2``, ``inception_3a`` to
    ``inception_5b`` with ``pool3`` and ``pool4`` between, ``average_pool``, ``dropout`` (40 %) and ``linear``.

    Args:
        num_classes: K, the number of scores.
        auxiliary_heads: whether two more classifiers, ``auxiliary.inception_4a`` and ``auxiliary.inception_4d``,
            read the outputs of these modules. The paper adds their losses, times 0.3, to that of the network while
            it trains, and then throws them away. So in training mode the network returns a ``GoogLeNetOutputs``,
            and in evaluation mode its scores alone. Their fully connected layers read 4 x 4 positions: in training
            mode H and W must then be from 223 to 270.

    Shape:
        (N, 3, H, W) -> (N, num_classes), H and W at least 31

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if ``num_classes`` is below one, or (when called) the input is of another shape or size.

    >>> import torch
    >>> with torch.device("meta"):
    ...     networks = googlenet(), googlenet(auxiliary_heads=True)
    >>> [sum(p.numel() for p in network.parameters()) for network in networks]
    [6998552, 13378280]
    """
    _checks.integer("num_classes", num_classes)
    _checks.flag("auxiliary_heads", auxiliary_heads)
    stages = {stage.name: stage.block(*stage.widths) for stage in GOOGLENET_STAGES}
    stages |= {"dropout": nn.Dropout(0.4), "linear": nn.Linear(GOOGLENET["5b"].out_channels, num_classes)}
    network = Network(stages, least_size=31)
    if auxiliary_heads:
        heads = {name: _head(GOOGLENET[name].out_channels, num_classes) for name in ("4a", "4d")}
        network = _WithAuxiliaryHeads(network, {f"inception_{name}": head for name, head in heads.items()})
    return initialise(network, "He")


class GoogLeNetOutputs(NamedTuple):
    """What GoogLeNet with auxiliary heads returns in training mode: three times scores (N, num_classes).

    Attributes:
        scores: of the network itself.
        auxiliary_4a: of the head that reads inception (4a).
        auxiliary_4d: of the head that reads inception (4d).
    """

    scores: Tensor
    auxiliary_4a: Tensor
    auxiliary_4d: Tensor


def _head(in_channels: int, num_classes: int) -> nn.Sequential:
    """Return a classifier of section 5: (N, in_channels, 14, 14) -> (N, num_classes)."""
    return nn.Sequential(
        nn.AvgPool2d(5, stride=3),  # 14 x 14 -> 4 x 4
        *_conv(in_channels, 128, 1),
        FullyConnectedHead(128, 4, num_classes, hidden_features=1024, dropout=0.7),
    )


class _WithAuxiliaryHeads(nn.Module):
    """The stages of a network under their own names, and heads that read some of them in training mode."""

    def __init__(self, network: Network, heads: Mapping[str, nn.Module]):
        super().__init__()
        self.least_size = network.least_size
        self.stages = [name for name, _ in network.named_children()]
        for name, stage in network.named_children():
            self.add_module(name, stage)
        self.auxiliary = nn.ModuleDict(heads)

    def forward(self, x: Tensor) -> Tensor | GoogLeNetOutputs:
        height, width = picture(x, self.least_size).shape[2:]
        if self.training and not (223 <= height <= 270 and 223 <= width <= 270):
            raise ValueError(
                "x must have H and W from 223 to 270 in training mode, since the fully connected layers of the "
                f"auxiliary heads read 4 x 4 positions, got {height} x {width}"
            )
        scores = []
        for name in self.stages:
            x = self.get_submodule(name)(x)
            if self.training and name in self.auxiliary:
                scores.append(self.auxiliary[name](x))
        return GoogLeNetOutputs(x, *scores) if self.training else x
