"""The zero convolution, and a trained block with a trainable copy that zero convolutions join to it.

Zhang, Rao and Agrawala, "Adding Conditional Control to Text-to-Image Diffusion Models", arXiv 2302.05543,
section 3.1.
"""

import copy
from collections.abc import Callable

from torch import Tensor, fx, nn

from companion import _checks


class ZeroConv(nn.Conv2d):
    """A 1x1 convolution whose weight and bias, and so its output, are zero at first.

    It learns nevertheless: the gradient with respect to the weight depends on the input and not on the weight.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        bias: whether each output channel has a bias.

    Shape:
        (N, in_channels, H, W) -> (N, out_channels, H, W)

    Raises:
        TypeError: if a count is not an int, or ``bias`` not a bool.
        ValueError: if a count is below one.

    >>> import torch
    >>> layer, x = ZeroConv(3, 2, bias=False), torch.ones(1, 3, 4, 5)
    >>> layer(x).sum().backward()
    >>> bool(layer(x).any()), layer.weight.grad.flatten(1).tolist()
    (False, [[20.0, 20.0, 20.0], [20.0, 20.0, 20.0]])
    """

    def __init__(self, in_channels: int, out_channels: int, *, bias: bool = True):
        _checks.integer("in_channels", in_channels)
        _checks.integer("out_channels", out_channels)
        _checks.flag("bias", bias)
        super().__init__(in_channels, out_channels, kernel_size=1, bias=bias)

    def reset_parameters(self) -> None:
        """Set weight and bias to zero; ``nn.Conv2d`` calls this when it is built."""
        nn.init.zeros_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class Controlled(nn.Module):
    """A trained block, locked, with a trainable copy beside it that reads a hint: equation 2 of the paper.

    ``y = block(x) + leave(copy(x + enter(hint)))``, where ``enter`` and ``leave`` are zero convolutions. At first
    this is ``block(x)``, to the last bit. The block given is not copied: it is used, and locked in place (its
    parameters no longer require a gradient, and it stays in evaluation mode).

    Args:
        block: maps (N, in_channels, H, W) to (N, out_channels, H', W').
        in_channels: channels that the block reads.
        out_channels: channels that the block returns.
        hint_channels: channels of the hint.
        connect: builds ``enter`` and ``leave`` from a number of input and of output channels.

    Shape:
        (N, in_channels, H, W) and (N, hint_channels, H, W) -> (N, out_channels, H', W')

    Raises:
        TypeError: if a count is not an int.
        ValueError: if a count is below one.
    """

    def __init__(
        self,
        block: nn.Module,
        in_channels: int,
        out_channels: int,
        hint_channels: int,
        *,
        connect: Callable[[int, int], nn.Module] = ZeroConv,
    ):
        super().__init__()
        self.in_channels = _checks.integer("in_channels", in_channels)
        _checks.integer("out_channels", out_channels)
        _checks.integer("hint_channels", hint_channels)
        self.copy = copy.deepcopy(block)
        self.copy.requires_grad_(True)
        self.block = block.requires_grad_(False).eval()
        self.enter = connect(hint_channels, in_channels)
        self.leave = connect(out_channels, out_channels)

    def train(self, mode: bool = True) -> "Controlled":
        """Set the mode of all but the locked block, which stays in evaluation mode."""
        super().train(mode)
        self.block.eval()
        return self

    def forward(self, x: Tensor, hint: Tensor) -> Tensor:
        _check_pair(x, hint, self.in_channels)
        return self.block(x) + self.leave(self.copy(x + self.enter(hint)))  # (N, out_channels, H', W')


@fx.wrap  # checked when a traced module runs
def _check_pair(x: Tensor, hint: Tensor, in_channels: int) -> None:
    """Refuse a sum that would stretch one picture, channel or pixel over many without a word."""
    _checks.tensor("x", x, "(N, C, H, W)")
    _checks.tensor("hint", hint, "(N, C, H, W)")
    if x.shape[1] != in_channels:
        raise ValueError(f"x must have in_channels = {in_channels} channels, got {x.shape[1]}")
    if hint.shape[0] != x.shape[0] or hint.shape[2:] != x.shape[2:]:
        wanted = f"({x.shape[0]}, C, {x.shape[2]}, {x.shape[3]})"
        raise ValueError(f"hint must have shape {wanted}, as x, got {tuple(hint.shape)}")
