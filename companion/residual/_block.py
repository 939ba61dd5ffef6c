"""ResNet's basic block (He et al., arXiv 1512.03385, section 3.2 and figure 2)."""

from torch import Tensor, nn

from companion import _checks
from companion.residual._shortcuts import OPTIONS, Shortcut


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
        _checks.integers(in_channels=in_channels, out_channels=out_channels, stride=stride)
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
