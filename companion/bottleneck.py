"""Blocks whose 1x1 convolutions reduce the number of channels, and what such a bottleneck must lose.

``Reduced`` is a branch of an Inception module (Szegedy et al., arXiv 1409.4842, section 4), ``Bottleneck`` the
residual block of ResNet-50 and deeper (He et al., arXiv 1512.03385, section 4.1 and figure 5). The functions give
the least that a bottleneck of r channels loses: a 1x1 convolution to r channels and back is a matrix of rank r.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from companion import _checks


class Reduced(nn.Module):
    """A 1x1 convolution that reduces the number of channels, then a k x k convolution.

    Args:
        in_channels: channels of the input.
        middle_channels: channels between the two convolutions.
        out_channels: channels of the output.
        kernel_size: odd height and width of the second convolution; the padding keeps H and W.
        act_layer: type of the activation after each convolution; ``nn.Identity`` for none.

    Shape:
        (N, in_channels, H, W) -> (N, out_channels, H, W)

    Raises:
        TypeError: if a count is not an int.
        ValueError: if a count is below one or ``kernel_size`` is even.
    """

    def __init__(
        self,
        in_channels: int,
        middle_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        *,
        act_layer: type[nn.Module] = nn.ReLU,
    ):
        super().__init__()
        _checks.integer("in_channels", in_channels)
        _checks.integer("middle_channels", middle_channels)
        _checks.integer("out_channels", out_channels)
        if _checks.integer("kernel_size", kernel_size) % 2 == 0:
            raise ValueError(f"kernel_size must be odd, so that H and W are kept, got {kernel_size}")
        self.reduce = nn.Sequential(nn.Conv2d(in_channels, middle_channels, kernel_size=1), act_layer())
        self.convolve = nn.Sequential(
            nn.Conv2d(middle_channels, out_channels, kernel_size, padding=kernel_size // 2), act_layer()
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.convolve(self.reduce(x))  # (N, out_channels, H, W)


class Bottleneck(nn.Module):
    """ResNet's bottleneck: reduce with 1x1, convolve with 3x3, expand with 1x1, and add the input.

    The input is added as it is where the shapes allow it, and through a 1x1 convolution (the projection
    shortcut, option B of the paper) where the channels or the stride differ.

    Args:
        in_channels: channels of the input.
        middle_channels: channels of the 3x3 convolution.
        out_channels: channels of the output; ResNet uses four times ``middle_channels``.
        stride: stride of the block.
        norm_layer: type of the normalisation after each convolution.
        act_layer: type of the activation; the last one comes after the sum.
        stride_in_first: whether the first 1x1 convolution takes the stride, as in the paper: the block then reads
            one position in ``stride`` squared. By default the 3x3 convolution takes it, and reads them all.
        attn_layer: builds, from the number of channels, the last module of the residual branch, which keeps the
            shape; None for none. With ``SqueezeExcitation`` the block is that of SE-ResNet (Hu et al., arXiv
            1709.01507, figure 3).

    Shape:
        (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))

    Raises:
        TypeError: if a count or ``stride`` is not an int, or ``stride_in_first`` not a bool.
        ValueError: if a count or ``stride`` is below one.
    """

    def __init__(
        self,
        in_channels: int,
        middle_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        norm_layer: type[nn.Module] = nn.BatchNorm2d,
        act_layer: type[nn.Module] = nn.ReLU,
        stride_in_first: bool = False,
        attn_layer: Callable[[int], nn.Module] | None = None,
    ):
        super().__init__()
        _checks.integer("in_channels", in_channels)
        _checks.integer("middle_channels", middle_channels)
        _checks.integer("out_channels", out_channels)
        _checks.integer("stride", stride)
        first, second = (stride, 1) if _checks.flag("stride_in_first", stride_in_first) else (1, stride)
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, middle_channels, kernel_size=1, stride=first, bias=False),
            norm_layer(middle_channels),
            act_layer(),
            nn.Conv2d(middle_channels, middle_channels, kernel_size=3, stride=second, padding=1, bias=False),
            norm_layer(middle_channels),
            act_layer(),
            nn.Conv2d(middle_channels, out_channels, kernel_size=1, bias=False),
            norm_layer(out_channels),
        )
        if attn_layer is not None:
            self.residual.append(attn_layer(out_channels))
        self.shortcut = nn.Sequential()  # empty: the identity
        if stride != 1 or in_channels != out_channels:
            self.shortcut.append(nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False))
            self.shortcut.append(norm_layer(out_channels))
        self.activation = act_layer()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.residual(x) + self.shortcut(x))  # (N, out_channels, H', W')


def best_pair(features: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Return the two 1x1 convolutions, to r channels and back, that change given feature maps least.

    The channels are projected on their first r principal directions, around zero (Eckart and Young, 1936): no
    other pair of 1x1 convolutions without bias and activation comes closer, in the mean square.

    Args:
        features: (N, C, H, W).
        rank: r, from 1 to C.

    Returns:
        The weight of the reduction, (r, C), and of the expansion, (C, r), in the dtype of ``features``.

    Raises:
        TypeError: if ``features`` are not of a floating dtype.
        ValueError: if ``rank`` is below 1 or above C, or ``features`` are empty or not finite.
    """
    rank = _checks.integer("rank", rank)
    directions, _ = _principal_directions(features)
    if rank > directions.shape[0]:
        raise ValueError(f"rank must be at most C = {directions.shape[0]}, got {rank}")
    expand = directions[:, :rank].to(features.dtype)  # (C, r)
    return expand.T, expand


