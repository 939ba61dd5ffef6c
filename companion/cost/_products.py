"""Which operators of torch multiply matrices, vectors or kernels, and how many MACs one call of them has."""

import math
import re
from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.flop_counter import flop_registry


def _rows_by_columns(left: Tensor, right: Tensor) -> int:
    """(…, M, K) times (…, K, N), with the same leading axes or none on the right."""
    return left.numel() * right.shape[-1]


def _grouped(left: Tensor, right: Tensor) -> int:
    """Groups of rows, of columns or of what is summed over: each is in one product, unless both are batches."""
    return math.prod(left.shape[-2:]) * right.shape[-1] * (len(left) if left.dim() == right.dim() == 3 else 1)


def _bag(weight: Tensor, indices: Tensor, *rest: object) -> int | None:
    """Sums of rows of the weight: products only where each row has a factor, `per_sample_weights`."""
    return indices.numel() * weight.shape[1] if rest[4:] and rest[4] is not None else None


# torch's own formulas are in flop_registry; these it lacks. `out` is the result.
_MACS = {
    "aten.mv": lambda out, matrix, vector: matrix.numel(),
    "aten.addmv": lambda out, bias, matrix, vector: matrix.numel(),
    "aten.dot": lambda out, a, b: a.numel(),
    "aten.vdot": lambda out, a, b: a.numel(),
    "aten.addr": lambda out, bias, a, b: out.numel(),
    "aten.addbmm": lambda out, bias, left, right: _rows_by_columns(left, right),
    "aten._addmm_activation": lambda out, bias, left, right: _rows_by_columns(left, right),
    "aten._int_mm": lambda out, left, right: _rows_by_columns(left, right),
    "aten._grouped_mm": lambda out, left, right, *offsets: _grouped(left, right),
    "aten.conv_tbc": lambda out, x, weight, *rest: out.numel() * math.prod(weight.shape[:2]),
    # nn.Bilinear: (N, I) times (O, I, J), and the result (N, O, J) times (N, J)
    "aten._trilinear": lambda out, x, weight, *rest: len(x) * (weight.numel() + math.prod(weight.shape[::2])),
    "aten._embedding_bag": lambda out, *args: _bag(*args),
    "aten._embedding_bag_forward_only": lambda out, *args: _bag(*args),
    # positions (N, H, W, 2), each a matrix (2, 3) times a place and a 1; one axis more in space
    "aten.affine_grid_generator": lambda out, matrix, *rest: out.numel() * matrix.shape[-1],
    "torchvision.deform_conv2d": lambda out, x, weight, *rest: out.numel() * weight[0].numel(),
}

# Operators of torch that multiply matrices or vectors, whether there is a formula for them or not.
_PRODUCT = re.compile(
    r"aten\.(\w*(mm|mv|dot)(_\w*)?|\w*conv(?!ert)\w*|\w*linear|\w*(attention|matmul|rnn|solve|dist)\w*"
    r"|_fft_\w+|_?linalg_(?!check|vector_norm|cross|_powsum)\w+|cholesky\w*|geqrf|ormqr|_transformer\w+)"
)


def formula(operator: object) -> Callable[[tuple, dict, object], int | None] | None:
    """Return what gives the MACs of a call, by its arguments and its result; ``None`` for an operator without.

    It gives ``None`` for a call that multiplies nothing.

    What is registered with ``torch.utils.flop_counter.register_flop_formula``, at whatever time, comes first. An
    operator that works in place has the formula of the one that does not.
    """
    name = str(operator)
    if name.startswith("aten.") and name.endswith("_") and operator not in flop_registry:
        name = name.removesuffix("_")
        operator = getattr(torch.ops.aten, name.removeprefix("aten."), None)
    if operator in flop_registry:
        return lambda args, kwargs, out: flop_registry[operator](*args, **kwargs, out_val=out) // 2
    if name in _MACS:
        return lambda args, kwargs, out: _MACS[name](out, *args)
    return None


def is_uncounted(operator: object) -> bool:
    """Whether an operator without a formula may multiply: one of torch's that does, or any that is not torch's."""
    name = str(operator)
    return bool(_PRODUCT.fullmatch(name)) if name.startswith("aten.") else not name.startswith("prims.")
