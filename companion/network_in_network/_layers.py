"""The layers of Network In Network, and the classifier that global average pooling replaced.

Lin et al., "Network In Network", arXiv 1312.4400, sections 3.1 and 3.2.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from companion import _checks


class MlpConv(nn.Module):
    """A k x k convolution and 1x1 convolutions, each with an activation: one small network for every patch.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the last 1x1 convolution.
        kernel_size: height and width of the first convolution.
        hidden_channels: channels of the convolutions before the last one, the k x k convolution first. If not
            given, two layers of ``out_channels``, which makes three layers, as in the paper. With none, ``()``,
            the layer is a plain convolution.
        stride: of the first convolution.
        padding: of the first convolution. If not given, ``kernel_size // 2``, which needs an odd kernel and keeps
            H and W at stride 1.
        norm_layer: type of the normalisation before each activation; the convolutions then have no bias.
        act_layer: type of the activation.
        last_activation: whether the last convolution has an activation, and a normalisation if there are any.
            Without, it gives plain weighted sums: the scores of a classifier.

    Shape:
        (N, in_channels, H, W) -> (N, out_channels, H', W'), as ``nn.Conv2d`` has it

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if a count is below one, or ``kernel_size`` is even and ``padding`` not given.

    The first layer of the paper's network for CIFAR-10:

    >>> [tuple(p.shape) for p in MlpConv(3, 96, 5, hidden_channels=(192, 160)).parameters() if p.dim() > 1]
    [(192, 3, 5, 5), (160, 192, 1, 1), (96, 160, 1, 1)]
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        hidden_channels: Sequence[int] | None = None,
        stride: int = 1,
        padding: int | None = None,
        norm_layer: type[nn.Module] | None = None,
        act_layer: type[nn.Module] = nn.ReLU,
        last_activation: bool = True,
    ):
        super().__init__()
        _checks.integer("in_channels", in_channels)
        _checks.integer("out_channels", out_channels)
        _checks.integer("kernel_size", kernel_size)
        _checks.integer("stride", stride)
        _checks.flag("last_activation", last_activation)
        if hidden_channels is None:
            hidden_channels = (out_channels, out_channels)
        _checks.each_integer("hidden_channels", hidden_channels)
        if padding is None:
            if kernel_size % 2 == 0:
                raise ValueError(f"padding must be given for an even kernel_size, got kernel_size={kernel_size}")
            padding = kernel_size // 2
        _checks.integer("padding", padding, at_least=0)
        shape = {"kernel_size": kernel_size, "stride": stride, "padding": padding}
        self.layers = nn.Sequential()
        for i, width in enumerate([*hidden_channels, out_channels]):
            bare = i == len(hidden_channels) and not last_activation
            norm = [] if bare or norm_layer is None else [norm_layer(width)]
            act = [] if bare else [act_layer()]
            self.layers.extend([nn.Conv2d(in_channels, width, **shape, bias=not norm), *norm, *act])
            in_channels, shape = width, {"kernel_size": 1}  # from the second layer on

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)  # (N, out_channels, H', W')


class GlobalAveragePooling(nn.Module):
    """The mean of each map; with one map per class, these are the scores. No weights, any H and W.

    Shape:
        (N, C, H, W) -> (N, C)
    """

    def forward(self, x: Tensor) -> Tensor:
        _checks.tensor("x", x, "(N, C, H, W)")
        return x.mean(dim=(2, 3))  # (N, C)


class FullyConnectedHead(nn.Module):
    """The classifier that global average pooling replaced: flatten, a hidden layer, dropout, the scores.

    Args:
        in_channels: C of the maps.
        size: height and width of the maps, an int or two ints: this head takes no other size.
        num_classes: number of scores K.
        hidden_features: width of the hidden layer.
        dropout: share of the hidden values set to zero in training, as in ``nn.Dropout``.

    Shape:
        (N, C, H, W) -> (N, K)

    Raises:
        TypeError: if a count is not an int.
        ValueError: if a count is below one or ``dropout`` not between 0 and 1.
    """

    def __init__(
        self,
        in_channels: int,
        size: int | tuple[int, int],
        num_classes: int,
        *,
        hidden_features: int,
        dropout: float = 0.0,
    ):
        _checks.integer("in_channels", in_channels)
        height, width = _checks.pair("size", size)
        _checks.integer("num_classes", num_classes)
        _checks.integer("hidden_features", hidden_features)
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(in_channels * height * width, hidden_features),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_features, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)  # (N, num_classes)
