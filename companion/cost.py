"""What a layer costs: weights, multiply-accumulates (MACs) and bytes, by formula and by counting.

The formulas of a convolution and of a linear layer are written out in `conv2d` and `linear`. `count` takes any
module and counts what it does, layer by layer. The two agree to the last unit.

Conventions, the same for both:

* One MAC is one multiplication and the addition that goes with it. FLOPs, where they are named, are 2 x MACs.
* MACs are those of convolutions and of products of matrices or vectors, attention included; ``nn.Bilinear`` is
  the one layer of torch left out. Multiplications with padded zeros are counted, as in the papers. Biases,
  normalisations, activations, poolings and products element by element (a gate) have no MACs.
* A layer reads its input and its parameters once and writes its output once. Nothing is assumed to wait in a
  cache from one layer to the next.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from companion._checks import flag, integer, pair
from companion._cost_table import Cost, CostTable, Layer
from companion._counting import Tally, trace

__all__ = ["Cost", "CostTable", "Layer", "conv2d", "count", "linear"]


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


def count(module: nn.Module, input_size: tuple[int, ...], *, dtype: torch.dtype | None = None) -> CostTable:
    """Return the cost of a module, a row a layer, by running a copy of it that holds shapes and no data.

    The copy runs in evaluation mode. ``module`` is neither run nor changed, and no activation is allocated,
    whatever its size. The first call of a process takes about a second more, while torch loads what it needs
    to compute shapes alone.

    A row stands for every module without submodules, and for every other module that has parameters of its own
    or that multiplies by itself, with ``torch.einsum`` or ``torch.nn.functional.conv2d`` for example. So no MAC
    and no parameter is missed, and the rows add up to the total:

    * A layer that is called twice has its MACs and bytes counted twice, its parameters once.
    * Parameters that two layers share are counted in the first of them.
    * A layer that is never called keeps its row, for its parameters.
    * A layer that only passes its input on, or views it in another shape, moves no byte (``nn.Identity``,
      ``nn.Flatten``, ``nn.Dropout`` in evaluation mode).
    * Of a module with submodules, the bytes are the operands and results of its own products. Other functions
      called in its ``forward``, such as ``torch.relu`` or a sum, have no row, and their bytes are not counted.
    * In a layer with a parameter of two or more axes, those are its weights and the others its biases; in any
      other, and in ``nn.LayerNorm`` and ``nn.RMSNorm``, all parameters are affine.

    Args:
        module: any module whose ``forward`` takes one tensor.
        input_size: shape of that tensor, batch first: (N, C, H, W) for images. N may be 0.
        dtype: its dtype; by default that of the module's first floating-point parameter, or torch's default.

    Raises:
        TypeError: if ``module`` is no module or complex, or ``input_size`` no sequence of ints.
        ValueError: if a size is out of range, a lazy layer has no shape yet, ``module`` is a ScriptModule or can't
            be copied, or a layer refuses its input or asks for values, of which there are none.

    >>> block = nn.Sequential(nn.Conv2d(8, 4, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
    >>> count(block, (1, 8, 2, 2)).total
    Cost(weights=32, biases=0, affine=8, macs=128, bytes_read=416, bytes_written=192)
    """
    if not isinstance(module, nn.Module):
        given = f"the class {module.__name__}" if isinstance(module, type) else type(module).__name__
        raise TypeError(f"module must be a torch.nn.Module, got {given}")
    input_size = _input_size(input_size)
    lazy = [name for name, p in [*module.named_parameters(), *module.named_buffers()] if is_lazy(p)]
    if lazy:
        raise ValueError(
            f"module must have been run once, so that its lazy layers have shapes, got lazy {lazy[0]!r}"
        )
    if dtype is None:
        dtype = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.get_default_dtype())

    tallies = trace(module, input_size, dtype)
    seen: set[nn.Parameter] = set()
    rows = []
    for name, layer in module.named_modules():
        tally, own = tallies[name], list(layer.parameters(recurse=False))
        if own or tally.bytes_read or not any(layer.children()):
            rows.append(_row(name, layer, tally, seen))
            seen.update(own)
    return CostTable(tuple(rows), caption=f"{type(module).__name__}, input {input_size}")


def _input_size(value: object) -> tuple[int, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"input_size must be a sequence of ints, got {type(value).__name__}")
    if not value:
        raise ValueError("input_size must have at least one axis, got ()")
    return tuple(integer(f"input_size[{i}]", n, at_least=min(i, 1)) for i, n in enumerate(value))


def _row(name: str, layer: nn.Module, tally: Tally, seen: set[nn.Parameter]) -> Layer:
    """Put the parameters that no earlier row has, sorted, beside what the layer did."""
    own = list(layer.parameters(recurse=False))
    has_matrix = any(p.dim() >= 2 for p in own) and not isinstance(layer, nn.LayerNorm | nn.RMSNorm)
    weights = sum(p.numel() for p in own if p not in seen and has_matrix and p.dim() >= 2)
    others = sum(p.numel() for p in own if p not in seen) - weights
    kernel_size, groups = next(iter(tally.convolutions)) if len(tally.convolutions) == 1 else (None, None)
    return Layer(
        name=name,
        kind=type(layer).__name__,
        output_shape=tally.output_shape,
        calls=tally.calls,
        kernel_size=kernel_size,
        groups=groups,
        weights=weights,
        biases=others if has_matrix else 0,
        affine=0 if has_matrix else others,
        macs=tally.macs,
        bytes_read=tally.bytes_read,
        bytes_written=tally.bytes_written,
    )
