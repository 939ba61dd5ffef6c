"""What a module reads of its input, seen by the gradient: where that is zero, nothing is read."""

import torch
from torch import Tensor, nn

from companion import _checks
from companion._state import mode


def input_gradient(
    module: nn.Module, x: Tensor, *, position: tuple[int, int] | None = None, channel: int | None = None
) -> Tensor:
    """Return the gradient of a module's outputs, or of those at one position or of one channel, summed.

    The module runs in evaluation mode (in training mode a batch normalisation returns the same sum whatever comes
    in) and is left as it was.

    Args:
        module: maps (N, C, H, W) to a tensor; its weights should be random, so that nothing cancels.
        x: (N, C, H, W), of a floating dtype.
        position: row and column of the outputs that are meant; None for all. The module then returns maps.
        channel: channel of the outputs that are meant; None for all.

    Returns:
        (N, C, H, W), in the dtype of ``x``.

    Raises:
        TypeError: if ``x`` is of no floating dtype.
        ValueError: if ``x`` is not of that shape, or is empty.

    >>> gradient = input_gradient(nn.AvgPool2d(2), torch.zeros(1, 3, 4, 4), position=(0, 1), channel=2)
    >>> gradient.nonzero().tolist()  # picture, channel, row, column
    [[0, 2, 0, 2], [0, 2, 0, 3], [0, 2, 1, 2], [0, 2, 1, 3]]
    """
    if _checks.tensor("x", x, "(N, C, H, W)").numel() == 0:
        raise ValueError(f"x must not be empty, got shape {tuple(x.shape)}")
    if not x.is_floating_point():
        raise TypeError(f"x must be of a floating dtype, got {x.dtype}")
    x = x.detach().requires_grad_()
    with mode(module, training=False), torch.enable_grad():
        y = module(x)
        if channel is not None:
            y = y[:, channel : channel + 1]
        if position is not None:
            y = y[:, :, position[0], position[1]]
        (gradient,) = torch.autograd.grad(y.sum(), x)
    return gradient


def gradient_map(module: nn.Module, x: Tensor, *, position: tuple[int, int] | None = None) -> Tensor:
    """Return how strongly each pixel of an input acts on the outputs: the receptive field of one, or of all.

    Args:
        module: as in `input_gradient`, like the others.
        x: (N, C, H, W), of a floating dtype.
        position: row and column of the outputs that are meant; None for all.

    Returns:
        (H, W): the absolute gradient, averaged over pictures and channels.

    Raises:
        TypeError: if ``x`` is of no floating dtype.
        ValueError: if ``x`` is not of that shape, or is empty.

    >>> gradient_map(nn.AvgPool2d(2), torch.zeros(1, 3, 4, 4)).unique().tolist()
    [0.25]
    """
    return input_gradient(module, x, position=position).abs().mean(dim=(0, 1))
