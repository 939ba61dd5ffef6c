"""Run a module on shapes alone and note what each of its layers did.

The module itself is not run. A copy is, whose tensors live on torch's ``meta`` device: they have shapes and no
data, so that neither a weight is copied nor an activation allocated.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode  # the one way that torch has to see its operators

from companion.cost import _products
from companion.cost._shadow import META, on_one_device, shadow, tensors_in, without_data

aten = torch.ops.aten
CONVOLUTIONS = (
    *(nn.Conv1d, nn.Conv2d, nn.Conv3d),
    *(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
)


@dataclass
class Tally:
    """What one module did in one run of the whole, its children's work left out."""

    calls: int = 0
    output_shape: tuple[int, ...] | None = None
    macs: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    convolutions: set[tuple[tuple[int, ...], int]] = field(default_factory=set)  # (kernel_size, groups)
    channels_read: set[int] = field(default_factory=set)  # by each output channel of a convolution
    uncounted: dict[str, None] = field(default_factory=dict)  # names of operators, in the order of their calls


class _ValuesError(RuntimeError):
    """The module asks for what tensors without data can't give."""


def trace(module: nn.Module, inputs: tuple, kwargs: dict, given: str) -> dict[str, Tally]:
    """Run a copy of ``module`` without data, in evaluation mode; return a tally for each module in it, by name.

    Args:
        module: any module.
        inputs: what its ``forward`` is called with; of tensors, shape and dtype are used.
        kwargs: likewise, by name.
        given: the inputs in words, for messages.

    Raises:
        TypeError: if an input or a parameter is complex.
        ValueError: if the module can't be copied or watched, a layer refuses its input, or shapes do not suffice;
            the message names the layer.
    """
    if any(tensor.is_complex() for tensor in [*tensors_in((inputs, kwargs)), *module.parameters()]):
        raise TypeError("module and input must be real, got complex numbers, of which one product is several MACs")
    copied, hooked = shadow(module)
    tracer = _Tracer(copied)
    for name in hooked:
        tracer.tallies[name].uncounted["forward hooks"] = None
    # Whatever forward makes is to be without data too, and what it draws at random is to leave no trace.
    with torch.no_grad(), torch.random.fork_rng(devices=[]), META, _Functions(tracer), tracer:
        try:
            inputs, kwargs = without_data((inputs, kwargs))
            copied.eval()(*inputs, **kwargs)
        except RecursionError as error:
            raise ValueError(
                "module must be nested less deeply: Python's recursion limit ends its forward"
            ) from error
        except Exception as error:  # whatever the classes of the module raise
            name, layer, shapes = tracer.running[-1] if tracer.running else ("", module, [])
            what = layer if is_leaf(layer) else type(layer).__name__
            where = f"layer {name!r}, {what}, was given {', '.join(map(str, shapes))}: " if name else ""
            if isinstance(error, _ValuesError) or re.search("meta device|no rule registered", str(error)):
                problem = f"module must be one that runs on shapes alone, got {type(module).__name__}"
            else:
                problem = f"{given} does not fit {type(module).__name__}"
            raise ValueError(f"{problem}: {where}{str(error) or type(error).__name__}") from error
    return tracer.tallies


