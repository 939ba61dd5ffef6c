"""The three tools of NVIDIA's compute-sanitizer over all variants."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

TOOLS = ("memcheck", "racecheck", "synccheck")
_FOUND = 9  # the exit status that says that a tool has found something


def program() -> str | None:
    """Return compute-sanitizer of the CUDA toolkit: on the PATH, or under $CUDA_HOME; None if there is none."""
    home = Path(os.environ.get("CUDA_HOME", "/usr/local/cuda"), "bin", "compute-sanitizer")
    return shutil.which("compute-sanitizer") or (str(home) if home.exists() else None)


def sanitize(tool: str, *, seconds: float) -> dict:
    """Run one tool.

    Args:
        tool: one of ``TOOLS``.
        seconds: how long it may take.

    Returns:
        "clean" (True, False, or None if it did not get to an end), and "reason" or the end of what it said.
    """
    command = program()
    if command is None:
        return {"clean": None, "reason": "compute-sanitizer is not on the PATH: it comes with the CUDA toolkit"}
    arguments = [command, "--tool", tool, "--error-exitcode", str(_FOUND), "--kernel-name", "regex:pointwise"]
    start = time.monotonic()
    try:
        done = subprocess.run(
            [*arguments, sys.executable, "-m", "benchmarks._launches"],
            capture_output=True,
            text=True,
            timeout=seconds,
            cwd=Path(__file__).resolve().parent.parent,
        )
    except subprocess.TimeoutExpired:
        return {"clean": None, "reason": f"not done after {seconds:.0f} s"}
    said = {"seconds": round(time.monotonic() - start, 1), "said": (done.stdout + done.stderr)[-800:]}
    if done.returncode not in (0, _FOUND):
        return {"clean": None, "reason": f"ended with status {done.returncode}", **said}
    return {"clean": done.returncode == 0, **said}
