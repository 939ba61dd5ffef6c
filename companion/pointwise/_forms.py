"""Ten ways to compute a 1x1 convolution."""

from collections.abc import Callable, Mapping
from functools import wraps
from operator import attrgetter
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, fx

from companion import _checks
from companion._state import as_autocast, autocast_dtype

Form = Callable[..., Tensor]
_listed: dict[str, Form] = {}
FORMS: Mapping[str, Form] = MappingProxyType(_listed)


def check(x: Tensor, weight: Tensor, bias: Tensor | None) -> None:
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
    for attribute, read in (("dtype", autocast_dtype), ("device", attrgetter("device"))):
        if len(set(map(read, given.values()))) > 1:
            values = {name: getattr(tensor, attribute) for name, tensor in given.items()}
            raise TypeError(f"all arguments must share one {attribute}, got {values}")
    if not x.is_floating_point():
        raise TypeError(f"x must be of a floating dtype, got {x.dtype}")


def _form(function: Form) -> Form:
    """List a form under its name, as a function that checks its arguments first."""
    name = function.__name__

    @wraps(function)
    def form(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return _checked(name, x, weight, bias)

    _listed[name] = form
    return form


@fx.wrap  # one node of a traced module: there are no sizes before it runs
def _checked(name: str, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Compute a form; leave empty arguments, which some backends refuse, to `matmul`."""
    check(x, weight, bias)
    x, weight, bias = (tensor if tensor is None else as_autocast(tensor) for tensor in (x, weight, bias))
    chosen = "matmul" if 0 in (*x.shape, *weight.shape) else name
    return _listed[chosen].__wrapped__(x, weight, bias)


def add_bias(y: Tensor, bias: Tensor | None) -> Tensor:
    """Return y (N, C_out, H, W) plus a bias (C_out,), or y itself if there is none."""
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
    return add_bias(y, bias)


@_form
def einsum(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Say it with indices."""
    return add_bias(torch.einsum("oc,nchw->nohw", weight, x), bias)


@_form
def matmul(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply a matrix by the pixels of each picture, written as columns."""
    y = weight @ x.flatten(2)  # (C_out, C_in) @ (N, C_in, H*W)
    return add_bias(y.unflatten(2, x.shape[2:]), bias)


@_form
def tensordot(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Sum over the channel axis of both tensors."""
    y = torch.tensordot(weight, x, dims=([1], [1]))  # (C_out, N, H, W)
    return add_bias(y.movedim(0, 1), bias)


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
    return add_bias((weight @ patches).unflatten(2, x.shape[2:]), bias)


@_form
def conv_transpose2d(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve backwards, with the matrix transposed."""
    return F.conv_transpose2d(x, weight.T[:, :, None, None], bias)