class _Tracer(TorchDispatchMode):
    """Sees every operation of torch and books it on the innermost module that is running."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.tallies: dict[str, Tally] = {}
        self.running: list[tuple[str, nn.Module, list]] = []  # (name, module, shapes given), outermost first
        self.computed = False  # whether the innermost module has done more than view its input in another shape
        for name, layer in module.named_modules():
            self.tallies[name] = Tally()
            layer.register_forward_pre_hook(partial(self._enter, name), with_kwargs=True, prepend=True)
            layer.register_forward_hook(partial(self._leave, name), with_kwargs=True)

    def _enter(self, name, layer, args, kwargs):
        shapes = [tuple(tensor.shape) for tensor in tensors_in((args, kwargs))]
        self.running.append((name, layer, shapes))
        self.computed = False
        if isinstance(layer, CONVOLUTIONS) and len(shapes[0]) != len(layer.kernel_size) + 2:
            # torch itself would take (C, H, W) for a batch of one.
            raise ValueError(f"its input must have {len(layer.kernel_size) + 2} axes, the batch first")

    def _leave(self, name, layer, args, kwargs, output):
        while self.running.pop()[0] != name:  # what has raised an error that forward caught
            pass
        tally = self.tallies[name]
        written = list(tensors_in(output))
        tally.calls += 1
        tally.output_shape = tuple(written[0].shape) if written else None
        if self.computed and is_leaf(layer):
            tally.bytes_read += _bytes([*tensors_in((args, kwargs)), *layer.parameters()])
            tally.bytes_written += _bytes(written)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        operator = func.overloadpacket
        args, kwargs = on_one_device(args, kwargs or {})
        macs = _products.formula(operator)
        if torch.is_inference_mode_enabled() and macs is None:
            with self:  # a Linear arrives whole in this mode, and has to be taken apart to be counted
                output = func.decompose(*args, **kwargs)
            if output is not NotImplemented:
                return output
        output = _run(func, operator, args, kwargs)
        if self.running:
            self.computed |= not func.is_view
            tally = self.tallies[self.running[-1][0]]
            count = None if macs is None else macs(args, kwargs, output)
            if count is not None:
                self.book(count, (args, kwargs), output)
            elif _products.is_uncounted(operator) and any(True for _ in tensors_in(output)):
                tally.uncounted[str(operator)] = None
            if operator is aten.convolution:
                weight, transposed, groups = args[1], args[6], args[8]
                tally.convolutions.add((tuple(weight.shape[2:]), groups))
                tally.channels_read.add(len(weight) // groups if transposed else weight.shape[1])
        return output

    def book(self, macs, operands, output):
        """Add a product to what the innermost module has done. One complex MAC is four real ones."""
        name, layer, _ = self.running[-1]
        tally = self.tallies[name]
        tally.macs += macs * (4 if any(tensor.is_complex() for tensor in tensors_in(output)) else 1)
        if not is_leaf(layer):
            tally.bytes_read += _bytes(tensors_in(operands))
            tally.bytes_written += _bytes(tensors_in(output))


class _Functions(TorchFunctionMode):
    """Sees the few functions that torch's operators do not show for what they are."""

    def __init__(self, tracer: _Tracer):
        super().__init__()
        self.tracer = tracer

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in (Tensor.tolist, Tensor.numpy, Tensor.__array__) and args[0].is_meta:
            raise _ValuesError(f"Tensor.{func.__name__} {_ASKS}")
        output = func(*args, **(kwargs or {}))
        if func is torch.linalg.vecdot and output.dim() and self.tracer.running:  # to torch, a product and a sum
            vectors = list(tensors_in((args, kwargs)))[:2]
            macs = math.prod(torch.broadcast_shapes(*(v.shape for v in vectors)))
            self.tracer.book(macs, vectors, output)
        return output


_ASKS = "asks for the values of a tensor, and there are shapes alone"


def _run(func, operator, args, kwargs):
    """Let torch find the shape of an operator's result; say so where it can't."""
    if operator is aten.convolution:
        _check_kernel(*args)
    try:
        return func(*args, **kwargs)
    except (NotImplementedError, RuntimeError) as error:
        if {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape} & set(func.tags):
            raise _ValuesError(f"{operator} {_ASKS}") from error
        if isinstance(error, NotImplementedError):
            raise _ValuesError(f"{operator} has no kernel for shapes alone") from error
        raise


def _check_kernel(x, weight, bias, stride, padding, dilation, transposed, *_):
    """Refuse a kernel larger than its input on either side, for which torch may return an empty result."""
    extent = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=False)]
    padded = [n + 2 * p for n, p in zip(x.shape[2:], padding, strict=False)]
    if not transposed and any(e > n for e, n in zip(extent, padded, strict=False)):
        raise RuntimeError(f"Kernel size {extent} can't be greater than the padded input size {padded}")


def is_leaf(module: nn.Module) -> bool:
    """Whether a module has no submodules."""
    return next(module.children(), None) is None


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors)
