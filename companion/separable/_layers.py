"""The blocks of MobileNetV1 and V2, and the cost of the depthwise separable pair relative to a full convolution.

Howard et al., arXiv 1704.04861, section 3.1 and figure 3; Sandler et al., arXiv 1801.04381, section 3.3 and
table 1.
"""

from fractions import Fraction

from torch import Tensor, nn

from companion import _checks


def cost_ratio(out_channels: int, kernel_size: int, multiplier: int = 1) -> Fraction:
    """Return the cost of the separable pair as a share of the full convolution's: m * (1 / C_out + 1 / k^2).

    It holds for weights and, where the stride is 1 and the padding keeps H and W, for MACs; normalisation and
    biases are left out. With a stride it holds for MACs too, as long as the depthwise layer takes it. The number
    of input channels cancels.

    Args:
        out_channels: C_out.
        kernel_size: k, for a k x k kernel.
        multiplier: m, the number of depthwise kernels for each input channel.

    Returns:
        The exact share; above 1 where the pair costs more.

    Raises:
        TypeError: if an argument is not an int.
        ValueError: if an argument is below one.

    >>> cost_ratio(256, kernel_size=3)
    Fraction(265, 2304)
    >>> round(float(1 / cost_ratio(256, kernel_size=3)), 2)
    8.69
    """
    out_channels = _checks.integer("out_channels", out_channels)
    kernel_size = _checks.integer("kernel_size", kernel_size)
    multiplier = _checks.integer("multiplier", multiplier)
    return multiplier * (Fraction(1, out_channels) + Fraction(1, kernel_size**2))


class DepthwiseSeparable(nn.Module):
    """A depthwise k x k convolution, then a 1x1 convolution, each with normalisation and activation.

    With the defaults it is MobileNetV1's block. Without normalisation, activations and biases it is one full
    convolution, whose kernel ``compose`` gives.

    Args:
        in_channels: channels of the input; each has kernels of its own.
        out_channels: channels of the output.
        kernel_size: odd height and width of the depthwise kernels; with stride 1 the padding keeps H and W.
        stride: stride of the depthwise convolution.
        multiplier: number of depthwise kernels for each input channel.
        bias: whether both convolutions have biases; they add nothing before a normalisation.
        norm_layer: type of the normalisation after each convolution; ``nn.Identity`` for none.
        act_layer: type of the activation after each convolution; ``nn.Identity`` for none.
        middle_act_layer: type of the activation after the depthwise convolution, if another than ``act_layer``;
            Xception (arXiv 1610.02357, section 4.7) has none there.

    Shape:
        (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))

    Raises:
        TypeError: if a count is not an int, or ``bias`` not a bool.
        ValueError: if a count is below one or ``kernel_size`` is even.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        *,
        multiplier: int = 1,
        bias: bool = False,
        norm_layer: type[nn.Module] = nn.BatchNorm2d,
        act_layer: type[nn.Module] = nn.ReLU,
        middle_act_layer: type[nn.Module] | None = None,
    ):
        super().__init__()
        _checks.integer("in_channels", in_channels)
        _checks.integer("out_channels", out_channels)
        _checks.integer("stride", stride)
        _checks.flag("bias", bias)
        if _checks.integer("kernel_size", kernel_size) % 2 == 0:
            raise ValueError(f"kernel_size must be odd, so that all sides get the same padding, got {kernel_size}")
        middle = in_channels * _checks.integer("multiplier", multiplier)
        padding = kernel_size // 2
        self.depthwise = nn.Sequential(
            nn.Conv2d(in_channels, middle, kernel_size, stride, padding, groups=in_channels, bias=bias),
            norm_layer(middle),
            (middle_act_layer or act_layer)(),
        )
        self.pointwise = nn.Sequential(
            nn.Conv2d(middle, out_channels, kernel_size=1, bias=bias),
            norm_layer(out_channels),
            act_layer(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))  # (N, out_channels, H', W')


class InvertedResidual(nn.Module):
    """MobileNetV2's block: expand with 1x1, convolve depthwise, project with a linear 1x1, and add the input.

    Unlike in ResNet's bottleneck, the shortcut connects the narrow ends. The last 1x1 convolution has no
    activation. The input is added only where stride 1 and equal channels allow it; there is no projection. With
    ``expansion=1`` there is nothing to expand, and as in the usual implementations the first 1x1 is left out.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: stride of the depthwise convolution.
        expansion: the depthwise convolution works on this many times ``in_channels``.
        norm_layer: type of the normalisation after each convolution; ``nn.Identity`` for none.
        act_layer: type of the activation after the first two convolutions; ``nn.Identity`` for none.

    Shape:
        (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))

    Raises:
        TypeError: if a count is not an int.
        ValueError: if a count is below one.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        expansion: int = 6,
        *,
        norm_layer: type[nn.Module] = nn.BatchNorm2d,
        act_layer: type[nn.Module] = nn.ReLU6,
    ):
        super().__init__()
        _checks.integer("in_channels", in_channels)
        _checks.integer("out_channels", out_channels)
        _checks.integer("stride", stride)
        wide = in_channels * _checks.integer("expansion", expansion)
        self.expand = nn.Sequential()  # empty: the identity
        if expansion > 1:
            self.expand.append(nn.Conv2d(in_channels, wide, kernel_size=1, bias=False))
            self.expand.append(norm_layer(wide))
            self.expand.append(act_layer())
        self.depthwise = nn.Sequential(
            nn.Conv2d(wide, wide, 3, stride, padding=1, groups=wide, bias=False),
            norm_layer(wide),
            act_layer(),
        )
        self.project = nn.Sequential(
            nn.Conv2d(wide, out_channels, kernel_size=1, bias=False), norm_layer(out_channels)
        )
        self.adds_input = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.depthwise(self.expand(x)))  # (N, out_channels, H', W')
        return x + y if self.adds_input else y
