"""Time calls on a GPU: as CUDA graphs, several in turns, and each time with other data in the L2 cache."""

import ctypes
import time
from collections.abc import Callable

import torch

from benchmarks._record import summary

FLUSH = 512 * 2**20  # bytes: ten times the L2 cache of an H100
WARM = 0.03  # seconds of work before the first time is taken: clocks rise under load, not before it
_KERNEL = 0  # CU_GRAPH_NODE_TYPE_KERNEL


class Stopwatch:
    """What times are taken with on one device.

    Args:
        device: "cuda"; or "cpu", for a rehearsal that proves nothing but that the code runs.
        repeats: how often a call is timed.
        flush: bytes that are read before each. Were they written, the cache would be left full of data that has
            yet to go to memory, and whoever is timed would pay for that.
    """

    def __init__(self, device: str, *, repeats: int = 25, flush: int = FLUSH):
        self.device = device
        self.repeats = repeats
        self.scratch = torch.zeros(flush // 4, device=device)

    def time(self, call: Callable[[], object]) -> dict:
        """Return the summary of the times of one call."""
        race = Race(self)
        race.enter("alone", call)
        return race.times()["alone"]

    def host_us(self, call: Callable[[], object]) -> float:
        """Return the microseconds that a call keeps Python busy, which a CUDA graph hides: the median of 20."""
        seconds = []
        for _ in range(20):
            start = time.perf_counter()
            for _ in range(10):
                call()
            seconds.append((time.perf_counter() - start) / 10)
            self.wait()
        return summary(seconds)["median_us"]

    def wait(self) -> None:
        """Wait until the GPU has done everything."""
        if self.device == "cuda":
            torch.cuda.synchronize()


class Race:
    """Calls that are timed in turns, so that clocks and temperature are the same for all.

    The graphs share their memory: only one of them is at work at a time, and nobody reads a result.
    """

    def __init__(self, stopwatch: Stopwatch):
        self._watch = stopwatch
        self._pool = torch.cuda.graph_pool_handle() if stopwatch.device == "cuda" else None
        self._runs: dict = {}
        self._how: dict = {}

    def enter(self, name: object, call: Callable[[], object], *, graph: bool = True) -> None:
        """Prepare a call: everything it compiles, loads and chooses is done here.

        A graph keeps what Python costs out of the time. A call that can't be captured is timed as it is, with the
        reason; while the cache is being emptied, Python has the time to prepare a launch.

        Args:
            name: what ``times`` calls it.
            call: what to time.
            graph: whether to try; False for what takes its memory from elsewhere than PyTorch.
        """
        call()
        run, how = call, {"graph": False}
        if graph and self._watch.device == "cuda":
            try:
                run, how = captured(call, self._pool).replay, {"graph": True}
            except Exception as error:
                torch.cuda.synchronize()
                how["no_graph"] = str(error).splitlines()[0]
        self._runs[name], self._how[name] = run, how

    def times(self) -> dict:
        """Return for each name the summary of its times, "graph", and "no_graph" if it couldn't be captured."""
        clock = self._on_gpu if self._watch.device == "cuda" else self._on_cpu
        until = time.perf_counter() + (WARM if self._watch.device == "cuda" else 0)
        while time.perf_counter() < until:
            for run in self._runs.values():
                run()
            self._watch.wait()
        marks: dict = {name: [] for name in self._runs}
        for _ in range(self._watch.repeats):
            for name, run in self._runs.items():
                self._watch.scratch.sum()
                marks[name].append(clock(run))
        self._watch.wait()
        return {name: {**summary([seconds() for seconds in marks[name]]), **self._how[name]} for name in marks}

    def _on_cpu(self, run: Callable[[], object]) -> Callable[[], float]:
        start = time.perf_counter()
        run()
        seconds = time.perf_counter() - start
        return lambda: seconds

    def _on_gpu(self, run: Callable[[], object]) -> Callable[[], float]:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        return lambda: start.elapsed_time(end) / 1000


def captured(call: Callable[[], object], pool=None, **options) -> torch.cuda.CUDAGraph:
    """Return a CUDA graph of a call, made on a stream of its own."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(2):
            call()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph(**options)
    with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
        call()
    return graph


def launches(call: Callable[[], object]) -> int | None:
    """Return how many kernels a call launches, from the nodes of its graph; None if they can't be counted.

    Copies and fills are left out.
    """
    try:
        graph = captured(call, keep_graph=True)
        return kernels_of(graph.raw_cuda_graph(), ctypes.CDLL("libcuda.so.1"))
    except Exception:  # who can't be captured may still be timed
        torch.cuda.synchronize()
        return None


def kernels_of(graph: int, driver: ctypes.CDLL) -> int:
    """Count the kernels of a CUgraph.

    Args:
        graph: its address.
        driver: the library of CUDA's driver.

    Raises:
        RuntimeError: with the driver's error, if it refuses.
    """

    def ask(name: str, *arguments) -> None:
        if error := getattr(driver, name)(*arguments):
            raise RuntimeError(f"{name} returned CUDA error {error}")

    count, kind = ctypes.c_size_t(), ctypes.c_int()
    ask("cuGraphGetNodes", ctypes.c_void_p(graph), None, ctypes.byref(count))
    nodes = (ctypes.c_void_p * count.value)()
    ask("cuGraphGetNodes", ctypes.c_void_p(graph), nodes, ctypes.byref(count))
    kernels = 0
    for node in nodes:
        ask("cuGraphNodeGetType", ctypes.c_void_p(node), ctypes.byref(kind))
        kernels += kind.value == _KERNEL
    return kernels
