"""Count what a module costs, layer by layer."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from companion._checks import integer
from companion.cost._table import CostTable, LayerCost
from companion.cost._trace import Tally, trace


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
        weights=weights,
        biases=others if has_matrix else 0,
        affine=0 if has_matrix else others,
        macs=tally.macs,
        bytes_read=tally.bytes_read,
        bytes_written=tally.bytes_written,
    )
