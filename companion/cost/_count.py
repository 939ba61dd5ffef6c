"""Count what a module costs, layer by layer."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from companion._checks import integer
from companion.cost._shadow import tensors_in
from companion.cost._table import CostTable, LayerCost
from companion.cost._trace import Tally, is_leaf, trace


def count(
    module: nn.Module,
    input_size: tuple[int, ...] | None = None,
    *,
    dtype: torch.dtype | None = None,
    inputs: Sequence[Any] | None = None,
    kwargs: dict[str, Any] | None = None,
) -> CostTable:
    """Return the cost of a module, one row per layer, by running a copy of it that holds shapes and no data.

    The copy runs in evaluation mode. ``module`` is neither run nor changed, and no activation is allocated,
    whatever its size. The first call of a process takes about a second more, while torch loads what it needs
    to compute shapes alone. Hooks of your own are not run, since they may keep what they see.

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
    * What may multiply and has no formula is named as ``uncounted``: by the row, by the total and below the table.
      That is an operator of yours, a Fourier transform or the solution of equations, and your forward hooks.
      Register a formula with ``torch.utils.flop_counter.register_flop_formula``, and it is counted.
    * A complex product is four real ones, a complex convolution the three that torch makes of it.
    * In a layer with a parameter of two or more axes, those are its weights and the others its biases; in any
      other, and in ``nn.LayerNorm`` and ``nn.RMSNorm``, all parameters are affine.

    Args:
        module: any module that runs without looking at the values of its tensors.
        input_size: shape of the one tensor that its ``forward`` takes, batch first: (N, C, H, W) for images. N may
            be 0.
        dtype: its dtype; by default that of the module's first floating-point parameter, or torch's default.
        inputs: in place of ``input_size``, what ``forward`` takes: tensors, or anything that holds some. Their
            shapes and dtypes are used, not their values; they may be on the meta device.
        kwargs: likewise, what it takes by name.

    Raises:
        TypeError: if ``module`` is not a module or is complex, or another argument is of the wrong kind.
        ValueError: if a size is out of range, a lazy layer has no shape yet, ``module`` is a ScriptModule or can't
            be copied, or a layer refuses its input, asks for values, of which there are none, or calls an operator
            that does not say what shape it returns.

    >>> block = nn.Sequential(nn.Conv2d(8, 4, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
    >>> count(block, (1, 8, 2, 2)).total
    Cost(weights=32, biases=0, affine=8, macs=128, bytes_read=416, bytes_written=192)
    >>> x, y = torch.empty(5, 2), torch.empty(5, 3)
    >>> count(nn.Bilinear(2, 3, 4), inputs=(x, y)).total.macs == 5 * (4 * 2 * 3 + 4 * 3)
    True
    """
    if not isinstance(module, nn.Module):
        given = f"the class {module.__name__}" if isinstance(module, type) else type(module).__name__
        raise TypeError(f"module must be a torch.nn.Module, got {given}")
    lazy = [name for name, p in [*module.named_parameters(), *module.named_buffers()] if is_lazy(p)]
    if lazy:
        raise ValueError(
            f"module must have been run once, so that its lazy layers have shapes, got lazy {lazy[0]!r}"
        )
    if inputs is None and kwargs is None:
        input_size = _input_size(input_size)
        args, named = (_input(module, input_size, dtype),), {}
        given, caption = f"input_size {input_size}", f"input {input_size}"
    else:
        args, named = _arguments(input_size, dtype, inputs, kwargs)
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors_in((args, named)))
        given, caption = f"inputs=({shapes})", f"inputs {shapes}"
    tallies = trace(module, args, named, given)
    seen: set[nn.Parameter] = set()
    rows = []
    for name, layer in module.named_modules():
        tally, own = tallies[name], list(layer.parameters(recurse=False))
        if own or tally.bytes_read or tally.uncounted or is_leaf(layer):
            rows.append(_row(name, layer, tally, seen))
            seen.update(own)
    return CostTable(tuple(rows), caption=f"{type(module).__name__}, {caption}")


def _input_size(value: object) -> tuple[int, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"input_size must be a sequence of ints, got {type(value).__name__}")
    if not value:
        raise ValueError("input_size must have at least one axis, got ()")
    return tuple(integer(f"input_size[{i}]", n, at_least=min(i, 1)) for i, n in enumerate(value))


def _input(module: nn.Module, size: tuple[int, ...], dtype: torch.dtype | None) -> Tensor:
    if dtype is None:
        dtype = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.get_default_dtype())
    if not isinstance(dtype, torch.dtype):
        raise TypeError(f"dtype must be a torch.dtype, got {type(dtype).__name__}")
    try:
        return torch.empty(size, dtype=dtype, device="meta")
    except (RuntimeError, TypeError, OverflowError) as error:  # by version of torch and by size
        raise ValueError(f"input_size must be that of fewer than 2**63 bytes, got {size}") from error


def _arguments(input_size, dtype, inputs, kwargs) -> tuple[tuple, dict]:
    if input_size is not None or dtype is not None:
        raise TypeError("input_size and dtype must be left out where inputs or kwargs are given")
    if not isinstance(inputs, list | tuple | None):
        raise TypeError(f"inputs must be a tuple of what forward takes, got {type(inputs).__name__}")
    if not isinstance(kwargs, dict | None):
        raise TypeError(f"kwargs must be a dict, got {type(kwargs).__name__}")
    return tuple(inputs or ()), kwargs or {}


def _row(name: str, layer: nn.Module, tally: Tally, seen: set[nn.Parameter]) -> LayerCost:
    """Put the parameters that no earlier row has, sorted, beside what the layer did."""
    own = list(layer.parameters(recurse=False))
    has_matrix = any(p.dim() >= 2 for p in own) and not isinstance(layer, nn.LayerNorm | nn.RMSNorm)
    weights = sum(p.numel() for p in own if p not in seen and has_matrix and p.dim() >= 2)
    others = sum(p.numel() for p in own if p not in seen) - weights
    kernel_size, groups = next(iter(tally.convolutions)) if len(tally.convolutions) == 1 else (None, None)
    return LayerCost(
        name=name,
        kind=type(layer).__name__,
        output_shape=tally.output_shape,
        calls=tally.calls,
        kernel_size=kernel_size,
        groups=groups,
        channels_read=next(iter(tally.channels_read)) if len(tally.channels_read) == 1 else None,
        weights=weights,
        biases=others if has_matrix else 0,
        affine=0 if has_matrix else others,
        macs=tally.macs,
        bytes_read=tally.bytes_read,
        bytes_written=tally.bytes_written,
        uncounted=tuple(tally.uncounted),
    )
