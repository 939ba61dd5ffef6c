"""Compile the kernels for a GPU without having one, and ask the compiler what it made of them.

NVRTC is NVIDIA's compiler as a library; it needs no driver. It comes with the package
``nvidia-cuda-nvrtc``, and is found through ``cuda.pathfinder``, which comes with CuPy.
"""

import ctypes
import re
from dataclasses import dataclass
from functools import cache

from companion.kernels._source import FILE, alone
from companion.kernels._variants import Variant

ARCHITECTURES = ("sm_80", "sm_86", "sm_89", "sm_90", "sm_100")
OPTIONS = ("--std=c++17", "--ftz=true")  # as CuPy compiles


@dataclass(frozen=True)
class Binary:
    """A kernel in the machine's own language, and what one thread or block of it needs.

    Attributes:
        symbol: the kernel's mangled name.
        architecture: the GPU it is for, such as "sm_90".
        registers: 32-bit registers of a thread.
        spilled: bytes a thread stores to memory because registers ran out.
        shared_memory: bytes of static shared memory of a block.
        cubin: the binary.
    """

    symbol: str
    architecture: str
    registers: int
    spilled: int
    shared_memory: int
    cubin: bytes


@cache
def _library() -> ctypes.CDLL:
    from cuda.pathfinder import load_nvidia_dynamic_lib

    return ctypes.CDLL(load_nvidia_dynamic_lib("nvrtc").abs_path)


@cache
def unavailable_reason() -> str | None:
    """Return why NVRTC can't be used here, in one sentence, or None if it can."""
    try:
        _library()
    except (ImportError, OSError, RuntimeError) as error:
        return f"NVRTC is not installed (pip install nvidia-cuda-nvrtc): {str(error).splitlines()[0]}"
    return None


def compile_variant(variant: Variant, architecture: str = "sm_90", *, code: str | None = None) -> Binary:
    """Compile one variant.

    Args:
        variant: an entry of ``VARIANTS``.
        architecture: "sm_80" and so on.
        code: the source; None for ``source()``.

    Raises:
        RuntimeError: with the compiler's own messages, if it refuses; or if NVRTC isn't there.
    """
    if reason := unavailable_reason():
        raise RuntimeError(reason)
    nvrtc, program = _library(), ctypes.c_void_p()

    def read(what: str) -> bytes:
        count = ctypes.c_size_t()  # of bytes
        getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(count))
        text = ctypes.create_string_buffer(count.value)
        getattr(nvrtc, f"nvrtcGet{what}")(program, text)
        return text.raw

    text, expression = alone(variant.step, code).encode(), variant.expression.encode()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, FILE.encode(), 0, None, None)
    try:
        nvrtc.nvrtcAddNameExpression(program, expression)
        options = [f"--gpu-architecture={architecture}", "--ptxas-options=-v", *OPTIONS]
        encoded = (ctypes.c_char_p * len(options))(*map(str.encode, options))
        failed = nvrtc.nvrtcCompileProgram(program, len(options), encoded)
        log = read("ProgramLog").rstrip(b"\0").decode()
        if failed:
            raise RuntimeError(f"NVRTC refuses {variant.expression} for {architecture}:\n{log}")
        name = ctypes.c_char_p()
        nvrtc.nvrtcGetLoweredName(program, expression, ctypes.byref(name))
        return _binary(name.value.decode(), architecture, read("CUBIN"), log)
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def _binary(symbol: str, architecture: str, cubin: bytes, log: str) -> Binary:
    report = log[log.index(f"Compiling entry function '{symbol}'") :].split("Compile time")[0]

    def number(pattern: str) -> int:
        found = re.search(pattern, report)
        return int(found[1]) if found else 0

    return Binary(
        symbol,
        architecture,
        registers=number(r"Used (\d+) registers"),
        spilled=number(r"(\d+) bytes spill stores"),
        shared_memory=number(r"(\d+) bytes smem"),
        cubin=cubin,
    )