def lost_energy(features: Tensor) -> Tensor:
    """Return the share of the maps' energy that the best bottleneck of r channels loses, for r = 0 to C.

    Args:
        features: (N, C, H, W).

    Returns:
        (C + 1,), in the dtype of ``features``: entry r is the sum of squares of the difference, divided by the
        sum of squares of the maps; it falls from 1 to 0. Computed in float64: below about 1e-15 it is rounding.

    Raises:
        TypeError: if ``features`` are not of a floating dtype.
        ValueError: if ``features`` are empty, not finite, or zero everywhere.

    >>> one_map = torch.randn(1, 1, 8, 8)
    >>> copies = torch.cat([one_map, 2 * one_map, -one_map], dim=1)  # three channels, rank 1
    >>> lost_energy(copies).round(decimals=4).tolist()
    [1.0, 0.0, 0.0, 0.0]
    """
    _, energy = _principal_directions(features)
    return lost_share("features", energy).to(features.dtype)  # (C + 1,)


def _principal_directions(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return orthonormal directions (C, C) of the channels and the energy along each (C,), float64, falling."""
    features = _checks.finite("features", features, "(N, C, H, W)")
    pixels = features.double().movedim(1, -1).flatten(0, 2)  # (N*H*W, C)
    energy, directions = torch.linalg.eigh(pixels.T @ pixels)  # ascending
    return directions.flip(1), energy.flip(0).clamp(min=0)  # no energy may come out as -1e-16


def lost_share(name: str, energy: Tensor) -> Tensor:
    """Return the share of the energy in all terms but the first r, for r = 0 to n.

    Args:
        name: what holds the energy, for the message.
        energy: (n,), at least 0, the largest first.

    Returns:
        (n + 1,), falling from 1 to 0.

    Raises:
        ValueError: if all terms are zero.

    >>> lost_share("weight", torch.tensor([6.0, 3.0, 1.0], dtype=torch.float64)).round(decimals=4).tolist()
    [1.0, 0.4, 0.1, 0.0]
    """
    # Summed from the smallest: 1 minus the share that is kept would lose small shares to rounding.
    tail = torch.cat([energy, energy.new_zeros(1)]).flip(0).cumsum(0).flip(0)
    if tail[0] == 0:
        raise ValueError(f"{name} must not be zero everywhere: there is no energy to lose")
    return tail / tail[0]
