"""From a grouped convolution to its matrix, and from a matrix to a layer."""

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from companion import _checks


def block_diagonal(weight: Tensor, groups: int) -> Tensor:
    """Return the matrix of a grouped 1x1 convolution, zeros included.

    Args:
        weight: (C_out, C_in / groups), the weight of a grouped ``nn.Conv2d`` without its two last axes.
        groups: number of groups, a divisor of C_out.

    Returns:
        (C_out, C_in): blocks on the diagonal, exact zeros elsewhere.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if ``weight`` is not a matrix, or ``groups`` is below one or does not divide C_out.

    >>> block_diagonal(torch.ones(4, 1), groups=2).tolist()
    [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    """
    _checks.tensor("weight", weight, "(C_out, C_in / groups)")
    groups = _checks.integer("groups", groups)
    if weight.shape[0] % groups:
        raise ValueError(f"groups must divide C_out, got groups={groups} and C_out={weight.shape[0]}")
    return torch.block_diag(*weight.chunk(groups))


def as_conv2d(weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """Return the 1x1 convolution with a copy of this matrix and bias; draw no random numbers.

    Args:
        weight: (C_out, C_in).
        bias: (C_out,), or None for none.

    Raises:
        TypeError: if an argument is not a tensor of a floating dtype, or the two have different ones.
        ValueError: if a shape is another.

    >>> as_conv2d(torch.eye(3), None)
    Conv2d(3, 3, kernel_size=(1, 1), stride=(1, 1), bias=False)
    """
    out_channels, in_channels = _checks.tensor("weight", weight, "(C_out, C_in)").shape
    if not weight.is_floating_point():
        raise TypeError(f"weight must be of a floating dtype, got {weight.dtype}")
    if bias is not None:
        if len(_checks.tensor("bias", bias, "(C_out,)")) != out_channels:
            raise ValueError(f"bias must have C_out = {out_channels} values, got {len(bias)}")
        if bias.dtype != weight.dtype:
            raise TypeError(f"bias must be of the weight's dtype {weight.dtype}, got {bias.dtype}")
    kind = {"dtype": weight.dtype, "device": weight.device}
    conv = skip_init(nn.Conv2d, in_channels, out_channels, kernel_size=1, bias=bias is not None, **kind)
    with torch.no_grad():
        conv.weight.copy_(weight[:, :, None, None])
        if bias is not None:
            conv.bias.copy_(bias)
    return conv
