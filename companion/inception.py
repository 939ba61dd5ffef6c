"""The Inception module: 1x1, 3x3 and 5x5 convolutions in parallel, the large ones on reduced channels.

Szegedy et al., "Going Deeper with Convolutions", arXiv 1409.4842, section 4 and figure 2; the channels of
GoogLeNet's nine modules are those of its table 1.
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor, nn

from companion import _checks


class Widths(NamedTuple):
    """The channels of one module, in the order of the arguments of `Inception`.

    >>> Widths(192, 64, 96, 128, 16, 32, 32).out_channels
    256
    """

    in_channels: int
    out_1x1: int
    out_3x3_reduce: int
    out_3x3: int
    out_5x5_reduce: int
    out_5x5: int
    out_pool: int

    @property
    def out_channels(self) -> int:
        """Channels of all four branches together; the reductions are not among them."""
        return self.out_1x1 + self.out_3x3 + self.out_5x5 + self.out_pool


GOOGLENET: Mapping[str, Widths] = MappingProxyType(
    {
        "3a": Widths(192, 64, 96, 128, 16, 32, 32),
        "3b": Widths(256, 128, 128, 192, 32, 96, 64),
        "4a": Widths(480, 192, 96, 208, 16, 48, 64),
        "4b": Widths(512, 160, 112, 224, 24, 64, 64),
        "4c": Widths(512, 128, 128, 256, 24, 64, 64),
        "4d": Widths(512, 112, 144, 288, 32, 64, 64),
        "4e": Widths(528, 256, 160, 320, 32, 128, 128),
        "5a": Widths(832, 256, 160, 320, 32, 128, 128),
        "5b": Widths(832, 384, 192, 384, 48, 128, 128),
    }
)


class Inception(nn.Module):
    """Four branches that read the same input; their outputs are stacked along the channels.

    1. a 1x1 convolution;
    2. a 1x1 convolution (a reduction), then 3x3;
    3. a 1x1 convolution (a reduction), then 5x5;
    4. a 3x3 max pooling with stride 1, then a 1x1 convolution.

    An activation follows every convolution, the reductions included. Without ``norm_layer`` the convolutions have
    a bias, as in the paper; with one, the normalisation stands between convolution and activation and takes the
    place of the bias.

    Args:
        in_channels: channels of the input.
        out_1x1: channels that branch 1 returns.
        out_3x3_reduce: channels that the 3x3 convolution reads.
        out_3x3: channels that branch 2 returns.
        out_5x5_reduce: channels that the 5x5 convolution reads.
        out_5x5: channels that branch 3 returns.
        out_pool: channels that branch 4 returns.
        act_layer: type of the activation.
        norm_layer: type of a normalisation, built from its number of channels; None for none.

    Shape:
        (N, in_channels, H, W) -> (N, out_1x1 + out_3x3 + out_5x5 + out_pool, H, W), the branches in this order.

    Raises:
        TypeError: if a number of channels is not an int.
        ValueError: if one is below one, or (when called) the input has no four axes.

    >>> Inception(*GOOGLENET["3a"])(torch.zeros(1, 192, 28, 28)).shape
    torch.Size([1, 256, 28, 28])
    """

    def __init__(
        self,
        in_channels: int,
        out_1x1: int,
        out_3x3_reduce: int,
        out_3x3: int,
        out_5x5_reduce: int,
        out_5x5: int,
        out_pool: int,
        *,
        act_layer: type[nn.Module] = nn.ReLU,
        norm_layer: type[nn.Module] | None = None,
    ):
        super().__init__()
        _checks.integers(
            **Widths(in_channels, out_1x1, out_3x3_reduce, out_3x3, out_5x5_reduce, out_5x5, out_pool)._asdict()
        )
        self.out_channels = out_1x1 + out_3x3 + out_5x5 + out_pool
        conv = partial(conv_and_act, act_layer=act_layer, norm_layer=norm_layer)
        self.branch1 = nn.Sequential(*conv(in_channels, out_1x1, 1))
        self.branch2 = nn.Sequential(*conv(in_channels, out_3x3_reduce, 1), *conv(out_3x3_reduce, out_3x3, 3))
        self.branch3 = nn.Sequential(*conv(in_channels, out_5x5_reduce, 1), *conv(out_5x5_reduce, out_5x5, 5))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), *conv(in_channels, out_pool, 1))

    def forward(self, x: Tensor) -> Tensor:
        _checks.tensor("x", x, "(N, C, H, W)")  # of (C, H, W), dim 1 would be the height
        branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
        return torch.cat(branches, dim=1)  # (N, out_channels, H, W)


class NaiveInception(nn.Module):
    """The same idea without reductions: every branch reads, and the pooling returns, all channels of the input.

    It is figure 2a of the paper, which gives it up: a module of this kind has more channels out than in, however
    few its convolutions return.

    Args:
        in_channels: channels of the input, and of the pooling branch.
        out_1x1: channels that the 1x1 convolution returns.
        out_3x3: channels that the 3x3 convolution returns.
        out_5x5: channels that the 5x5 convolution returns.
        act_layer: type of the activation after each convolution.
        norm_layer: type of a normalisation, built from its number of channels; None for none.

    Shape:
        (N, in_channels, H, W) -> (N, out_1x1 + out_3x3 + out_5x5 + in_channels, H, W), in this order.

    Raises:
        TypeError: if a number of channels is not an int.
        ValueError: if one is below one, or (when called) the input has no four axes.
    """

    def __init__(
        self,
        in_channels: int,
        out_1x1: int,
        out_3x3: int,
        out_5x5: int,
        *,
        act_layer: type[nn.Module] = nn.ReLU,
        norm_layer: type[nn.Module] | None = None,
    ):
        super().__init__()
        _checks.integers(in_channels=in_channels, out_1x1=out_1x1, out_3x3=out_3x3, out_5x5=out_5x5)
        self.out_channels = out_1x1 + out_3x3 + out_5x5 + in_channels
        conv = partial(conv_and_act, act_layer=act_layer, norm_layer=norm_layer)
        self.branch1 = nn.Sequential(*conv(in_channels, out_1x1, 1))
        self.branch2 = nn.Sequential(*conv(in_channels, out_3x3, 3))
        self.branch3 = nn.Sequential(*conv(in_channels, out_5x5, 5))
        self.branch4 = nn.MaxPool2d(3, stride=1, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        _checks.tensor("x", x, "(N, C, H, W)")  # of (C, H, W), dim 1 would be the height
        branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
        return torch.cat(branches, dim=1)  # (N, out_channels, H, W)


def conv_and_act(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    *,
    act_layer: type[nn.Module] = nn.ReLU,
    norm_layer: type[nn.Module] | None = None,
) -> list[nn.Module]:
    """Return a convolution that keeps H and W, a normalisation if there is one, and an activation."""
    norm = [] if norm_layer is None else [norm_layer(out_channels)]
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=not norm)
    return [conv, *norm, act_layer()]
