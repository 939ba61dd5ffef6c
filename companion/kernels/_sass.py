"""Count the machine instructions of a compiled kernel: what the GPU will really be told to do."""

import re
import subprocess
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

from companion.kernels._nvrtc import Binary

_INSTRUCTION = re.compile(r"^\s+/\*[0-9a-f]{4,}\*/\s+(?:@(?!!PT )!?U?P\w+ )?([A-Z][A-Z0-9_.]*)", re.MULTILINE)


@cache
def _disassembler() -> str | None:
    try:
        from cuda.pathfinder import find_nvidia_binary_utility
    except ImportError:
        return None
    return find_nvidia_binary_utility("nvdisasm")


def unavailable_reason() -> str | None:
    """Return why binaries can't be read here, in one sentence, or None if they can."""
    return None if _disassembler() else "nvdisasm is not installed (pip install nvidia-cuda-nvdisasm)"


def instructions(binary: Binary) -> Counter[str]:
    """Count a kernel's instructions by name, for example "FFMA" and "STG.E.128".

    It counts what stands in the program: an instruction in a loop once, in an unrolled loop many times, and those
    that the compiler has put there never to be carried out (their condition is "!PT") not at all.

    Raises:
        RuntimeError: if nvdisasm isn't there.
    """
    if reason := unavailable_reason():
        raise RuntimeError(reason)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.cubin")
        path.write_bytes(binary.cubin)
        command = [_disassembler(), "--print-code", "--no-dataflow", str(path)]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    sections = re.split(r"^\s*\.section\s+\.text\.", text, flags=re.MULTILINE)
    (section,) = (part for part in sections[1:] if part.startswith(f"{binary.symbol},"))
    return Counter(_INSTRUCTION.findall(section))
