"""Shortcuts: four ways around a residual block, and the options A, B and C that choose among them.

He et al., arXiv 1512.03385, sections 3.2 and 4.1; the average in front of the projection is that of ResNet-D (He et
al., arXiv 1812.01187, section 4.2).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch.nn.functional as F
from torch import Tensor, fx, nn

from companion import _checks

Shortcut = Callable[..., nn.Module]


class Identity(nn.Identity):
    """The input itself: no weight, no MAC, and no way to change channels or resolution.

    Shape:
        (N, C, H, W) -> (N, C, H, W)

    Raises:
        ValueError: if the channels differ or ``stride`` is not 1.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, norm_layer: type[nn.Module] | None = None
    ):
        super().__init__()
        if not _same_shape(in_channels, out_channels, stride):
            raise ValueError(
                "an identity needs out_channels equal to in_channels and stride 1, "
                f"got in_channels={in_channels}, out_channels={out_channels} and stride={stride}"
            )


class ZeroPad(nn.Module):
    """Option A: drop the pixels between the strides, fill the missing channels with zeros; no weight, no MAC.

    Where nothing is missing it is the identity.

    Shape:
        (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))

    Raises:
        ValueError: if there are fewer channels out than in, or (when called) the input has other channels.

    >>> import torch
    >>> ZeroPad(1, 2, stride=2)(torch.arange(1.0, 17.0).reshape(1, 1, 4, 4)).tolist()
    [[[[1.0, 3.0], [9.0, 11.0]], [[0.0, 0.0], [0.0, 0.0]]]]
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, norm_layer: type[nn.Module] | None = None
    ):
        super().__init__()
        _checks.integers(in_channels=in_channels, out_channels=out_channels, stride=stride)
        if out_channels < in_channels:
            raise ValueError(f"out_channels must be at least in_channels = {in_channels}, got {out_channels}")
        self.in_channels, self.out_channels, self.stride = in_channels, out_channels, stride

    def forward(self, x: Tensor) -> Tensor:
        kept = _with_channels(x, self.in_channels)[:, :, :: self.stride, :: self.stride]  # (N, in_channels, H', W')
        return F.pad(kept, (0, 0, 0, 0, 0, self.out_channels - self.in_channels))  # (N, out_channels, H', W')

    def extra_repr(self) -> str:
        return f"{self.in_channels}, {self.out_channels}, stride={self.stride}"


@fx.wrap  # checked when a traced module runs
def _with_channels(x: Tensor, in_channels: int) -> Tensor:
    """Return ``x`` if it has these channels: no layer with weights refuses others, and zeros would hide them."""
    if _checks.tensor("x", x, "(N, C, H, W)").shape[1] != in_channels:
        raise ValueError(f"x must have in_channels = {in_channels} channels, got {x.shape[1]}")
    return x


class Projection(nn.Sequential):
    """Option B where the shapes differ, option C everywhere: a 1x1 convolution with the block's stride.

    It has in_channels * out_channels weights and no bias. With stride 2 it reads one pixel in four.

    Shape:
        (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))

    Raises:
        TypeError: if a count or ``stride`` is not an int.
        ValueError: if one is below one.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, norm_layer: type[nn.Module] = nn.BatchNorm2d
    ):
        _checks.integers(in_channels=in_channels, out_channels=out_channels, stride=stride)
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
            norm_layer(out_channels),
        )


class AveragePoolProjection(nn.Sequential):
    """ResNet-D: average stride x stride pixels first, so that the 1x1 convolution reads all of them.

    It has the weights of `Projection` and the same number of MACs. Where H or W is not a multiple of the stride,
    the last windows average the pixels that there are.

    Shape:
        (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))

    Raises:
        TypeError: if a count or ``stride`` is not an int.
        ValueError: if one is below one.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, norm_layer: type[nn.Module] = nn.BatchNorm2d
    ):
        _checks.integers(in_channels=in_channels, out_channels=out_channels, stride=stride)
        super().__init__(
            nn.AvgPool2d(stride, ceil_mode=True),
            nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False),
            norm_layer(out_channels),
        )


def where_needed(kind: Shortcut) -> Shortcut:
    """Return a shortcut that is the identity where the shapes allow it, and of the given kind elsewhere.

    >>> build = where_needed(Projection)
    >>> type(build(64, 64)).__name__, type(build(64, 128, 2)).__name__
    ('Identity', 'Projection')
    """

    def build(
        in_channels: int, out_channels: int, stride: int = 1, *, norm_layer: type[nn.Module] = nn.BatchNorm2d
    ) -> nn.Module:
        chosen = Identity if _same_shape(in_channels, out_channels, stride) else kind
        return chosen(in_channels, out_channels, stride, norm_layer=norm_layer)

    return build


OPTIONS: Mapping[str, Shortcut] = MappingProxyType(
    {"A": ZeroPad, "B": where_needed(Projection), "C": Projection}  # the letters of section 4.1
)


def _same_shape(in_channels: int, out_channels: int, stride: int) -> bool:
    """Return whether the input has the shape of the output."""
    _checks.integers(in_channels=in_channels, out_channels=out_channels, stride=stride)
    return stride == 1 and in_channels == out_channels
