"""Record what the compiler for GPUs makes of the kernels: registers, spills, shared memory, instructions.

    python -m benchmarks.registers

writes ``results/registers.json``. It takes about half a minute, and needs the packages ``nvidia-cuda-nvrtc`` and
``nvidia-cuda-nvdisasm``, which requirements-test.txt brings; it needs no GPU.
"""

import math
import re
import sys
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from benchmarks._record import RESULTS, Record, versions
from companion import kernels
from companion.kernels import VARIANTS, Variant

ARCHITECTURES = ("sm_80", "sm_90")
COUNTED = ("FFMA", "HMMA", "LDG", "LDS", "LDGSTS", "STG", "STS", "BAR", "LDL", "STL")


def digest() -> str:
    """Return a fingerprint of the kernels' source without its comments and spaces."""
    code = re.sub(r"//.*|\s", "", kernels.source())
    return sha256(code.encode()).hexdigest()[:16]


def row(variant: Variant, architecture: str) -> dict:
    """Return one row: what a variant is, and what the compiler says of it."""
    binary = kernels.compile_variant(variant, architecture)
    found: Counter[str] = Counter()
    for name, number in kernels.instructions(binary).items():
        found[name.split(".")[0]] += number
    return {
        "variant": variant.name,
        "step": variant.step,
        "architecture": architecture,
        "threads": math.prod(variant.block),
        "registers": binary.registers,
        "spilled_bytes": binary.spilled,
        "shared_bytes": binary.shared_memory + variant.shared_memory,
        "instructions": {name: found[name] for name in COUNTED if found[name]},
    }


def main(
    path: Path = RESULTS / "registers.json",
    variants: Iterable[Variant] = VARIANTS.values(),
    architectures: Iterable[str] = ARCHITECTURES,
) -> None:
    """Compile all variants and write the file, or end with a sentence that says what is missing."""
    if missing := kernels.nvrtc_unavailable_reason() or kernels.disassembler_unavailable_reason():
        sys.exit(f"Nothing was recorded: {missing}.")
    packages = versions("nvidia-cuda-nvrtc", "nvidia-cuda-nvdisasm")
    record = Record(path, versions=packages, source=digest())
    record.add("rows", [row(variant, name) for variant in variants for name in architectures])
    print(f"{len(record.data['rows'])} rows in {path.name}")


if __name__ == "__main__":
    main()
