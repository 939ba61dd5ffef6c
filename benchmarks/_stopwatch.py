"""Time calls on a GPU with a cold cache: events around a CUDA graph, after a write that empties the L2 cache."""

import time
from collections.abc import Callable

import torch

from benchmarks._record import summary

FLUSH = 512 * 2**20  # bytes: ten times the L2 cache of an H100


class Stopwatch:
    """Times calls on one device, each several times and always with cold caches.

    Args:
        device: "cuda"; or "cpu", for a rehearsal that proves nothing but that the code runs.
        repeats: how often a call is timed.
        flush: bytes that are written before each.
    """

    def __init__(self, device: str, *, repeats: int = 25, flush: int = FLUSH):
        self.device = device
        self.repeats = repeats
        self.scratch = torch.empty(flush, dtype=torch.int8, device=device)

    def time(self, call: Callable[[], object], *, graph: bool = True) -> dict:
        """Return the summary of the times of a call, and whether it ran as a CUDA graph.

        A graph keeps what Python costs out of the time. A call that can't be captured is timed as it is, with the
        reason; while the cache is being emptied, Python has the time to prepare a launch.

        Args:
            call: what to time.
            graph: whether to try; False for what takes its memory from elsewhere than PyTorch.
        """
        call()  # compiles, loads, chooses algorithms
        if self.device == "cpu":
            return {**summary([self._on_cpu(call) for _ in range(self.repeats)]), "graph": False}
        if not graph:
            return {**summary(self._on_gpu(call)), "graph": False}
        how: dict = {"graph": True}
        try:
            run = _captured(call).replay
        except Exception as error:
            torch.cuda.synchronize()
            run, how = call, {"graph": False, "no_graph": str(error).splitlines()[0]}
        return {**summary(self._on_gpu(run)), **how}

    def _on_cpu(self, call: Callable[[], object]) -> float:
        self.scratch.zero_()
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    def _on_gpu(self, run: Callable[[], object]) -> list[float]:
        pairs = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(self.repeats + 3)]
        for start, end in pairs:
            self.scratch.zero_()
            start.record()
            run()
            end.record()
        torch.cuda.synchronize()
        return [start.elapsed_time(end) / 1000 for start, end in pairs[3:]]  # the first ones warm the clocks


def _captured(call: Callable[[], object]) -> torch.cuda.CUDAGraph:
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(2):
            call()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        call()
    return graph


def launches(call: Callable[[], object]) -> int | None:
    """Return how many kernels a call launches on the GPU, or None where the profiler sees none."""
    from torch.profiler import ProfilerActivity, profile

    call()
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        call()
        torch.cuda.synchronize()
    moves = ("Memcpy", "Memset")
    of_gpu = [event for event in seen.events() if event.device_type == torch.autograd.DeviceType.CUDA]
    return sum(not event.name.startswith(moves) for event in of_gpu) or None
