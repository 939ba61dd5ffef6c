"""Ask a GPU's counters what the steps of the ladder did, through Nsight Compute, ``ncu`` of the CUDA toolkit."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

METRICS = {  # what the record calls it: what ncu does
    "sectors_per_load": "l1tex__average_t_sectors_per_request_pipe_lsu_mem_global_op_ld.ratio",
    "sectors_per_store": "l1tex__average_t_sectors_per_request_pipe_lsu_mem_global_op_st.ratio",
    "l2_bytes": "lts__t_bytes.sum",
    "memory_bytes_read": "dram__bytes_read.sum",
    "memory_bytes_written": "dram__bytes_write.sum",
    "warps_active_percent": "sm__warps_active.avg.pct_of_peak_sustained_active",
}


def program() -> str | None:
    """Return ncu: on the PATH, or under $CUDA_HOME; None if there is none."""
    home = Path(os.environ.get("CUDA_HOME", "/usr/local/cuda"), "bin", "ncu")
    return shutil.which("ncu") or (str(home) if home.exists() else None)


def profile(variants: tuple[str, ...], *, seconds: float) -> dict:
    """Run ``benchmarks._launches --ladder`` under ncu.

    Args:
        variants: names, in the order of their launches there.
        seconds: how long it may take.

    Returns:
        "rows", one for each variant with the names of ``METRICS``; or "reason" why there are none.
    """
    if (command := program()) is None:
        return {"reason": "ncu is not on the PATH: it comes with the CUDA toolkit"}
    options = ["--csv", "--print-units", "base", "--clock-control", "none", "-k", "regex:pointwise"]
    arguments = [command, *options, "--metrics", ",".join(METRICS.values())]
    try:
        done = subprocess.run(
            [*arguments, sys.executable, "-m", "benchmarks._launches", "--ladder"],
            capture_output=True,
            text=True,
            timeout=seconds,
            cwd=Path(__file__).resolve().parent.parent,
        )
    except subprocess.TimeoutExpired:
        return {"reason": f"not done after {seconds:.0f} s"}
    if done.returncode:
        return {"reason": f"ncu ended with status {done.returncode}", "said": done.stdout[-800:]}
    try:
        return {"rows": rows(done.stdout.splitlines(), variants)}
    except (KeyError, ValueError) as error:
        return {"reason": f"what ncu printed can't be read: {error!r}", "said": done.stdout[-800:]}


def rows(lines: Iterable[str], variants: tuple[str, ...]) -> list[dict]:
    """Return what ncu printed as a table, one row for each launch.

    Raises:
        ValueError: if there are not as many launches as variants.
    """
    name_of = {metric: name for name, metric in METRICS.items()}
    found: dict[str, dict] = {}
    for line in csv.DictReader(line for line in lines if line.startswith('"')):
        value = float(line["Metric Value"].replace(",", ""))
        found.setdefault(line["ID"], {})[name_of[line["Metric Name"]]] = value
    launches = [found[number] for number in sorted(found, key=int)]
    if len(launches) != len(variants):
        raise ValueError(f"{len(variants)} launches wanted, ncu saw {len(launches)}")
    return [{"variant": variant, **row} for variant, row in zip(variants, launches, strict=True)]
