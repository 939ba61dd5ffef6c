"""Run the three tools of NVIDIA's compute-sanitizer over all variants, and over a fault that each must find."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOOLS = ("memcheck", "racecheck", "synccheck")
_FOUND = 9  # the exit status that says that a tool has found something


def program() -> str | None:
    """Return compute-sanitizer of the CUDA toolkit: on the PATH, or under $CUDA_HOME; None if there is none."""
    home = Path(os.environ.get("CUDA_HOME", "/usr/local/cuda"), "bin", "compute-sanitizer")
    return shutil.which("compute-sanitizer") or (str(home) if home.exists() else None)


def sanitize(tool: str, *, seconds: float, fault: bool = False) -> dict:
    """Run one tool.

    Args:
        tool: one of ``TOOLS``.
        seconds: how long it may take.
        fault: whether to watch a kernel with a planted fault instead of all variants.

    Returns:
        "clean" (True, False, or None if it did not get to an end), and "reason" or the end of what it said.
    """
    command = program()
    if command is None:
        return {"clean": None, "reason": "compute-sanitizer is not on the PATH: it comes with the CUDA toolkit"}
    arguments = [command, "--tool", tool, "--error-exitcode", str(_FOUND), "--kernel-name", "kns=pointwise"]
    watched = [sys.executable, "-m", "benchmarks._launches", *(["--fault", tool] if fault else [])]
    start = time.monotonic()
    process = subprocess.Popen(
        [*arguments, *watched],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=Path(__file__).resolve().parent.parent,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # the watched program too: it would go on using the GPU
        process.communicate()
        return {"clean": None, "reason": f"not done after {seconds:.0f} s"}
    said = {"seconds": round(time.monotonic() - start, 1), "said": output[-800:]}
    if process.returncode not in (0, _FOUND):
        return {"clean": None, "reason": f"ended with status {process.returncode}", **said}
    return {"clean": process.returncode == 0, **said}


def sanitize_all(*, seconds: float) -> dict[str, dict]:
    """Run all tools side by side, as none of them measures a time.

    Returns:
        For each tool what ``sanitize`` does, and "finds_fault": whether it noticed the planted one.
    """

    def both(tool: str) -> dict:
        planted = runs.submit(sanitize, tool, seconds=seconds, fault=True)
        return {**sanitize(tool, seconds=seconds), "finds_fault": planted.result()["clean"] is False}

    with ThreadPoolExecutor(len(TOOLS)) as runs, ThreadPoolExecutor(len(TOOLS)) as pool:
        return dict(zip(TOOLS, pool.map(both, TOOLS), strict=True))
