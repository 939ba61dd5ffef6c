"""Run a kernel under a sanitizer of the compiler: one that sees races, and one that sees bad addresses."""

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from companion.kernels._source import source
from companion.kernels._variants import Layer, Variant
from companion.kernels.emulator._build import build, unit
from companion.kernels.emulator._build import unavailable_reason as emulator_unavailable_reason
from companion.kernels.emulator._kernel import order_and_seed

SANITIZERS = MappingProxyType(
    {
        "thread": ("-fsanitize=thread", "-DEMULATOR_THREAD_SANITIZER"),
        "address": ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DEMULATOR_ADDRESS_SANITIZER"),
    }
)
_PROGRAM = ("-O0", "-g")
_ENVIRONMENT = {"TSAN_OPTIONS": "history_size=4", "ASAN_OPTIONS": "detect_leaks=0"}


@dataclass(frozen=True)
class Report:
    """What a sanitizer had to say.

    Attributes:
        clean: whether it had nothing to say, and the launch went through.
        error: the largest error of the result, relative to the sum of absolute products; None if it didn't end.
        text: the sanitizer's words, with lines of ``pointwise.cu``.
    """

    clean: bool
    error: float | None
    text: str


@cache
def unavailable_reason(sanitizer: str) -> str | None:
    """Return why a sanitizer can't be used here, in one sentence, or None if it can."""
    if reason := emulator_unavailable_reason():
        return reason
    try:
        path = build("int main() { return 0; }\n", *_PROGRAM, *SANITIZERS[sanitizer])
        subprocess.run([path], check=True, capture_output=True)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        return f"the compiler's {sanitizer} sanitizer does not work here: {str(error).splitlines()[-1]}"
    return None


def sanitize(
    variant: Variant, layer: Layer, sanitizer: str, *, schedule: str | int = "forward", code: str | None = None
) -> Report:
    """Run one launch in a program of its own, with bias, residual and ReLU6, under a sanitizer.

    Args:
        variant: an entry of ``VARIANTS``.
        layer: the sizes.
        sanitizer: "thread" for races; "address" for addresses out of bounds and undefined behaviour.
        schedule: as for ``Emulator``.
        code: the source of the kernels; None for ``companion.kernels.source()``.

    Raises:
        RuntimeError: if the compiler refuses.
        ValueError: if there is no such sanitizer.
    """
    if sanitizer not in SANITIZERS:
        raise ValueError(f"sanitizer must be one of {(*SANITIZERS,)}, got {sanitizer!r}")
    text = unit(source() if code is None else code, variant.expression, program=True)
    path = build(text, *_PROGRAM, *SANITIZERS[sanitizer])
    (blocks,), block = variant.grid(layer), (*variant.block, 1, 1)[:3]
    order, seed = order_and_seed(schedule)
    numbers = [blocks, 1, 1, *block, variant.shared_memory, order, seed, 0, blocks]
    numbers += [layer.batch, layer.in_channels, layer.out_channels, layer.pixels]
    done = subprocess.run(
        [path, *map(str, numbers)], capture_output=True, text=True, timeout=300, env={**os.environ, **_ENVIRONMENT}
    )
    error = float(done.stdout) if done.stdout.strip() else None
    return Report(done.returncode == 0 and not done.stderr, error, done.stderr)
