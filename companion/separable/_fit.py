"""The full kernel of a depthwise and a pointwise convolution, and the pair that comes closest to a given kernel.

The pair is one full convolution whose kernel (C_out, C_in, k_h, k_w) has, for each input channel, a matrix
(C_out, k_h * k_w) of rank 1, or of rank m with m depthwise kernels per channel. Guo et al., "Network Decoupling",
arXiv 1808.05517, show this and cut trained kernels that way.
"""

import torch
from torch import Tensor

from companion import _checks
from companion.bottleneck import lost_share


def compose(depthwise: Tensor, pointwise: Tensor, multiplier: int = 1) -> Tensor:
    """Return the kernel of the full convolution that equals the two, one after the other.

    Stride and padding of the full convolution are those of the depthwise one. There must be no activation,
    normalisation or bias between the two.

    Args:
        depthwise: (m * C_in, 1, k_h, k_w), as in ``nn.Conv2d`` with ``groups=C_in``: the m kernels of an input
            channel are consecutive.
        pointwise: (C_out, m * C_in, 1, 1).
        multiplier: m, the number of depthwise kernels for each input channel.

    Returns:
        (C_out, C_in, k_h, k_w): entry (o, i) is the sum of the m kernels of channel i, each times its weight.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if the shapes don't fit each other or ``multiplier``.

    >>> compose(torch.ones(8, 1, 3, 3), torch.ones(16, 8, 1, 1)).shape
    torch.Size([16, 8, 3, 3])
    """
    _checks.tensor("depthwise", depthwise, "(m * C_in, 1, k_h, k_w)")
    _checks.tensor("pointwise", pointwise, "(C_out, m * C_in, 1, 1)")
    multiplier = _checks.integer("multiplier", multiplier)
    if depthwise.shape[1] != 1 or len(depthwise) % multiplier:
        raise ValueError(
            f"depthwise must have shape (m * C_in, 1, k_h, k_w) with m = {multiplier}, got {tuple(depthwise.shape)}"
        )
    if pointwise.shape[1:] != (len(depthwise), 1, 1):
        raise ValueError(
            f"pointwise must have shape (C_out, {len(depthwise)}, 1, 1), one weight for each depthwise kernel, "
            f"got {tuple(pointwise.shape)}"
        )
    kernels = depthwise[:, 0].unflatten(0, (-1, multiplier))  # (C_in, m, k_h, k_w)
    mixing = pointwise[:, :, 0, 0].unflatten(1, (-1, multiplier))  # (C_out, C_in, m)
    return torch.einsum("oim,imhw->oihw", mixing, kernels)


def best_separable(weight: Tensor, multiplier: int = 1) -> tuple[Tensor, Tensor]:
    """Return the depthwise and the pointwise weights that together come closest to a full kernel.

    Each input channel's matrix (C_out, k_h * k_w) keeps its m largest singular values: no other pair is closer
    in the sum of squares (Eckart and Young, 1936). ``lost_kernel_energy`` says how close.

    Args:
        weight: (C_out, C_in, k_h, k_w), the kernel of a convolution with one group.
        multiplier: m, from 1 to min(C_out, k_h * k_w); the largest m gives the kernel itself.

    Returns:
        The depthwise weight (m * C_in, 1, k_h, k_w), each kernel of length 1, and the pointwise weight
        (C_out, m * C_in, 1, 1), both in the dtype of ``weight``.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if ``weight`` is empty or not finite, or ``multiplier`` out of range.

    >>> sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    >>> weight = torch.stack([sobel, -3 * sobel])[:, None]  # (2, 1, 3, 3): one kernel, weighted twice
    >>> torch.allclose(compose(*best_separable(weight)), weight, atol=1e-6)
    True
    """
    multiplier = _checks.integer("multiplier", multiplier)
    matrices = _matrices(weight)
    if multiplier > min(matrices.shape[1:]):
        raise ValueError(
            f"multiplier must be at most min(C_out, k_h * k_w) = {min(matrices.shape[1:])}, got {multiplier}"
        )
    left, values, right = torch.linalg.svd(matrices, full_matrices=False)
    kernels = right[:, :multiplier].flatten(0, 1)  # (C_in * m, k_h * k_w)
    mixing = (left * values[:, None])[:, :, :multiplier]  # (C_in, C_out, m)
    depthwise = kernels.reshape(-1, 1, *weight.shape[2:])
    pointwise = mixing.transpose(0, 1).flatten(1)[:, :, None, None]  # (C_out, C_in * m, 1, 1)
    return depthwise.to(weight.dtype), pointwise.to(weight.dtype)


def lost_kernel_energy(weight: Tensor) -> Tensor:
    """Return the share of a kernel's energy that the best separable pair loses, for m = 0 to its full rank.

    Args:
        weight: (C_out, C_in, k_h, k_w), the kernel of a convolution with one group.

    Returns:
        (min(C_out, k_h * k_w) + 1,), in the dtype of ``weight``: entry m is the sum of squares of the difference
        between ``weight`` and the closest pair with m depthwise kernels per channel, divided by the sum of squares
        of ``weight``. It falls from 1 to 0.

    Raises:
        TypeError: if ``weight`` is not a tensor of a floating dtype.
        ValueError: if ``weight`` is empty, not finite, or zero everywhere.

    >>> horizontal, vertical = torch.tensor([[-1.0, 0, 1]] * 3), torch.tensor([[-1.0, 0, 1]] * 3).T
    >>> lost_kernel_energy(torch.stack([horizontal, vertical])[:, None]).round(decimals=4).tolist()
    [1.0, 0.5, 0.0]
    """
    energy = torch.linalg.svdvals(_matrices(weight)).square().sum(dim=0)  # largest first
    return lost_share("weight", energy).to(weight.dtype)


def _matrices(weight: Tensor) -> Tensor:
    """Return one matrix for each input channel, (C_in, C_out, k_h * k_w), in float64."""
    _checks.finite("weight", weight, "(C_out, C_in, k_h, k_w)")
    return weight.detach().double().transpose(0, 1).flatten(2)
