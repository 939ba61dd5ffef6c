"""How closely the forms agree, outputs and gradients."""

import math
from dataclasses import astuple, dataclass

import torch
from torch import Tensor

from companion import _checks
from companion.pointwise._forms import FORMS, Form, check, definition


@dataclass(frozen=True)
class Agreement:
    """How far the output and the gradients of one form differ from those of the definition.

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
    """Compare every form of ``FORMS``, outputs and gradients, with the definition in float64.

    Args:
        x: (N, C_in, H, W), in the dtype and memory format to be tested; small, as the definition is slow.
        weight: (C_out, C_in).
        bias: (C_out,).

    Returns:
        An ``Agreement`` for each form, in the order of ``FORMS``.

    Raises:
        TypeError: if an argument is not a tensor, or dtypes or devices differ.
        ValueError: if shapes don't fit each other, or one is empty.
    """
    _checks.tensor("bias", bias, "(C_out,)")  # None would leave one gradient out
    check(x, weight, bias)
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
