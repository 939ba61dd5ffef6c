"""The 1x1 (pointwise) convolution, written in every way that gives the same numbers.

A 1x1 convolution multiplies the vector of channels of each pixel by one matrix, the same for all pixels::

    y[n, o, i, j] = bias[o] + sum over c of weight[o, c] * x[n, c, i, j]

All functions of ``FORMS`` take x (N, C_in, H, W), weight (C_out, C_in) and bias (C_out,) or None, and return
(N, C_out, H, W). The layer comes from Lin et al., "Network In Network", arXiv 1312.4400, section 3.1, which
also calls it "cascaded cross channel parametric pooling".
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from functools import wraps
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import skip_init

from companion import _checks

Form = Callable[..., Tensor]


def _check(x: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    """Refuse what the forms would otherwise treat differently from one another."""
    _checks.tensor("x", x, "(N, C_in, H, W)")
    if isinstance(weight, Tensor) and weight.dim() == 4 and tuple(weight.shape[2:]) != (1, 1):
        raise ValueError(f"weight must be a 1x1 kernel, got kernel_size {tuple(weight.shape[2:])}")
    _checks.tensor("weight", weight, "(C_out, C_in)")
    if weight.shape[1] != x.shape[1]:
        raise ValueError(f"weight must have C_in = {x.shape[1]} columns, as x has channels, got {weight.shape[1]}")
    given = {"x": x, "weight": weight}
    if bias is not None:
        _checks.tensor("bias", bias, "(C_out,)")
        if bias.shape[0] != weight.shape[0]:
            raise ValueError(f"bias must have C_out = {weight.shape[0]} values, got {bias.shape[0]}")
        given["bias"] = bias
    for attribute in ("dtype", "device"):
        values = {name: getattr(tensor, attribute) for name, tensor in given.items()}
        if len(set(values.values())) > 1:
            raise TypeError(f"all arguments must share one {attribute}, got {values}")
    if not x.is_floating_point():
        raise TypeError(f"x must be of a floating dtype, got {x.dtype}")


def _form(function: Form) -> Form:
    """Check the arguments; hand empty tensors, which some backends refuse, to a matrix product."""

    @wraps(function)
    def form(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        _check(x, weight, bias)
        if 0 in (*x.shape, *weight.shape):
            return matmul.__wrapped__(x, weight, bias)
        return function(x, weight, bias)

    return form


def _add_bias(y: Tensor, bias: Tensor | None) -> Tensor:
    return y if bias is None else y + bias[:, None, None]  # (C_out, 1, 1) against (N, C_out, H, W)


@_form
def definition(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Loop over every output value, slow and beyond doubt."""
    batch, in_channels, height, width = x.shape
    values = []
    for n in range(batch):
        for o in range(weight.shape[0]):
            for i in range(height):
                for j in range(width):
                    value = x.new_zeros(()) if bias is None else bias[o]
                    for c in range(in_channels):
                        value = value + weight[o, c] * x[n, c, i, j]
                    values.append(value)
    return torch.stack(values).reshape(batch, weight.shape[0], height, width)


