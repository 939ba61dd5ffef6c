"""Compile ahead and side by side what is to be timed: else a GPU waits minutes for one compiler after another.

What is compiled stays in the folders that CuPy, Triton and PyTorch keep for it, where whoever times finds it.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch

from benchmarks._contestants import contestants, operands
from companion.kernels import VARIANTS, NetworkLayer

COMPILERS = ("Triton", "torch.compile")  # the contestants that have one
MOST_PROCESSES = 12  # each holds a layer's arrays in the GPU's memory, up to 5 GB


def kernel(name: str) -> None:
    """Compile one variant of the kernels, and load it."""
    import cupy

    from companion.kernels._cupy import _kernel

    _kernel(name, cupy.cuda.Device().id)


def rivals(layer: NetworkLayer, batch: int, dtype: torch.dtype, compiled: bool) -> None:
    """Compile a layer for those contestants that compile.

    Args:
        layer: the layer.
        batch: number of images.
        dtype: what the arrays hold.
        compiled: whether torch.compile takes part.
    """
    for contestant in contestants(*operands(layer, batch, "cuda", dtype=dtype), compiled=compiled):
        if contestant.name in COMPILERS:
            contestant.run()


def side_by_side(function: Callable, arguments: Iterable[tuple], *, processes: int | None = None) -> list[str]:
    """Call a function in processes of their own, and return the errors: who can't be compiled fails again later."""
    count = processes or min(MOST_PROCESSES, os.cpu_count() or 1)
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(function, *given) for given in arguments]
        return [str(error)[:200] for error in (done.exception() for done in waiting) if error]


def all_kernels() -> list[str]:
    """Compile all variants of the kernels."""
    return side_by_side(kernel, ((name,) for name in VARIANTS))
