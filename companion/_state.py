"""Contexts that leave torch's random numbers, its threads, its autocast and a model's modes as they were."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn

# torch's default random generator, which fills new weights and drops units out, belongs to the process and
# not to the thread. Two tasks in one process would draw from each other's numbers, so they take turns: a
# lock around the weights alone would leave dropout to chance. Processes run side by side, threads do not.
_TURN = threading.RLock()


@contextmanager
def alone(seed: int) -> Iterator[None]:
    """Hold torch's random numbers, started from ``seed``, and one thread; leave both as they were."""
    with _TURN:
        state, threads = torch.get_rng_state(), torch.get_num_threads()
        torch.default_generator.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_rng_state(state)


@contextmanager
def mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Put every module in training or evaluation mode, then each back into the mode it had."""
    before = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, was_training in before.items():
            module.training = was_training


def autocast_dtype(tensor: Tensor) -> torch.dtype:
    """Return the dtype in which a product of torch takes a tensor: its own, or that of ``torch.autocast``.

    As there, float64 and what is not floating stay what they are.

    >>> x = torch.zeros(2)
    >>> with torch.autocast("cpu", dtype=torch.bfloat16):
    ...     autocast_dtype(x), autocast_dtype(x.double()), autocast_dtype(x.bool())
    (torch.bfloat16, torch.float64, torch.bool)
    """
    casts = tensor.is_floating_point() and tensor.dtype != torch.float64 and _is_autocast(tensor.device.type)
    return torch.get_autocast_dtype(tensor.device.type) if casts else tensor.dtype


def as_autocast(tensor: Tensor) -> Tensor:
    """Return a tensor in the dtype in which a product of torch takes it; itself if it has that already."""
    dtype = autocast_dtype(tensor)
    return tensor if tensor.dtype == dtype else tensor.to(dtype)


def no_autocast(tensor: Tensor) -> AbstractContextManager:
    """Compute in the dtypes given, whatever ``torch.autocast`` says for the device of this tensor."""
    device = tensor.device.type
    return torch.autocast(device, enabled=False) if _is_autocast(device) else nullcontext()


def _is_autocast(device: str) -> bool:
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