@_form
def weighted_maps(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Add up the input maps, each times one number per output map."""
    y = x.new_zeros(x.shape[0], weight.shape[0], *x.shape[2:])
    for c in range(x.shape[1]):
        y = y + weight[:, c, None, None] * x[:, c : c + 1]  # (C_out, 1, 1) * (N, 1, H, W)
    return _add_bias(y, bias)


@_form
def einsum(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Say it with indices."""
    return _add_bias(torch.einsum("oc,nchw->nohw", weight, x), bias)


@_form
def matmul(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply a matrix by the pixels of each picture, written as columns."""
    y = weight @ x.flatten(2)  # (C_out, C_in) @ (N, C_in, H*W)
    return _add_bias(y.unflatten(2, x.shape[2:]), bias)


@_form
def tensordot(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Sum over the channel axis of both tensors."""
    y = torch.tensordot(weight, x, dims=([1], [1]))  # (C_out, N, H, W)
    return _add_bias(y.movedim(0, 1), bias)


@_form
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Give each pixel to one fully connected layer: channels go last, and back."""
    return F.linear(x.movedim(1, -1), weight, bias).movedim(-1, 1)  # on (N, H, W, C_in)


@_form
def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve with kernels of height and width one."""
    return F.conv2d(x, weight[:, :, None, None], bias)


@_form
def conv1d(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Forget the rows: the pixels of a picture as one long line."""
    return F.conv1d(x.flatten(2), weight[:, :, None], bias).unflatten(2, x.shape[2:])


@_form
def unfold(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Cut out patches and multiply (im2col); a 1x1 patch is the pixel."""
    patches = F.unfold(x, kernel_size=1)  # (N, C_in * 1 * 1, H*W)
    return _add_bias((weight @ patches).unflatten(2, x.shape[2:]), bias)


@_form
def conv_transpose2d(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve backwards, with the matrix transposed."""
    return F.conv_transpose2d(x, weight.T[:, :, None, None], bias)


_ALL = (
    definition,
    weighted_maps,
    einsum,
    matmul,
    tensordot,
    linear,
    conv2d,
    conv1d,
    unfold,
    conv_transpose2d,
)
FORMS: Mapping[str, Form] = MappingProxyType({form.__name__: form for form in _ALL})


def strided(x: Tensor, weight: Tensor, bias: Tensor | None = None, *, stride: int, form: Form = conv2d) -> Tensor:
    """Apply a form with a stride: a 1x1 kernel never sees the pixels in between, so drop them first.

    Args:
        x: (N, C_in, H, W).
        weight: (C_out, C_in).
        bias: (C_out,) or None.
        stride: step in both directions, at least 1.
        form: one of ``FORMS``.

    Returns:
        (N, C_out, ceil(H / stride), ceil(W / stride)).

    Raises:
        TypeError: if ``stride`` is no int, or as the form does.
        ValueError: if ``stride`` is below one, or as the form does.
    """
    stride = _checks.integer("stride", stride)
    _checks.tensor("x", x, "(N, C_in, H, W)")
    return form(x[:, :, ::stride, ::stride], weight, bias)


def block_diagonal(weight: Tensor, groups: int) -> Tensor:
    """Write a grouped 1x1 convolution as the matrix that it is, zeros included.

    Args:
        weight: (C_out, C_in / groups), the weight of a grouped ``nn.Conv2d`` without its two last axes.
        groups: number of groups, a divisor of C_out.

    Returns:
        (C_out, C_in): blocks on the diagonal, exact zeros elsewhere.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if ``weight`` is no matrix, or ``groups`` is below one or does not divide C_out.

    >>> block_diagonal(torch.ones(4, 1), groups=2).tolist()
    [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    """
    _checks.tensor("weight", weight, "(C_out, C_in / groups)")
    groups = _checks.integer("groups", groups)
    if weight.shape[0] % groups:
        raise ValueError(f"groups must divide C_out, got groups={groups} and C_out={weight.shape[0]}")
    return torch.block_diag(*weight.chunk(groups))


@dataclass(frozen=True)
class Agreement:
    """How far one form lies from the definition, output and gradients.

    Each number is the largest absolute difference, divided by the largest absolute value of the reference unless
    that is 0. It is NaN where either holds a NaN.
    """

    output: float
    grad_x: float
    grad_weight: float
    grad_bias: float

    @property
    def worst(self) -> float:
        """The largest of the four; NaN if any is."""
        numbers = astuple(self)
        return math.nan if any(map(math.isnan, numbers)) else max(numbers)


def compare(x: Tensor, weight: Tensor, bias: Tensor) -> dict[str, Agreement]:
    """Hold every form of ``FORMS`` against the definition, computed in float64.

    Args:
        x: (N, C_in, H, W), in the dtype and memory format to be tested; small, as the definition is slow.
        weight: (C_out, C_in).
        bias: (C_out,).

    Returns:
        An ``Agreement`` for each form, in the order of ``FORMS``.

    Raises:
        TypeError: if an argument is no tensor, or dtypes or devices differ.
        ValueError: if shapes don't fit each other, or one is empty.
    """
    _checks.tensor("bias", bias, "(C_out,)")  # None would leave one gradient out
    _check(x, weight, bias)
    if 0 in (*x.shape, *weight.shape):
        raise ValueError(f"x and weight must not be empty, got shapes {tuple(x.shape)} and {tuple(weight.shape)}")
    direction = torch.Generator().manual_seed(0)
    shape = (x.shape[0], weight.shape[0], *x.shape[2:])
    grad_y = torch.randn(shape, generator=direction, dtype=torch.float64).to(x.device)  # (N, C_out, H, W)

    def run(form: Form, dtype: torch.dtype) -> list[Tensor]:
        inputs = [tensor.detach().to(dtype).requires_grad_() for tensor in (x, weight, bias)]
        with torch.enable_grad():
            y = form(*inputs)
            return [y.detach(), *torch.autograd.grad(y, inputs, grad_y.to(dtype))]

    def distance(ours: Tensor, reference: Tensor) -> float:
        difference, scale = (ours.double() - reference).abs().max(), reference.abs().max()
        return (difference / scale if scale else difference).item()

    wanted = run(definition, torch.float64)
    return {name: Agreement(*map(distance, run(form, x.dtype), wanted)) for name, form in FORMS.items()}


def as_conv2d(weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """Return the 1x1 convolution with a copy of this matrix (C_out, C_in) and bias; draw no random numbers."""
    out_channels, in_channels = weight.shape
    kind = {"dtype": weight.dtype, "device": weight.device}
    conv = skip_init(nn.Conv2d, in_channels, out_channels, kernel_size=1, bias=bias is not None, **kind)
    with torch.no_grad():
        conv.weight.copy_(weight[:, :, None, None])
        if bias is not None:
            conv.bias.copy_(bias)
    return conv
