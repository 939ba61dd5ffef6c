"""Compile a kernel's source with the machine's own C++ compiler, once for each content."""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from companion.kernels._source import FILE

_NAMES = ("cuda", "fibers", "shared_memory", "threads", "block", "ptx", "halves", "call", "check")
HEADERS = tuple(f"{name}.h" for name in _NAMES)

# Libraries share no symbols; no product is fused with a sum unless the source says fmaf; and a float4 may lie where
# floats lie, as in CUDA.
FLAGS = (
    "-std=c++17",
    "-fvisibility=hidden",
    "-ffp-contract=off",
    "-fno-strict-aliasing",
    "-Wall",
    "-Wextra",
    "-Wno-unknown-pragmas",
)


@cache
def compiler() -> str | None:
    """Return the C++ compiler: ``$CXX`` if set, else g++, c++ or clang++; None if there is none."""
    candidates = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "c++", "clang++"]
    return next(filter(None, map(shutil.which, candidates)), None)


def unavailable_reason() -> str | None:
    """Return why the emulator can't work here, in one sentence, or None if it can."""
    if sys.platform != "linux":
        return f"the emulator of the kernels runs on Linux (on Windows: in WSL), not on {sys.platform}"
    if compiler() is None:
        return "the emulator of the kernels needs a C++ compiler (on Debian: apt-get install g++)"
    return None


@cache
def cache_folder() -> Path:
    """Return where compiled kernels are kept: ``$COMPANION_CACHE``, or the user's cache folder.

    If nothing can be written there, a temporary folder serves this process.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("COMPANION_CACHE") or Path(base, "companion-kernels"))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.mkdtemp(prefix="companion-kernels-"))


@cache
def _version(command: str) -> str:
    return subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout


def _flags() -> tuple[str, ...]:
    # Without the second, g++ looks for code that sets up an extern thread-local variable; ours needs none.
    return FLAGS if "clang" in _version(compiler()) else (*FLAGS, "-fno-extern-tls-init")


def unit(code: str, expression: str, *, program: bool = False) -> str:
    """Return the C++ file around a kernel's source: a library, or a program that checks one launch."""
    return (
        f'#include "cuda.h"\n#include "ptx.h"\n#line 1 "{FILE}"\n{code}\n#line 1 "emulate.cpp"\n'
        f'#include "halves.h"\n#include "call.h"\n'
        f"EMULATE({expression})\n" + ('#include "check.h"\n' if program else "")
    )


def build(text: str, *flags: str) -> Path:
    """Compile a C++ file, unless that has been done, and return the path of the result.

    Args:
        text: what ``unit`` returns.
        *flags: for the compiler, beside ``FLAGS``.

    Raises:
        RuntimeError: with the compiler's messages, if it refuses; or if there is none.
    """
    if reason := unavailable_reason():
        raise RuntimeError(reason)
    headers = files(__package__)
    content = [_version(compiler()), *_flags(), *flags, text]
    content += [headers.joinpath(name).read_text("utf-8") for name in HEADERS]
    result = cache_folder() / sha256("\0".join(content).encode()).hexdigest()[:32]
    if result.exists():
        return result
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        path, unfinished = Path(folder, "emulate.cpp"), Path(folder, "result")
        path.write_text(text, "utf-8")
        command = [compiler(), *_flags(), *flags, f"-I{headers}", str(path), "-o", str(unfinished)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{Path(compiler()).name} refuses the kernel:\n{done.stderr}")
        unfinished.replace(result)  # in one step: another process sees all of it or nothing
    return result
