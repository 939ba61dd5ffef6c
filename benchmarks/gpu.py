"""Measure the kernels on a GPU: right results first, then ceilings, then times against everyone else.

    python -m benchmarks.gpu [--resume] [--minutes 8]
    python -m benchmarks.gpu --dry-run --out FILE

The results go to ``results/gpu.json``, part by part: what was measured stays, whatever happens later. A run that
ends by its clock is continued with ``--resume``. A dry run goes the same way on a CPU with tiny layers; its numbers
mean nothing, and it must be told where to put them.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import _correctness, _prepare, _profiler, _sanitizers
from benchmarks._contestants import Contestant, agrees, contestants, operands, tf32
from benchmarks._launches import LADDER, PROFILED
from benchmarks._record import RESULTS, Record, versions
from benchmarks._stopwatch import Race, Stopwatch, launches
from benchmarks._targets import targets
from benchmarks.registers import digest
from companion import kernels
from companion.kernels import LAYERS, VARIANTS, NetworkLayer

BATCHES = (256, 1, 32)  # in the order of measuring
DRY_LAYERS = (NetworkLayer("a rehearsal", "thin", 4, 8, 6), NetworkLayer("a rehearsal", "one pixel", 8, 8, 1))
SQUARE = 8192  # of the matrices behind the GEMM ceilings
COPIED = 2**31  # bytes


def head(device: str) -> dict:
    """Return what the results are worth nothing without."""
    packages = versions("torch", "cupy-cuda13x", "triton", "nvidia-cuda-nvrtc", "numpy")
    if device == "cpu":
        return {"device": {"name": "a rehearsal on a CPU: no measurement"}, "versions": packages}
    import cupy

    about = torch.cuda.get_device_properties(0)
    driver = cupy.cuda.runtime.driverGetVersion()
    return {
        "device": {
            "name": about.name,
            "capability": f"{about.major}.{about.minor}",
            "processors": about.multi_processor_count,
            "memory_bytes": about.total_memory,
            "l2_bytes": about.L2_cache_size,
        },
        "driver": {"cuda": f"{driver // 1000}.{driver % 1000 // 10}", **_nvidia_smi()},
        "source": digest(),
        "versions": {**packages, "cuda": torch.version.cuda, "cudnn": str(torch.backends.cudnn.version())},
    }


def _nvidia_smi() -> dict:
    asked = ("driver_version", "clocks.max.sm", "clocks.max.memory", "power.limit")
    command = ["nvidia-smi", "--id=0", f"--query-gpu={','.join(asked)}", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    return dict(zip(asked, map(str.strip, said.split(",")), strict=False))


def ceilings(stopwatch: Stopwatch, *, copied: int = COPIED, square: int = SQUARE) -> dict:
    """Return the measured bytes per second of a copy, and FLOP per second of a product of large matrices."""
    numbers = torch.randn(2, copied // 4, device=stopwatch.device)  # zeros can run faster
    copy = stopwatch.time(lambda: torch.neg(numbers[1], out=numbers[0]))  # a graph's own copy would not be a kernel
    one = torch.zeros(1, device=stopwatch.device)
    a = torch.randn(square, square, device=stopwatch.device)
    found = {
        "copy": 2 * copied / copy["median_us"] * 1e6,
        "one_launch_us": stopwatch.time(lambda: one.add_(1))["median_us"],
    }
    for name, allowed in (("sgemm", False), ("tf32_gemm", True)):
        with tf32(allowed):
            found[name] = 2 * square**3 / stopwatch.time(lambda: a @ a)["median_us"] * 1e6
    return found


def is_thin(layer: NetworkLayer) -> bool:
    """Whether a layer is so thin that memory is what takes time, in float32 too."""
    return layer.size > 1 and layer.h <= 60


def jobs(layers: tuple[NetworkLayer, ...]) -> Iterator[tuple[NetworkLayer, int, torch.dtype, bool]]:
    """Yield layer, batch, dtype and whether torch.compile takes part, what the targets need first.

    SE at a batch of one, then the large batch from thin to wide. Compiling takes seconds a layer: the thin layers,
    which have a target for it, are compiled at once, all others at the end, and those of sixteen bits not at all.
    """

    def rank(job: tuple[NetworkLayer, int, torch.dtype, bool]) -> tuple:
        layer, batch, dtype, compiled = job
        se, large = layer.size == 1, batch == BATCHES[0]
        if compiled:
            first = 1 if is_thin(layer) and large else 7
        elif dtype == torch.float32:
            first = 0 if se and batch == 1 else 2 if large else 4 if batch == 1 else 5
        else:
            first = 3 if large else 6
        return first, BATCHES.index(batch), not se, layer.h

    kinds = (torch.float32, False), (torch.float32, True), (torch.bfloat16, False)
    yield from sorted(((layer, batch, *kind) for layer, batch, kind in product(layers, BATCHES, kinds)), key=rank)


def ladder(stopwatch: Stopwatch, layer: NetworkLayer, batch: int) -> dict:
    """Return the times of all variants that can run a layer: what each step of the ladder is worth."""
    x, weight, bias = operands(layer, batch, stopwatch.device)
    race = Race(stopwatch)
    for variant in VARIANTS.values():
        if not _correctness.fits(variant, layer.in_channels, layer.size**2):
            continue
        given = (array.to(_correctness.dtype(variant)) for array in (x, weight, bias))
        options = {"precision": variant.precision, "variant": variant.name}
        race.enter(variant.name, partial(kernels.pointwise_conv, *given, activation="relu", **options))
    about = ("step", "precision", "dtype")
    rows = [
        {"variant": name, **{key: getattr(VARIANTS[name], key) for key in about}, **times}
        for name, times in race.times().items()
    ]
    return {"layer": layer.label, "batch": batch, "rows": rows}


def timings(record: Record, stopwatch: Stopwatch, layers: tuple[NetworkLayer, ...], deadline: float) -> None:
    """Time everyone on every layer, one row each, until the clock runs out; what is left out is recorded too."""
    rows = record.data.setdefault("timings", [])
    done = {(row["layer"], row["batch"], row["contestant"], row["precision"], row["layout"]) for row in rows}
    left_out = []
    for layer, batch, dtype, compiled in jobs(layers):
        if time.monotonic() > deadline:
            how = ", with torch.compile" if compiled else "" if dtype == torch.float32 else ", bfloat16"
            left_out.append(f"{layer.label}, batch {batch}{how}")
            continue
        arrays = operands(layer, batch, stopwatch.device, dtype=dtype)
        waiting = (
            contestant
            for contestant in contestants(*arrays, compiled=compiled)
            if (layer.label, batch, *contestant.key) not in done
        )
        found, failed = compete(stopwatch, waiting, arrays, one_pixel=layer.size == 1)
        about = {"layer": layer.label, "network": layer.network, "batch": batch}
        about["race"] = 1 + max((row["race"] for row in rows), default=0)
        rows += [about | row for row in found]
        if failed:
            record.data.setdefault("failed", []).extend(about | row for row in failed)
        done |= {(layer.label, batch, row["contestant"], row["precision"], row["layout"]) for row in found}
        record.add("left_out", left_out)
        if stopwatch.device == "cuda":
            torch.cuda.empty_cache()
    record.add("left_out", left_out)


def compete(
    stopwatch: Stopwatch, waiting: Iterable[Contestant], arrays: tuple[Tensor, Tensor, Tensor], *, one_pixel: bool
) -> tuple[list[dict], list[dict]]:
    """Time contestants on one layer in turns.

    Args:
        stopwatch: what to time with.
        waiting: who takes part.
        arrays: x, weight and bias.
        one_pixel: whether the layer is so small that launches count: then they are counted, and the time that
            Python takes for a call is measured.

    Returns:
        A row for each who has a time, and one for each who failed: that must not end the race.
    """
    race, found, failed = Race(stopwatch), {}, []
    for contestant in waiting:
        row = dict(zip(("contestant", "precision", "layout"), contestant.key, strict=True))
        try:
            row |= {"agrees": agrees(contestant, *arrays), "whole": contestant.whole}
            if one_pixel:
                with tf32(contestant.precision == "tf32"):
                    row["host_us"] = stopwatch.host_us(contestant.call)
                if contestant.graph and stopwatch.device == "cuda":
                    row["launches"] = launches(contestant.run)
            race.enter(contestant.key, contestant.run, graph=contestant.graph)
        except Exception as error:
            failed.append({**row, "error": str(error)[:300]})
            continue
        found[contestant.key] = row
    return [found[key] | times for key, times in race.times().items()], failed


def measure(record: Record, *, device: str, layers: tuple[NetworkLayer, ...], minutes: float) -> bool:
    """Go through all parts and return whether every result was right."""
    start = time.monotonic()
    dry = device == "cpu"

    def part(name: str, make) -> None:
        if name not in record.data:
            record.add(name, make())
            print(f"{time.monotonic() - start:5.0f} s  {name}", flush=True)

    if not dry:
        part("not_compiled", _prepare.all_kernels)
    with ThreadPoolExecutor(1) as beside:  # the sanitizers time nothing
        sanitized = None
        if "sanitizers" not in record.data:
            sanitized = beside.submit(_sanitizers.sanitize_all, seconds=10 if dry else 100)
        part("correctness", lambda: _correctness.all_variants(device))
        sizes = (3, 2000) if dry else _correctness.FAR
        part("beyond_32_bits", lambda: _correctness.beyond_32_bits(device, sizes=sizes))
        if not dry:
            torch.cuda.empty_cache()
            first = sorted(layers, key=lambda layer: layer.h)
            sizes = [(layer, 1 if layer.size == 1 else BATCHES[0]) for layer in first]
            waiting = [(*size, torch.float32, is_thin(size[0])) for size in sizes]
            waiting += [(*size, torch.bfloat16, False) for size in sizes]
            record.data["not_compiled"] += _prepare.side_by_side(_prepare.rivals, waiting)
            torch.backends.cudnn.benchmark = True  # let the rivals choose their best
        part("sanitizers", lambda: sanitized.result())
    for tool, found in record.data["sanitizers"].items():
        if found["clean"] is None or not found["finds_fault"]:
            print(f"        {tool} proves nothing: {found.get('reason', 'it missed a planted fault')}", flush=True)
    stopwatch = Stopwatch(device, **({"repeats": 4, "flush": 1024} if dry else {}))
    part("ceilings", lambda: ceilings(stopwatch, **({"copied": 2**16, "square": 32} if dry else {})))
    part("ladder", lambda: ladder(stopwatch, *((layers[0], 2) if dry else LADDER)))
    part("counters", lambda: _profiler.profile(PROFILED, seconds=10 if dry else 40))
    timings(record, stopwatch, layers, deadline=start + 60 * minutes)
    record.add("targets", targets(record.data["timings"], record.data["ceilings"]))
    print(f"{time.monotonic() - start:5.0f} s  timings: {len(record.data['timings'])} rows", flush=True)
    right = [row["right"] for name in ("correctness", "beyond_32_bits") for row in record.data[name]]
    right += [row["agrees"] for row in record.data["timings"] if row["contestant"] == "ours"]
    right += [found["clean"] is not False for found in record.data["sanitizers"].values()]
    return all(right)


def main(arguments: list[str] | None = None) -> None:
    """Measure, and end with status 1 if a result was wrong, 2 if there is no GPU."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=7.5, help="when to stop timing")
    parser.add_argument("--resume", action="store_true", help="keep what the file has, and measure the rest")
    parser.add_argument("--dry-run", action="store_true", help="rehearse on a CPU")
    parser.add_argument("--out", type=Path, help="file for the results")
    options = parser.parse_args(arguments)
    if options.dry_run and options.out is None:
        parser.error("a dry run needs --out: its numbers belong in no record")
    reason = kernels.gpu_unavailable_reason() or (None if torch.cuda.is_available() else "PyTorch here has no CUDA")
    if reason and not options.dry_run:
        print(f"bench-gpu: nothing was measured. {reason}", file=sys.stderr)
        raise SystemExit(2)
    device = "cpu" if options.dry_run else "cuda"
    record = Record(options.out or RESULTS / "gpu.json", **head(device))
    if options.resume and record.path.exists():
        before = json.loads(record.path.read_text("utf-8"))
        if any(before.get(name) != record.data[name] for name in ("device", "versions")):
            parser.error(f"{record.path.name} was measured on another device or with other versions: start anew")
        record.data = before
    layers = DRY_LAYERS if options.dry_run else LAYERS
    right = measure(record, device=device, layers=layers, minutes=options.minutes)
    print(f"written to {record.path.name}; every result right: {right}")
    raise SystemExit(0 if right else 1)


if __name__ == "__main__":
    main()
