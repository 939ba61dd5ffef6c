"""Run the kernels on any CPU: the same source through an ordinary C++ compiler, and a fiber for each CUDA thread.

It is for tests and for learning, not for speed. It shows wrong results, missing barriers, copies that nobody
waited for, and accesses out of bounds. It can't show what only hardware has: how many sectors an access touches,
conflicts of banks, speed, and the flushing of subnormal numbers.
"""

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from companion.kernels._arguments import family
from companion.kernels._launch import given, launch
from companion.kernels._source import source
from companion.kernels._variants import Device, Variant
from companion.kernels.emulator._build import build, compiler, unavailable_reason, unit
from companion.kernels.emulator._kernel import Kernel
from companion.kernels.emulator._sanitize import SANITIZERS, Report, sanitize

__all__ = ["SANITIZERS", "Emulator", "Kernel", "Report", "compiler", "sanitize", "unavailable_reason"]

_SENTINEL = {4: np.uint32(0xFE5295EC), 2: np.uint16(0xFE5A)}  # the bits of no result of ours, by size
_LEAST_BAND = 4096
_LIBRARY = ("-O1", "-fPIC", "-shared")


@dataclass(frozen=True)
class Emulator:
    """The backend of the launcher that runs on a CPU.

    Args:
        schedule: order in which the threads of a block take turns: "forward", "reversed", "interleaved"
            (one thread of each warp at a time), or an int, the seed of a new order after each barrier.
        early_copies: whether background copies land at once, rather than as late as they may.
        code: the source of the kernels; None for ``companion.kernels.source()``.

    A right kernel gives the same results under all of them.
    """

    schedule: str | int = "forward"
    early_copies: bool = False
    code: str | None = None

    def pointwise_conv(
        self, x, weight, bias=None, *, activation=None, residual=None, precision="ieee", variant=None
    ) -> np.ndarray:
        """Compute ``companion.kernels.pointwise_conv`` for NumPy arrays, here.

        Raises:
            RuntimeError: also if the kernel misbehaves: writes outside its output or leaves some of it unwritten,
                misuses a barrier, or asks for what no GPU has.
        """
        arrays = given(x, weight, bias, residual)
        if family(arrays) != "numpy":
            raise TypeError(f"the emulator takes NumPy arrays, got {type(x).__name__}")
        return launch(self, arrays, activation=activation, precision=precision, variant=variant)

    def device(self, array=None) -> Device:
        """Return the GPU that is stood in for, an H100."""
        return Device()

    def kernel(self, variant: Variant, array=None, *, blocks: range | None = None) -> Kernel:
        """Return a kernel to call as one of CuPy's.

        Args:
            variant: an entry of ``VARIANTS``.
            array: unused; the launcher names the array whose device is meant.
            blocks: numbers of the blocks to run; None for all.

        Raises:
            RuntimeError: if the compiler refuses the source, or there is none.
        """
        library = _library(source() if self.code is None else self.code, variant.expression)
        return Kernel(library, variant.name, schedule=self.schedule, early_copies=self.early_copies, blocks=blocks)

    def empty(self, shape: tuple[int, ...], like=None) -> np.ndarray:
        """Return a new array, of float32 or as ``like``, between two bands that no kernel should touch."""
        dtype = np.dtype(np.float32) if like is None else like.dtype
        count = math.prod(shape)
        band = max(_LEAST_BAND, -(-count // 8) * 8)  # a stray write may jump as far as the array is long
        sentinel = _SENTINEL[dtype.itemsize]
        memory = np.full(count + 2 * band, sentinel, sentinel.dtype).view(dtype)
        return memory[band : band + count].reshape(shape)

    def address(self, array: np.ndarray) -> int:
        """Return where the first number lies."""
        return array.ctypes.data

    def current(self, array=None) -> AbstractContextManager:
        """Return a context that does nothing: there is one CPU, and no stream."""
        return nullcontext()

    def finish(self, array: np.ndarray) -> None:
        """Refuse a result of which something was written outside, or not at all.

        Raises:
            RuntimeError: saying how many numbers.
        """
        sentinel = _SENTINEL[array.itemsize]
        memory = array.base.view(sentinel.dtype)  # with the bands of ``empty``
        band = (memory.size - array.size) // 2
        outside = np.count_nonzero(memory[:band] != sentinel) + np.count_nonzero(memory[-band:] != sentinel)
        if outside:
            raise RuntimeError(f"the kernel wrote {outside} numbers outside its output")
        missing = np.count_nonzero(array.view(sentinel.dtype) == sentinel)
        if missing:
            raise RuntimeError(f"the kernel left {missing} of {array.size} outputs unwritten")


@cache
def _library(code: str, expression: str) -> Path:
    return build(unit(code, expression), *_LIBRARY)
