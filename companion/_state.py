"""Contexts that leave torch's random numbers, its threads and a model's modes as they were."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

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
