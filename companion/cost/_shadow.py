"""A copy of a module, or of what it is called with, in which every tensor has a shape and no data."""

import copy
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

META = torch.device("meta")


class _Emptied(TorchFunctionMode):
    """Lets ``copy.deepcopy`` copy the tensors it meets, wherever they are kept, to the meta device."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is Tensor.__deepcopy__:
            tensor, memo = args
            memo[id(tensor)] = emptied = _without_data(tensor)
            vars(emptied).update(copy.deepcopy(vars(tensor), memo))
            return emptied
        if func is Tensor.clone:  # how nn.Parameter copies itself
            return _without_data(args[0])
        return func(*args, **(kwargs or {}))


def _without_data(tensor: Tensor) -> Tensor:
    return tensor.detach().to(META).requires_grad_(tensor.requires_grad)


def without_data(value: Any) -> Any:
    """Return a deep copy of ``value`` on the meta device, in which shared tensors are still shared."""
    with _Emptied():
        return copy.deepcopy(value)


def shadow(module: nn.Module) -> tuple[nn.Module, list[str]]:
    """Return a copy of ``module`` on the meta device, and the names of the modules whose hooks it leaves out.

    The hooks that torch itself has set, for weight normalisation or pruning say, are part of the copy. Those of
    others are not, since they may keep what they see.

    Raises:
        ValueError: if a module in it can't be copied, or can't be watched by hooks.
    """
    memo: dict[int, Any] = {}
    hooked = []
    with _Emptied():
        for name, layer in reversed(list(module.named_modules())):  # children first: no copy is deep
            where = f" as layer {name!r}" if name else ""
            if isinstance(layer, torch.jit.ScriptModule):  # takes no hooks
                raise ValueError(f"module must be plain Python, got a {type(layer).__name__}{where}")
            if isinstance(layer, nn.parallel.DistributedDataParallel):
                raise ValueError(f"module must be the network that DistributedDataParallel holds, got that{where}")
            try:
                if _copy_hooks(layer, memo):
                    hooked.append(name)
                copied = copy.deepcopy(layer, memo)
            except Exception as error:  # whatever the classes of the module raise
                given = f"{type(module).__name__}: {type(layer).__name__}{where}: {error}"
                raise ValueError(f"module must be one that can be copied, got {given}") from error
            if copied is layer:
                raise ValueError(f"module must be one that can be copied, got {type(layer).__name__}{where}")
    return memo[id(module)], hooked


def _copy_hooks(layer: nn.Module, memo: dict[int, Any]) -> bool:
    """Put into ``memo`` the hooks that the copy is to have; return whether it lacks one that runs on calls."""
    lacks = False
    for kind, hooks in vars(layer).items():
        if kind.endswith("_hooks") and isinstance(hooks, dict):
            kept = {key: hook for key, hook in hooks.items() if _is_of_torch(hook)}
            lacks |= len(kept) < len(hooks) and "_forward_" in kind
            memo[id(hooks)] = OrderedDict()
            memo[id(hooks)].update(copy.deepcopy(kept, memo))
    return lacks


def _is_of_torch(hook: object) -> bool:
    return str(getattr(hook, "__module__", "")).split(".")[0] == "torch"


def on_one_device(args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """Drop the data of operands, such as a tensor in a closure, that meet operands without."""
    if any(tensor.is_meta for tensor in tensors_in((args, kwargs))):
        args, kwargs = _emptied(args), _emptied(kwargs)
        if kwargs.get("device") is not None:  # x.to("cuda") stays where it is
            kwargs["device"] = META
    return args, kwargs


def _emptied(tree):
    if isinstance(tree, Tensor):
        return tree if tree.is_meta else tree.detach().to(META)
    if isinstance(tree, dict):
        return {key: _emptied(value) for key, value in tree.items()}
    return type(tree)(map(_emptied, tree)) if type(tree) in (list, tuple) else tree


def tensors_in(tree: object) -> Iterator[Tensor]:
    """Yield the tensors in lists, tuples and dicts, however deep."""
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, Mapping | list | tuple):
        for value in tree.values() if isinstance(tree, Mapping) else tree:
            yield from tensors_in(value)
