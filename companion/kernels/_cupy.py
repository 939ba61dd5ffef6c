"""Run the kernels on a GPU, through CuPy: for its own arrays, and for torch's CUDA tensors without a copy.

CuPy is imported at the first launch, and not before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch

from companion.kernels._source import FILE, alone
from companion.kernels._variants import VARIANTS, Device, Variant

_CPU_WAY = "On a CPU, give torch tensors that lie there, or NumPy arrays, which the emulator runs"


def unavailable_reason() -> str | None:
    """Return why there can be no launch on a GPU here, in one sentence, or None if there can."""
    try:
        import cupy
    except ImportError:
        return f"CuPy is not installed, so no kernel can run on a GPU (pip install cupy-cuda13x). {_CPU_WAY}."
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"CuPy finds no GPU to run kernels on ({error}). {_CPU_WAY}."
    return None if count else f"CuPy finds no GPU to run kernels on. {_CPU_WAY}."


class Gpu:
    """The backend of the launcher that runs on a GPU.

    Raises:
        RuntimeError: if there is none, saying what to do instead.
    """

    def __init__(self):
        if reason := unavailable_reason():
            raise RuntimeError(reason)

    def device(self, array) -> Device:
        """Return what the choice of a variant depends on."""
        return _device(_index(array))

    def kernel(self, variant: Variant, array):
        """Return the compiled kernel, for the device of ``array``."""
        return _kernel(variant.name, _index(array))

    def empty(self, shape: tuple[int, ...], like):
        """Return a new array from the memory pool of its library."""
        import cupy

        if isinstance(like, torch.Tensor):
            return like.new_empty(shape)
        with like.device:
            return cupy.empty(shape, like.dtype)

    def address(self, array) -> int:
        """Return where the first number lies, in the GPU's memory."""
        return array.data_ptr() if isinstance(array, torch.Tensor) else array.data.ptr

    @contextmanager
    def current(self, array) -> Iterator[None]:
        """Launch on the device of ``array``: on torch's current stream for a tensor, else on CuPy's."""
        import cupy

        index = _index(array)
        with cupy.cuda.Device(index):
            if not isinstance(array, torch.Tensor):
                yield
                return
            stream = torch.cuda.current_stream(index)
            if hasattr(cupy.cuda.Stream, "from_external") and hasattr(stream, "__cuda_stream__"):
                external = cupy.cuda.Stream.from_external(stream)
            else:  # an older CuPy or torch
                external = cupy.cuda.ExternalStream(stream.cuda_stream, index)
            with external:
                yield

    def finish(self, array) -> None:
        """Leave the result alone: the GPU may still be at work on it."""


def _index(array) -> int:
    return array.device.index if isinstance(array, torch.Tensor) else array.device.id


@cache
def _device(index: int) -> Device:
    import cupy

    device = cupy.cuda.Device(index)
    capability = device.compute_capability  # "90" is 9.0, "120" is 12.0
    return Device(
        processors=device.attributes["MultiProcessorCount"],
        shared_memory=device.attributes["MaxSharedMemoryPerBlockOptin"],
        capability=(int(capability[:-1]), int(capability[-1])),
    )


@cache
def _kernel(name: str, index: int):
    """Compile a variant and load it to a device: all that a CUDA graph must find done when it is captured."""
    import cupy

    variant = VARIANTS[name]
    module = cupy.RawModule(
        code=f'#line 1 "{FILE}"\n{alone(variant.step)}',  # so that messages name the file and its lines
        options=("--std=c++17",),
        name_expressions=(variant.expression,),
    )
    with cupy.cuda.Device(index):
        kernel = module.get_function(variant.expression)
        # Beyond 48 KiB a kernel must ask. Asking also loads it.
        kernel.max_dynamic_shared_size_bytes = variant.shared_memory
    return kernel
