"""Which part of its input the outputs of a module depend on, measured by the gradient."""

import torch
from torch import Tensor, nn

from companion import _checks
from companion._state import mode


def input_gradient(
    module: nn.Module, x: Tensor, *, position: tuple[int, int] | None = None, channel: int | None = None
) -> Tensor:
    """Return the gradient of the sum of a module's outputs, or of those at one position or of one channel.

    The module runs in evaluation mode (in training mode the outputs of a batch normalisation have the same sum
    whatever its input) and is left as it was.

    Args:
        module: maps (N, C, H, W) to a tensor; its weights should be random, so that nothing cancels.
        x: (N, C, H, W), of a floating dtype.
        position: row and column of the outputs, for a module that returns maps; None for all.
        channel: channel of the outputs; None for all.

    Returns:
        (N, C, H, W), in the dtype of ``x``.

    Raises:
        ValueError: if ``x`` is of another shape, or empty.
        IndexError: from torch, if there is no such position or channel.
        RuntimeError: from torch, if ``x`` is not of a floating dtype.

    >>> gradient = input_gradient(nn.AvgPool2d(2), torch.zeros(1, 3, 4, 4), position=(0, 1), channel=2)
    >>> gradient.nonzero().tolist()  # picture, channel, row, column
    [[0, 2, 0, 2], [0, 2, 0, 3], [0, 2, 1, 2], [0, 2, 1, 3]]
    """
    if _checks.tensor("x", x, "(N, C, H, W)").numel() == 0:
        raise ValueError(f"x must not be empty, got shape {tuple(x.shape)}")
    x = x.detach().requires_grad_()
    with mode(module, training=False), torch.enable_grad():
        y = module(x.clone())  # it may begin in place, which a leaf of autograd does not allow
        if channel is not None:
            y = y[:, [channel]]
        if position is not None:
            y = y[:, :, position[0], position[1]]
        (gradient,) = torch.autograd.grad(y.sum(), x)
    return gradient


def gradient_map(module: nn.Module, x: Tensor, *, position: tuple[int, int] | None = None) -> Tensor:
    """Return how strongly the outputs depend on each pixel of the input: the receptive field of one, or of all.

    Args:
        module: as in `input_gradient`, and so are the others.
        x: (N, C, H, W), of a floating dtype.
        position: row and column of the outputs; None for all.

    Returns:
        (H, W): the absolute gradient, averaged over pictures and channels.

    Raises:
        ValueError: if ``x`` is of another shape, or empty.
        IndexError: from torch, if there is no such position or channel.
        RuntimeError: from torch, if ``x`` is not of a floating dtype.

    >>> gradient_map(nn.AvgPool2d(2), torch.zeros(1, 3, 4, 4)).unique().tolist()
    [0.25]
    """
    return input_gradient(module, x, position=position).abs().mean(dim=(0, 1))
