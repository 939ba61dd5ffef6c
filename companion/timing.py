"""Measured times, with the machine they were measured on. MACs are not milliseconds: the book measures both."""

import math
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch
from torch.utils.benchmark import Timer


@dataclass(frozen=True)
class Timing:
    """The time of one call, in seconds.

    Attributes:
        median: half of the measured blocks took less.
        spread: distance between the quartiles.
    """

    median: float
    spread: float


def measure(calls: Mapping[str, Callable[[], object]], *, seconds: float = 0.3) -> dict[str, Timing]:
    """Time each call on one thread, after warming up, with ``torch.utils.benchmark``.

    Args:
        calls: name -> function without arguments.
        seconds: how long each is measured, at least.

    Raises:
        ValueError: if ``seconds`` is not positive and finite.
    """
    if not 0 < seconds < math.inf:
        raise ValueError(f"seconds must be positive and finite, got {seconds}")
    timings = {}
    for name, call in calls.items():
        timer = Timer("call()", globals={"call": call}, num_threads=1)
        measured = timer.blocked_autorange(min_run_time=seconds)
        timings[name] = Timing(median=measured.median, spread=measured.iqr)
    return timings


def machine() -> str:
    """Name the processor, the versions and the day, to stand beside every measured time."""
    return f"{_processor()}, PyTorch {torch.__version__}, Python {platform.python_version()}, {date.today()}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name") and (name := line.partition(":")[2].strip()):
                return name
    return platform.processor() or platform.machine()
