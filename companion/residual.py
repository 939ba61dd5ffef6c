"""Residual blocks and their shortcuts: what carries the input around a block, and what it leaves behind.

He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385: the basic block is that of section
3.2 and figure 2; options A, B and C for the shortcuts are compared in section 4.1 and table 3. The shortcut
with an average pooling is that of ResNet-D (He et al., "Bag of Tricks for Image Classification with Convolutional
Neural Networks", arXiv 1812.01187, section 4.2).

Every kind of shortcut is built from ``(in_channels, out_channels, stride, norm_layer=...)`` and maps
(N, in_channels, H, W) to (N, out_channels, ceil(H / stride), ceil(W / stride)).
"""

import torch
from torch import Tensor, nn

from companion import _checks
from companion._shortcuts import (
    OPTIONS,
    AveragePoolProjection,
    Identity,
    Projection,
    Shortcut,
    ZeroPad,
    fits,
    where_needed,
)
from companion._state import mode

__all__ = [
    "OPTIONS",
    "AveragePoolProjection",
    "BasicBlock",
    "Identity",
    "Projection",
    "ZeroPad",
    "gradient_map",
    "where_needed",
]


class BasicBlock(nn.Module):
    """ResNet's basic block: two 3x3 convolutions, and around them a shortcut, added before the last activation.

    Args:
        in_channels: channels of the input.
        out_channels: channels of both convolutions and of the output.
        stride: stride of the first convolution and of the shortcut.
        shortcut: what builds the shortcut; option B by default. None builds a plain block, to which nothing is
            added.
        norm_layer: type of the normalisation after each convolution, built from its number of channels.
        act_layer: type of the activation.

    Shape:
        (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))

    Raises:
        TypeError: if a count or ``stride`` is not an int.
        ValueError: if one is below one, or the shortcut can't match the shapes.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        shortcut: Shortcut | None = OPTIONS["B"],
        norm_layer: type[nn.Module] = nn.BatchNorm2d,
        act_layer: type[nn.Module] = nn.ReLU,
    ):
        super().__init__()
        fits(in_channels, out_channels, stride)
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=stride, padding=1, bias=False),
            norm_layer(out_channels),
            act_layer(),
            nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False),
            norm_layer(out_channels),
        )
        self.shortcut = None
        if shortcut is not None:
            self.shortcut = shortcut(in_channels, out_channels, stride, norm_layer=norm_layer)
        self.activation = act_layer()

    def forward(self, x: Tensor) -> Tensor:
        y = self.residual(x)  # (N, out_channels, H', W')
        if self.shortcut is not None:
            y = y + self.shortcut(x)
        return self.activation(y)


def gradient_map(module: nn.Module, x: Tensor) -> Tensor:
    """Return how strongly each pixel of an input acts on the sum of a module's outputs.

    Where the map is 0 the module does not read the pixel. The module runs in evaluation mode (in training mode a
    batch normalisation returns the same sum whatever comes in) and is left as it was.

    Args:
        module: maps (N, C, H, W) to a tensor; its weights should be random, so that nothing cancels.
        x: (N, C, H, W), of a floating dtype.

    Returns:
        (H, W): the absolute gradient, averaged over pictures and channels.

    Raises:
        TypeError: if ``x`` is of no floating dtype.
        ValueError: if ``x`` is not of that shape, or is empty.

    >>> gradient_map(nn.AvgPool2d(2), torch.zeros(1, 3, 4, 4)).unique().tolist()
    [0.25]
    """
    if _checks.tensor("x", x, "(N, C, H, W)").numel() == 0:
        raise ValueError(f"x must not be empty, got shape {tuple(x.shape)}")
    if not x.is_floating_point():
        raise TypeError(f"x must be of a floating dtype, got {x.dtype}")
    x = x.detach().requires_grad_()
    with mode(module, training=False), torch.enable_grad():
        (gradient,) = torch.autograd.grad(module(x).sum(), x)
    return gradient.abs().mean(dim=(0, 1))  # (H, W)
