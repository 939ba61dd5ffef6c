"""1x1 convolutions that mix channels: colour matrices, channel shuffle, and which input an output depends on.

The colour matrices are those of JPEG files (JFIF: Recommendation ITU-T T.871, with the luma weights of ITU-R
BT.601) and of the ``sepia`` filter of CSS (W3C, "Filter Effects Module Level 1"). Channel shuffle is from Zhang et
al., "ShuffleNet", arXiv 1707.01083, section 3.1.
"""

import torch
from torch import Tensor, fx, nn

from companion import _checks

LUMA = (0.299, 0.587, 0.114)
"""BT.601's weights of red, green and blue in the luma Y; they add up to 1."""

SEPIA = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))
"""The matrix of the CSS filter ``sepia(1)``, a convention. Bright pixels come out above 1."""


def ycbcr() -> tuple[Tensor, Tensor]:
    """Return the 1x1 convolution from RGB to YCbCr as JPEG files hold it, all channels in [0, 1].

    Y is the luma; Cb and Cr are blue and red minus the luma, scaled to a range of width 1 and shifted by one half.
    (The files hold levels 0 to 255 and shift by 128; in [0, 1] the middle is 0.5.)

    Returns:
        The weight (3, 3) and the bias (3,), float64.

    >>> weight, bias = ycbcr()
    >>> [[round(value, 4) for value in row] for row in weight.tolist()]
    [[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]]
    """
    luma, (red, _, blue) = torch.tensor(LUMA, dtype=torch.float64), torch.eye(3, dtype=torch.float64)
    cb = (blue - luma) / (2 * (1 - LUMA[2]))
    cr = (red - luma) / (2 * (1 - LUMA[0]))
    return torch.stack([luma, cb, cr]), torch.tensor([0, 0.5, 0.5], dtype=torch.float64)


def inverse(weight: Tensor, bias: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the inverse of a 1x1 convolution: from y = W x + b follows x = V y - V b, with V the inverse of W.

    Args:
        weight: W, (C, C).
        bias: b, (C,), or None for zeros.

    Returns:
        The weight V, (C, C), and the bias -V b, (C,).

    Raises:
        TypeError: if an argument is not a tensor.
        ValueError: if ``weight`` is not a matrix or has no inverse, or ``bias`` is not a vector.
        RuntimeError: from torch, if ``weight`` is not square or not of a floating dtype, or ``bias`` does not fit.
    """
    channels = len(_checks.tensor("weight", weight, "(C, C)"))
    bias = weight.new_zeros(channels) if bias is None else _checks.tensor("bias", bias, "(C,)")
    # Rounding hides most singular matrices from torch.linalg.inv.
    if (rank := int(torch.linalg.matrix_rank(weight))) < min(weight.shape):
        raise ValueError(f"weight must have rank {channels} to have an inverse, got rank {rank}")
    undo = torch.linalg.inv(weight)
    return undo, -undo @ bias


def shuffle_order(channels: int, groups: int) -> Tensor:
    """Return the input channel that each output channel of a channel shuffle copies.

    The outputs are the first channel of every group, then the second of every group, and so on.

    Args:
        channels: number of channels C, a multiple of ``groups``.
        groups: number of groups g.

    Returns:
        (C,), int64: output channel ``i`` is input channel ``order[i]``.

    Raises:
        TypeError: if an argument is not an int.
        ValueError: if one is below 1, or ``groups`` does not divide ``channels``.

    >>> shuffle_order(8, groups=2).tolist()
    [0, 4, 1, 5, 2, 6, 3, 7]
    """
    _checks.integer("channels", channels)
    _checks.integer("groups", groups)
    _check_groups(channels, groups)
    return torch.arange(channels).unflatten(0, (groups, -1)).T.flatten()


class ChannelShuffle(nn.Module):
    """Spread the channels of each group over all groups of the next layer; no weights, no MACs.

    It computes what ``torch.nn.ChannelShuffle`` does, in the three steps of the paper: reshape, transpose, flatten.

    Args:
        groups: number of groups g of the layer before.

    Shape:
        (N, C, H, W) -> (N, C, H, W), with C a multiple of g

    Raises:
        TypeError: if ``groups`` is not an int.
        ValueError: if ``groups`` is below 1 or, when called, does not divide C.
    """

    def __init__(self, groups: int):
        super().__init__()
        self.groups = _checks.integer("groups", groups)

    def forward(self, x: Tensor) -> Tensor:
        _check_groups(_checks.tensor("x", x, "(N, C, H, W)").shape[1], self.groups)
        return x.unflatten(1, (self.groups, -1)).transpose(1, 2).flatten(1, 2)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"


def reach(*weights: Tensor) -> Tensor:
    """Return which output channel of a stack of 1x1 convolutions can depend on which input channel.

    It can if a path of weights, none of them zero, leads from one to the other, with or without activations on the
    way. Paths may still cancel: a path makes the dependence possible, not certain.

    Args:
        *weights: each (C_out, C_in), in the order of the layers.

    Returns:
        (C_out of the last, C_in of the first), bool.

    Raises:
        TypeError: if a weight is not a tensor.
        ValueError: if there is none, or one is not a matrix.
        RuntimeError: from torch, if a weight does not fit the one before it.

    >>> reach(torch.tensor([[1.0, 0.0], [2.0, 3.0]])).tolist()
    [[True, False], [True, True]]
    """
    if not weights:
        raise ValueError("weights must be at least one, got none")
    paths = None
    for i, weight in enumerate(weights):
        _checks.tensor(f"weights[{i}]", weight, "(C_out, C_in)")
        links = (weight != 0).double()
        paths = links if paths is None else ((links @ paths) > 0).double()  # 0 or 1 each time: no overflow
    return paths > 0


@fx.wrap  # checked when a traced module runs
def _check_groups(channels: int, groups: int) -> None:
    if channels % groups:
        raise ValueError(f"groups must divide channels, got groups={groups} and channels={channels}")
