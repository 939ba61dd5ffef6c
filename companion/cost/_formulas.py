"""What a convolution and a linear layer cost, by formula."""

from companion._checks import flag, integer, pair
from companion.cost._table import Cost


def conv2d(
    in_channels: int,
    out_channels: int,
    kernel_size: int | tuple[int, int],
    *,
    size: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] | str = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
    bias: bool = True,
    batch: int = 1,
    bytes_per_element: int = 4,
) -> Cost:
    """Return the cost of a 2-D convolution, by formula.

    Args:
        in_channels: C_in.
        out_channels: C_out.
        kernel_size: (k_h, k_w), or one int for both.
        size: height and width (H, W) of the input, or one int for both. Without it the cost is that of one
            output position, where every weight is used once: macs = weights.
        stride: as in ``torch.nn.Conv2d``, like the next three.
        padding: an int, two ints, "valid" or "same".
        dilation: distance between neighbouring taps of the kernel.
        groups: number of groups, each with its own share of the channels.
        bias: whether each output channel has a bias.
        batch: number of images N; 0 is allowed and costs no MAC.
        bytes_per_element: 4 for float32, 2 for float16.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if an argument is out of range, ``groups`` does not divide the channels, the kernel does not
            fit into the padded input, or padding is "same" with a stride.

    >>> conv2d(256, 32, 5, size=28, padding=2, bias=False).macs
    160563200
    >>> through_1x1 = [conv2d(256, 16, 1, size=28, bias=False), conv2d(16, 32, 5, size=28, padding=2, bias=False)]
    >>> sum(through_1x1).macs
    13246464
    """
    in_channels, out_channels = integer("in_channels", in_channels), integer("out_channels", out_channels)
    groups, batch = integer("groups", groups), integer("batch", batch, at_least=0)
    bytes_per_element = integer("bytes_per_element", bytes_per_element)
    if in_channels % groups or out_channels % groups:
        raise ValueError(
            f"groups must divide in_channels and out_channels, got groups={groups}, "
            f"in_channels={in_channels} and out_channels={out_channels}"
        )
    k_h, k_w = pair("kernel_size", kernel_size)
    (h, w), (h_out, w_out) = _sizes(size, (k_h, k_w), stride, padding, dilation)

    weights = out_channels * (in_channels // groups) * k_h * k_w
    biases = out_channels if flag("bias", bias) else 0
    return Cost(
        weights=weights,
        biases=biases,
        macs=batch * h_out * w_out * weights,
        bytes_read=bytes_per_element * (batch * in_channels * h * w + weights + biases),
        bytes_written=bytes_per_element * (batch * out_channels * h_out * w_out),
    )


def linear(
    in_features: int, out_features: int, *, bias: bool = True, batch: int = 1, bytes_per_element: int = 4
) -> Cost:
    """Return the cost of a linear layer, by formula.

    Args:
        in_features: length of each input vector.
        out_features: length of each output vector.
        bias: whether each output has a bias.
        batch: number of vectors; for a map (N, C, H, W) seen pixel by pixel, N * H * W.
        bytes_per_element: 4 for float32, 2 for float16.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if an argument is out of range.

    The 1x1 convolution costs what the linear layer costs at every pixel:

    >>> linear(256, 64, batch=28 * 28) == conv2d(256, 64, 1, size=28)
    True
    """
    in_features, out_features = integer("in_features", in_features), integer("out_features", out_features)
    batch = integer("batch", batch, at_least=0)
    bytes_per_element = integer("bytes_per_element", bytes_per_element)

    weights = out_features * in_features
    biases = out_features if flag("bias", bias) else 0
    return Cost(
        weights=weights,
        biases=biases,
        macs=batch * weights,
        bytes_read=bytes_per_element * (batch * in_features + weights + biases),
        bytes_written=bytes_per_element * (batch * out_features),
    )


def _sizes(size, kernel, stride, padding, dilation) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return height and width of a convolution's input and of its output."""
    stride, dilation = pair("stride", stride), pair("dilation", dilation)
    extent = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    if padding == "same":
        if stride != (1, 1):
            raise ValueError(f'padding="same" needs stride 1, got {stride}')
        total = tuple(e - 1 for e in extent)
    elif padding == "valid":
        total = (0, 0)
    elif isinstance(padding, str):
        raise ValueError(f'padding must be ints, "same" or "valid", got {padding!r}')
    else:
        total = tuple(2 * p for p in pair("padding", padding, at_least=0))
    if size is None:
        return extent, (1, 1)
    size = pair("size", size)
    padded = tuple(s + t for s, t in zip(size, total, strict=True))
    if any(e > p for e, p in zip(extent, padded, strict=True)):
        raise ValueError(f"kernel_size must fit into the padded input {padded}, got an extent of {extent}")
    return size, tuple((p - e) // s + 1 for p, e, s in zip(padded, extent, stride, strict=True))
