"""Register the kernels with torch as ``companion::pointwise_conv``, with gradients, for eager and compiled code.

On a CPU the operator is a plain matrix product of torch. Under precision "tf32" it first rounds the operands as
a tensor core does, so that a CPU shows what that precision costs; for arrays of sixteen bits it adds in float32.
"""

import math

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import functional as F
from torch.utils.flop_counter import register_flop_formula

from companion._state import as_autocast, no_autocast
from companion.kernels._arguments import ACTIVATIONS, check_arrays, check_options
from companion.kernels._cupy import Gpu
from companion.kernels._launch import given, launch

NAME = "companion::pointwise_conv"


def _check(arrays: dict[str, Tensor], activation: str | None, precision: str, variant: str | None) -> None:
    check_options(activation, precision, variant)
    # float64 is for checks of gradients, on a CPU: there is no kernel for it.
    check_arrays(arrays, precision, more=() if arrays["x"].device.type == "cuda" else ("float64",))


@torch.library.custom_op(NAME, mutates_args=(), device_types="cpu")
def operator(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    residual: Tensor | None,
    activation: str | None,
    precision: str,
    variant: str | None,
) -> Tensor:
    """Compute ``pointwise_conv`` for tensors on a CPU."""
    arrays = given(x, weight, bias, residual)
    _check(arrays, activation, precision, variant)
    if precision == "tf32":
        x, weight = round_to_tf32(x), round_to_tf32(weight)
    with no_autocast(x):
        return _formula(x, weight, bias, residual, activation)


def _formula(x: Tensor, weight: Tensor, bias: Tensor | None, residual: Tensor | None, activation: str | None):
    if (dtype := x.dtype).itemsize == 2:  # sums are float32, and what is written is rounded once
        wide = (None if array is None else array.float() for array in (x, weight, bias, residual))
        return _formula(*wide, activation).to(dtype)
    columns, matrix = x.flatten(2), weight.flatten(1)  # (N, C_in, H*W), (C_out, C_in)
    y = torch.bmm(matrix.expand(x.shape[0], *matrix.shape), columns).unflatten(2, x.shape[2:])
    if bias is not None:
        y = y + bias[:, None, None]
    if residual is not None:
        y = y + residual
    return y if activation is None else {"relu": F.relu, "relu6": F.relu6}[activation](y)


def is_transformed(arrays: dict[str, Tensor]) -> bool:
    """Whether ``torch.func`` or forward-mode differentiation is at work: no operator of ours has rules for them."""
    if torch._C._functorch.get_dynamic_layer_stack_depth():
        return True
    if torch.compiler.is_compiling():
        return False
    return any(
        isinstance(array, Tensor) and forward_ad.unpack_dual(array)[1] is not None for array in arrays.values()
    )


def transformed(x, weight, bias, residual, activation, precision, variant) -> Tensor:
    """Compute ``pointwise_conv`` by torch's own operations, which all have rules for every transformation.

    Raises:
        ValueError: for precision "tf32", whose rounding has no derivative.
    """
    arrays = given(x, weight, bias, residual)
    _check(arrays, activation, precision, variant)
    if precision != "ieee":
        raise ValueError(f"precision must be 'ieee' under torch.func and forward-mode autograd, got {precision!r}")
    with no_autocast(x):
        return _formula(x, weight, bias, residual, activation)


def under_autocast(arrays: dict[str, Tensor], precision: str) -> dict[str, Tensor]:
    """Return the tensors as ``torch.autocast`` wants them, if it is on and the precision is "ieee".

    They go the way of torch's convolutions; float64 and what is not floating are left alone, as they are there.
    """
    if precision != "ieee" or not isinstance(arrays["x"], Tensor):  # a model that is traced has no tensors yet
        return arrays
    return {name: as_autocast(array) for name, array in arrays.items()}


@operator.register_kernel("cuda")
def _on_gpu(x, weight, bias, residual, activation, precision, variant):
    arrays = {name: array.detach() for name, array in given(x, weight, bias, residual).items()}
    return launch(Gpu(), arrays, activation=activation, precision=precision, variant=variant)


@operator.register_fake
def _shape_only(x, weight, bias, residual, activation, precision, variant):
    _check(given(x, weight, bias, residual), activation, precision, variant)
    return x.new_empty((x.shape[0], weight.shape[0], *x.shape[2:]))


@register_flop_formula(torch.ops.companion.pointwise_conv)
def _flops(x_shape, weight_shape, *_, out_shape, **__):
    return 2 * math.prod(out_shape) * x_shape[1]


def _save(ctx, inputs, output):
    x, weight, bias, residual, activation, precision, _ = inputs
    ctx.save_for_backward(x, weight, output if activation else None)
    ctx.given = bias is not None, residual is not None
    ctx.activation, ctx.precision = activation, precision


def _backward(ctx, grad_y):
    x, weight, y = ctx.saved_tensors
    low, high = ACTIVATIONS[ctx.activation]
    if not math.isinf(low):  # where the clamp has cut, nothing changes; comparisons let NaN pass, as in torch
        cut = y <= low if math.isinf(high) else (y <= low) | (y >= high)
        grad_y = grad_y.masked_fill(cut, 0)
    grad_x = grad_weight = grad_bias = None
    if ctx.needs_input_grad[0]:  # the same kind of layer, with the matrix transposed
        back = weight.flatten(1).t().contiguous()
        grad_x = operator(grad_y.contiguous(), back, None, None, None, ctx.precision, None)
    if ctx.needs_input_grad[1]:
        with no_autocast(x):
            grad_weight = torch.einsum("nohw,nchw->oc", grad_y, x).reshape(weight.shape)
    if ctx.given[0] and ctx.needs_input_grad[2]:
        grad_bias = grad_y.sum((0, 2, 3))
    grad_residual = grad_y if ctx.given[1] else None
    return grad_x, grad_weight, grad_bias, grad_residual, None, None, None


operator.register_autograd(_backward, setup_context=_save)


def round_to_tf32(x: Tensor) -> Tensor:
    """Round float32 to the 10 bits after the point that TF32 has, to nearest, ties away from zero.

    >>> round_to_tf32(torch.tensor([1 + 2**-10, 1 + 2**-11, 1 + 2**-12])).sub(1).mul(2**10).tolist()
    [1.0, 1.0, 0.0]
    """
    bits = x.contiguous().view(torch.int32)
    rounded = ((bits + 0x1000) & ~0x1FFF).view(torch.float32)
    return torch.where(x.isfinite(), rounded, x)
