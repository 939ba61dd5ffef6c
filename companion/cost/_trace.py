"""Run a module on shapes alone and note what each of its layers did.

The module itself is not run. A copy is, whose tensors live on torch's ``meta`` device: they have shapes and no
data, so that neither a weight is copied nor an activation allocated.
"""

import copy
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

aten = torch.ops.aten

# FLOPs of every convolution and product of matrices, by torch's own formulas; it has none for these last three.
_FLOPS = {
    **flop_registry,
    aten.mv: lambda matrix, vector, **_: 2 * matrix.numel(),
    aten.addmv: lambda bias, matrix, vector, **_: 2 * matrix.numel(),
    aten.dot: lambda a, b, **_: 2 * a.numel(),
}


@dataclass
class Tally:
    """What one module did in one run of the whole, its children's work left out."""

    calls: int = 0
    output_shape: tuple[int, ...] | None = None
    macs: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    convolutions: set[tuple[tuple[int, ...], int]] = field(default_factory=set)  # (kernel_size, groups)


def trace(module: nn.Module, input_size: tuple[int, ...], dtype: torch.dtype) -> dict[str, Tally]:
    """Run a copy of ``module`` without data, in evaluation mode; return a tally for each module in it, by name.

    Args:
        module: any module whose ``forward`` takes one tensor.
        input_size: the shape of that tensor.
        dtype: its dtype.

    Raises:
        TypeError: if the input or a parameter is complex.
        ValueError: if the module can't be copied or watched, or a layer refuses its input; the message names the
            layer.
    """
    if dtype.is_complex or any(parameter.is_complex() for parameter in module.parameters()):
        raise TypeError("module and input must be real, got complex numbers, of which one product is several MACs")
    shadow = _without_data(module).eval()
    tracer = _Tracer(shadow)
    x = torch.empty(input_size, dtype=dtype, device="meta")
    # Whatever forward makes is to be without data too, and what it draws at random is to leave no trace.
    with torch.no_grad(), torch.random.fork_rng(devices=[]), torch.device("meta"), tracer:
        try:
            shadow(x)
        except (RuntimeError, ValueError, IndexError) as error:
            name, layer, shapes = tracer.running[-1]
            what = layer if _is_leaf(layer) else type(layer).__name__
            where = f"layer {name!r}, {what}, was given {', '.join(map(str, shapes))}: " if name else ""
            raise ValueError(
                f"input_size {input_size} does not fit {type(module).__name__}: {where}{error}"
            ) from error
    return tracer.tallies


def _without_data(module: nn.Module) -> nn.Module:
    """Return a copy of ``module`` on the meta device, in which shared tensors are still shared."""
    for name, layer in module.named_modules():
        if isinstance(layer, torch.jit.ScriptModule):  # takes no hooks, so that nothing in it could be counted
            where = f" as layer {name!r}" if name else ""
            raise ValueError(f"module must be plain Python, got a {type(layer).__name__}{where}")
    tensors = [*module.parameters(), *module.buffers()]
    for layer in module.modules():
        tensors += [value for value in vars(layer).values() if isinstance(value, Tensor)]
    try:
        return copy.deepcopy(module, {id(tensor): tensor.detach().to("meta") for tensor in tensors})
    except Exception as error:  # whatever the classes of the module raise
        raise ValueError(f"module must be one that can be copied, got {type(module).__name__}: {error}") from error


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
        shapes = [tuple(tensor.shape) for tensor in _tensors((args, kwargs))]
        self.running.append((name, layer, shapes))
        self.computed = False
        if isinstance(layer, _ConvNd) and len(shapes[0]) != len(layer.kernel_size) + 2:
            # torch itself would take (C, H, W) for a batch of one.
            raise ValueError(f"its input must have {len(layer.kernel_size) + 2} axes, the batch first")

    def _leave(self, name, layer, args, kwargs, output):
        self.running.pop()
        tally = self.tallies[name]
        written = _tensors(output)
        tally.calls += 1
        tally.output_shape = tuple(written[0].shape) if written else None
        if self.computed and _is_leaf(layer):
            tally.bytes_read += _bytes([*_tensors((args, kwargs)), *layer.parameters()])
            tally.bytes_written += _bytes(written)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        packet = func.overloadpacket
        if torch.is_inference_mode_enabled() and packet not in _FLOPS:
            with self:  # a Linear arrives whole in this mode, and has to be taken apart to be counted
                output = func.decompose(*args, **kwargs)
            if output is not NotImplemented:
                return output
        output = func(*args, **kwargs)
        if self.running:
            self.computed |= not func.is_view
            if packet in _FLOPS:
                self._book(packet, args, kwargs, output)
        return output

    def _book(self, packet, args, kwargs, output):
        name, layer, _ = self.running[-1]
        tally = self.tallies[name]
        tally.macs += _FLOPS[packet](*args, **kwargs, out_val=output) // 2
        if packet is aten.convolution:
            tally.convolutions.add((tuple(args[1].shape[2:]), args[8]))
        if not _is_leaf(layer):
            tally.bytes_read += _bytes(_tensors((args, kwargs)))
            tally.bytes_written += _bytes(_tensors(output))


def _is_leaf(module: nn.Module) -> bool:
    return next(module.children(), None) is None


def _tensors(tree: object) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _bytes(tensors: list[Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors)
