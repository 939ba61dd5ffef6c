"""The measurements that need a GPU, as far as a CPU can go: a rehearsal, its record, and its arithmetic."""

import contextlib
import importlib.util
import itertools
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmarks import _contestants, _correctness, _launches, _prepare, _profiler, _sanitizers, _stopwatch, gpu
from benchmarks._record import Record, summary
from benchmarks._targets import targets
from benchmarks.registers import digest
from companion import kernels
from companion.kernels import LAYERS, VARIANTS, NetworkLayer

ROOT = Path(__file__).resolve().parent.parent
RECORDED = json.loads((ROOT / "benchmarks" / "results" / "gpu.json").read_text("utf-8"))
TIMES = {"lower_us", "median_us", "upper_us", "repeats", "graph"}
TIMING = {"layer", "network", "batch", "race", "contestant", "precision", "layout", "agrees", "whole", *TIMES}
PARTS = {"device", "versions", "correctness", "beyond_32_bits", "sanitizers", "ceilings", "ladder", "counters"}


GONE = {  # variants that were there when the record was made
    *("tf32_128x128", "tf32_128x128_scalar_x", "tf32x3_128x128", "tf32x3_128x128_scalar_x"),
    *("bf16_128x128", "bf16_128x128_x4", "f16_128x128", "f16_128x128_x4"),
}


def check_schema(data, gone=frozenset()):
    """Hold a record to what benchmarks/README.md says of it."""
    assert set(data) >= PARTS | {"date", "timings", "left_out", "targets"}
    assert {"python", "torch"} <= set(data["versions"])
    assert {row["variant"] for row in data["correctness"]} == {*VARIANTS, *gone}
    assert all(row["right"] for row in data["correctness"] + data["beyond_32_bits"])
    assert set(data["sanitizers"]) == {*_sanitizers.TOOLS}
    assert set(data["ceilings"]) == {"copy", "sgemm", "tf32_gemm", "one_launch_us"}
    ladder = data["ladder"]
    (layer,) = (layer for layer in (*LAYERS, *gpu.DRY_LAYERS) if layer.label == ladder["layer"])
    able = [v for v in VARIANTS.values() if _correctness.fits(v, layer.in_channels, layer.size**2)]
    about = [(v.name, v.step, v.precision, v.dtype) for v in able]
    rows = [row for row in ladder["rows"] if row["variant"] not in gone]
    assert [(row["variant"], row["step"], row["precision"], row["dtype"]) for row in rows] == about
    assert {v.name for v in VARIANTS.values() if v.step in ("tensor_core", "register_tile")} <= {
        v.name for v in able
    }
    counters = data["counters"]
    assert set(counters) in ({"rows"}, {"reason"}, {"reason", "said"})
    for row in counters.get("rows", ()):
        assert set(row) == {"variant", *_profiler.METRICS}
        assert all(row[name] > 0 for name in _profiler.METRICS)
    for row in data["timings"]:
        assert set(row) >= TIMING | ({"host_us"} if row["layer"].endswith("@ 1²") else set())
    for row in data["timings"] + data["ladder"]["rows"]:
        assert 0 < row["lower_us"] <= row["median_us"] <= row["upper_us"]
    names = ("layer", "batch", "contestant", "precision", "layout")
    assert len({tuple(row[name] for name in names) for row in data["timings"]}) == len(data["timings"])


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "gpu.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_sanitizers, "program", lambda: None)
        patch.setattr(_profiler, "program", lambda: None)
        patch.setattr(gpu, "BATCHES", (256, 1))
        with pytest.raises(SystemExit) as ended:
            gpu.main(["--dry-run", "--out", str(path)])
    assert ended.value.code == 0
    return path


def test_a_rehearsal_goes_through_all_parts(rehearsal):
    data = json.loads(rehearsal.read_text("utf-8"))
    check_schema(data)
    assert "no measurement" in data["device"]["name"]
    assert all(row["agrees"] for row in data["timings"])
    who = {row["contestant"] for row in data["timings"]}
    assert who == {"ours", "cuBLAS", "eager", "cuBLASLt fused", "torch.compile"}
    float32, compiled, bfloat16 = 3 + 2 + 6, 4, 5  # ours, cuBLAS, eager and cuBLASLt; each layout and precision
    assert len(data["timings"]) == len(gpu.DRY_LAYERS) * 2 * (float32 + compiled + bfloat16)
    ours = [row["precision"] for row in data["timings"] if row["contestant"] == "ours"]
    assert ours.count("tf32x3") == ours.count("bfloat16") == len(gpu.DRY_LAYERS) * 2
    assert data["counters"] == {"reason": "ncu is not on the PATH: it comes with the CUDA toolkit"}
    assert data["left_out"] == []


def test_a_rehearsal_may_not_touch_the_record(capsys):
    with pytest.raises(SystemExit):
        gpu.main(["--dry-run"])
    assert "its numbers belong in no record" in capsys.readouterr().err


def test_pytorch_numpy_and_cupy_are_all_that_is_needed():
    missing = ("nbformat", "nbclient", "nbval", "IPython", "joblib", "sklearn", "matplotlib", "hypothesis", "tqdm")
    program = f"import sys; sys.modules.update(dict.fromkeys({missing}))\n"
    program += "import conftest, benchmarks.gpu, benchmarks._launches, tests.kernels.test_gpu"
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, cwd=ROOT)


@pytest.mark.skipif(kernels.gpu_unavailable_reason() is None, reason="there is a GPU")
def test_without_a_gpu_nothing_is_measured_and_one_sentence_says_why(tmp_path, capsys):
    path = tmp_path / "gpu.json"
    with pytest.raises(SystemExit) as ended:
        gpu.main(["--out", str(path)])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("bench-gpu: nothing was measured. CuPy")
    assert not path.exists()


def test_what_is_recorded_in_the_project_holds_the_schema_and_is_no_rehearsal():
    check_schema(RECORDED, GONE)
    assert "no measurement" not in RECORDED["device"]["name"]
    about = {"name", "capability", "processors", "memory_bytes", "l2_bytes"}
    assert set(RECORDED["device"]) == about
    assert {"cuda", "driver_version", "clocks.max.sm", "clocks.max.memory", "power.limit"} <= set(
        RECORDED["driver"]
    )
    assert {"torch", "cupy-cuda13x", "nvidia-cuda-nvrtc", "numpy", "cuda", "cudnn"} <= set(RECORDED["versions"])
    assert len(RECORDED["source"]) == len(digest())
    assert int(RECORDED["source"], 16) > 0
    assert all(isinstance(error, str) for error in RECORDED["not_compiled"])
    assert [row["variant"] for row in RECORDED["counters"]["rows"]] == [*_launches.PROFILED]
    launched = [row["launches"] for row in RECORDED["timings"] if "launches" in row and row["contestant"] == "ours"]
    assert launched
    assert set(launched) == {1}


def test_all_that_is_recorded_was_right():
    recorded = {row["variant"]: row for row in RECORDED["correctness"]}
    assert all(row["right"] is True for row in recorded.values())
    then = _correctness.SHAPES[:-1]  # the last one has come since
    for name, variant in VARIANTS.items():
        row = recorded[name]
        sizes = [shape[1] for shape in then if _correctness.fits(variant, shape[1], shape[3] * shape[4])]
        assert row["shapes"] == len(sizes)
        assert 0 < row["largest_error"] <= _correctness.limit(variant, max(sizes))
    for row in RECORDED["beyond_32_bits"]:
        assert row["right"] is True
        assert row["numbers"] > 2**31
    steps = {VARIANTS[row["variant"]].step for row in RECORDED["beyond_32_bits"]}
    assert steps == {variant.step for variant in VARIANTS.values()} - {"one_pixel"}
    for tool, found in RECORDED["sanitizers"].items():
        assert (tool, found["clean"], found["finds_fault"]) == (tool, True, True)
        launched = sum(not name.startswith("bf16") for name in {*VARIANTS, *GONE})
        assert f"{launched} variants launched" in found["said"]
    ours = [row for row in RECORDED["timings"] if row["contestant"] == "ours"]
    assert all(row["agrees"] is True and row["whole"] is True for row in ours)
    seen = {(row["layer"], row["batch"], row["precision"]) for row in ours}
    precisions = ("ieee", "tf32", "tf32x3", "bfloat16")
    assert seen == set(itertools.product((layer.label for layer in LAYERS), gpu.BATCHES, precisions))


def test_the_recorded_targets_follow_from_the_recorded_times():
    stored = RECORDED["targets"]
    assert targets(RECORDED["timings"], RECORDED["ceilings"]) == stored
    for row in stored:
        assert set(row) == {"target", "layer", "value", "wanted", "met"}
        assert isinstance(row["met"], bool)
        if row["value"] != row["wanted"]:  # a value is rounded, after it has been compared
            assert row["met"] == (row["value"] > row["wanted"])
    assert {True, False} == {row["met"] for row in stored}  # both are told


def test_when_the_clock_runs_out_the_rest_is_named_and_can_be_measured_later(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "jobs", lambda layers: [(layer, 2, torch.float32, False) for layer in layers])
    watch = _stopwatch.Stopwatch("cpu", repeats=4, flush=64)
    record = Record(tmp_path / "gpu.json")
    gpu.timings(record, watch, gpu.DRY_LAYERS, deadline=float("-inf"))
    assert record.data["timings"] == []
    assert record.data["left_out"] == [f"{layer.label}, batch 2" for layer in gpu.DRY_LAYERS]
    for _ in range(2):  # the second time there is nothing left to do
        gpu.timings(record, watch, gpu.DRY_LAYERS, deadline=float("inf"))
        assert [row["race"] for row in record.data["timings"]] == [1] * 11 + [2] * 11
        assert record.data["left_out"] == []
    assert json.loads(record.path.read_text("utf-8"))["timings"] == record.data["timings"]


def test_what_the_clock_leaves_out_is_named_with_its_kind(tmp_path, monkeypatch):
    kinds = (torch.float32, False), (torch.float32, True), (torch.bfloat16, False)
    monkeypatch.setattr(gpu, "jobs", lambda layers: [(layers[0], 2, *kind) for kind in kinds])
    record = Record(tmp_path / "gpu.json")
    watch = _stopwatch.Stopwatch("cpu", repeats=4, flush=64)
    gpu.timings(record, watch, gpu.DRY_LAYERS, deadline=float("-inf"))
    name = f"{gpu.DRY_LAYERS[0].label}, batch 2"
    assert record.data["left_out"] == [name, f"{name}, with torch.compile", f"{name}, bfloat16"]


def test_one_that_fails_does_not_end_the_race(tmp_path, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("not today")

    monkeypatch.setattr(_contestants, "_matmul", broken)
    monkeypatch.setattr(gpu, "jobs", lambda layers: [(layers[0], 2, torch.float32, False)])
    record = Record(tmp_path / "gpu.json")
    gpu.timings(record, _stopwatch.Stopwatch("cpu", repeats=4, flush=64), gpu.DRY_LAYERS, deadline=float("inf"))
    assert [(row["contestant"], row["error"]) for row in record.data["failed"]] == [("cuBLAS", "not today")] * 2
    assert {row["contestant"] for row in record.data["timings"]} == {"ours", "eager", "cuBLASLt fused"}


class PlayedGpu:
    """The few names of torch.cuda that the stopwatch uses, with a clock that only the timed calls move."""

    def __init__(self, monkeypatch):
        played, self.log, self.now = self, [], 0.0

        class Event:
            def __init__(self, *, enable_timing):
                assert enable_timing

            def record(self):
                self.at = played.now

            def elapsed_time(self, end):
                return 1e3 * (end.at - self.at)

        @contextlib.contextmanager
        def capture(graph, *, pool, capture_error_mode):
            before = len(self.log)
            yield
            calls, graph.replay = self.log[before:], lambda: [self.work(*call) for call in calls]
            self.log[before:] = [("captured", pool)]

        stream = SimpleNamespace(wait_stream=lambda other: None)
        names = {
            "CUDAGraph": SimpleNamespace,
            "Event": Event,
            "Stream": lambda: stream,
            "current_stream": lambda: stream,
            "graph": capture,
            "graph_pool_handle": lambda: 7,
            "stream": contextlib.nullcontext,
            "synchronize": lambda: None,
        }
        for name, value in names.items():
            monkeypatch.setattr(torch.cuda, name, value)
        monkeypatch.setattr(_stopwatch, "WARM", 0)

    def work(self, name, seconds):
        self.log.append((name, seconds))
        self.now += seconds


def test_rivals_are_timed_in_turns_after_a_flush_as_graphs_that_share_their_memory(monkeypatch):
    played, watch = PlayedGpu(monkeypatch), _stopwatch.Stopwatch("cpu", repeats=4, flush=64)
    watch.device, watch.scratch = "cuda", SimpleNamespace(sum=lambda: played.work("flush", 1.0))
    race = _stopwatch.Race(watch)
    for name, seconds in (("a", 2e-6), ("b", 3e-6)):
        race.enter(name, lambda name=name, seconds=seconds: played.work(name, seconds))
    assert played.log.count(("captured", 7)) == 2
    race.enter("c", lambda: played.work("c", 5e-6), graph=False)

    def stubborn():
        if played.log[-1][0] == "d" == played.log[-3][0]:  # the fourth time in a row, which is the capture
            raise ValueError("no capture\nof this")
        played.work("d", 7e-6)

    race.enter("d", stubborn)
    played.log.clear()
    times = race.times()
    assert [name for name, _ in played.log] == ["flush", "a", "flush", "b", "flush", "c", "flush", "d"] * 4
    assert {name: row["median_us"] for name, row in times.items()} == {"a": 2, "b": 3, "c": 5, "d": 7}
    assert [row["graph"] for row in times.values()] == [True, True, False, False]
    assert [row.get("no_graph") for row in times.values()] == [None, None, None, "no capture"]


def test_the_kernels_of_a_graph_are_counted_without_its_copies_and_an_error_is_raised():
    kinds, errors = [0, 1, 0, 2, 0], {"cuGraphGetNodes": 0}  # kernels, a copy, a fill

    def nodes(graph, places, count):
        assert graph.value == 1234
        if places is not None:
            places[:] = range(1, 1 + len(kinds))
        count._obj.value = len(kinds)
        return errors["cuGraphGetNodes"]

    def kind(node, found):
        found._obj.value = kinds[node.value - 1]
        return 0

    driver = SimpleNamespace(cuGraphGetNodes=nodes, cuGraphNodeGetType=kind)
    assert _stopwatch.kernels_of(1234, driver) == 3
    errors["cuGraphGetNodes"] = 400
    with pytest.raises(RuntimeError, match="cuGraphGetNodes returned CUDA error 400"):
        _stopwatch.kernels_of(1234, driver)


def test_all_layers_and_batches_are_measured_and_what_the_targets_need_comes_first():
    jobs = list(gpu.jobs(LAYERS))
    float32, bfloat16 = torch.float32, torch.bfloat16
    kinds = (float32, False), (float32, True), (bfloat16, False)
    assert len(jobs) == len(set(jobs)) == 3 * 3 * len(LAYERS)
    assert {(batch, dtype, compiled) for _, batch, dtype, compiled in jobs} == {
        (batch, *kind) for batch in (1, 32, 256) for kind in kinds
    }
    assert [(layer.size, *how) for layer, *how in jobs[:3]] == [
        (1, 1, float32, False),
        (1, 1, float32, False),
        (112, 256, float32, True),  # the thinnest
    ]
    wanted = [job for job in jobs if job[3] and job[1] == 256 and job[0].size > 1 and job[0].h <= 60]
    assert jobs[2 : 2 + len(wanted)] == wanted
    last = [job for job in jobs if job[3] and job not in wanted]
    between = [how for _, *how in jobs[2 + len(wanted) : -len(last)]]
    assert jobs[-len(last) :] == last
    order = [list(kind) for kind, _ in itertools.groupby(between)]
    assert order == [
        [256, float32, False],
        [256, bfloat16, False],
        [1, float32, False],
        [32, float32, False],
        [1, bfloat16, False],
        [32, bfloat16, False],
    ]


def test_a_wrong_result_is_noticed():
    x, weight, bias = _contestants.operands(NetworkLayer("", "", 8, 8, 4), 2, "cpu")
    right = _contestants.Contestant("", "ieee", "NCHW", lambda: _contestants.conv_relu(x, weight, bias))
    assert _contestants.agrees(right, x, weight, bias)
    for wrong in (
        lambda: _contestants.conv_relu(x, weight, bias) + 1e-3,
        lambda: torch.nn.functional.conv2d(x, weight, bias),
        lambda: _contestants.conv_relu(x, weight, bias) * torch.nan,
    ):
        assert not _contestants.agrees(_contestants.Contestant("", "ieee", "NCHW", wrong), x, weight, bias)


def test_a_wrong_kernel_is_noticed(monkeypatch):
    real = kernels.pointwise_conv
    coarse = (torch.bfloat16, torch.float16)
    added = {False: 1e-3, True: 1.0}  # numbers of sixteen bits lie far apart
    for fault in (
        lambda y: y + added[y.dtype in coarse],
        lambda y: y * 1.1,  # keeps zeros
        lambda y: y * torch.nan,
    ):
        monkeypatch.setattr(
            kernels, "pointwise_conv", lambda *a, fault=fault, **options: fault(real(*a, **options))
        )
        assert not any(row["right"] for row in _correctness.all_variants("cpu"))
        assert not any(row["right"] for row in _correctness.beyond_32_bits("cpu", sizes=(2, 1200)))


def test_the_ragged_shapes_reach_every_variant_and_the_far_tensor_is_far():
    for variant in VARIANTS.values():
        fitting = [s for s in _correctness.SHAPES if _correctness.fits(variant, s[1], s[3] * s[4])]
        assert len(fitting) >= 4
        assert sum(math.prod(s) > 0 for s in fitting) >= 3
    images, pixels = _correctness.FAR
    assert images * 4 * pixels > 2**31
    assert images * pixels < 2**31 - 2**10
    assert pixels % 4 == 0


def test_a_contestant_runs_under_its_own_setting_which_is_then_set_back():
    def switches():
        return torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32

    before = switches()
    for precision, allowed in (("tf32", True), ("ieee", False), ("tf32x3", False), ("bfloat16", False)):
        assert _contestants.Contestant("", precision, "NCHW", switches).run() == (allowed, allowed)
    assert switches() == before


def test_a_summary_is_the_median_and_the_quartiles_in_microseconds():
    wanted = {"median_us": 3.5, "lower_us": 2.25, "upper_us": 4.75, "repeats": 6}
    assert summary([5e-6, 1e-6, 2e-6, 4e-6, 3e-6, 1.0]) == wanted
    for bad in ([1.0] * 3, [1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, float("nan")]):
        with pytest.raises(ValueError, match="at least four finite times above 0"):
            summary(bad)


def test_a_record_refuses_nan_and_keeps_what_it_had(tmp_path):
    record = Record(tmp_path / "results" / "a.json", device={"name": "none"})
    record.add("part", [1.5])
    with pytest.raises(ValueError, match="Out of range float"):
        record.add("other", float("nan"))
    kept = {"date": record.data["date"], "device": {"name": "none"}, "part": [1.5]}
    assert json.loads(record.path.read_text("utf-8")) == kept


def timed(layer, contestant, seconds, precision="ieee", layout="NCHW", batch=256, agrees=True):
    who = {"contestant": contestant, "precision": precision, "layout": layout, "batch": batch}
    return {"layer": layer.label, **who, "median_us": seconds * 1e6, "agrees": agrees}


def named(label):
    return next(layer for layer in LAYERS if layer.label == label)


def test_targets_are_shares_of_ceilings_and_ratios_of_times():
    ceilings = {"copy": 3e12, "sgemm": 50e12}

    def bandwidth(layer, seconds):  # two bytes a number, of the input, the weight and the output
        numbers = 256 * (layer.in_channels + layer.out_channels) * layer.size**2
        return round(2 * (numbers + layer.in_channels * layer.out_channels) / seconds / 3e12, 3)

    thin, middle, wide, se = map(named, ("16→96 @ 112²", "128→256 @ 28²", "1024→1024 @ 7²", "2048→128 @ 1²"))
    rows = [
        timed(thin, "ours", thin.bytes(256) / 2.7e12),
        timed(thin, "ours", thin.bytes(256) / 1.8e12, precision="tf32"),
        timed(thin, "eager", 2.5 * thin.bytes(256) / 2.7e12),
        timed(thin, "torch.compile", 1.5 * thin.bytes(256) / 2.7e12, layout="channels_last"),
        timed(thin, "cuDNN fused", 0.9 * thin.bytes(256) / 2.7e12, layout="channels_last"),
        timed(middle, "ours", middle.flops(256) / 40e12),
        timed(middle, "ours", middle.bytes(256, 2) / 2.7e12, precision="bfloat16"),
        timed(middle, "cuDNN fused", middle.bytes(256, 2) / 3e12, precision="bfloat16", layout="channels_last"),
        timed(limited := named("64→256 @ 56²"), "ours", 200e-6, precision="bfloat16"),
        timed(few := named("2048→512 @ 7²"), "ours", 10e-6, batch=1),
        timed(few, "ours", 1e-6, batch=1, precision="tf32"),  # has no limit
        timed(wide, "ours", wide.flops(256) / 30e12),
        timed(se, "ours", 5e-6, batch=1),
        timed(se, "eager", 12e-6, batch=1),
        timed(wrong := named("192→16 @ 28²"), "ours", 1e-4, agrees=False),  # wins nothing
        timed(wrong, "eager", 1.0),
    ]
    found = {
        (row["layer"], row["target"]): (row["value"], row["wanted"], row["met"]) for row in targets(rows, ceilings)
    }
    assert found == {
        (thin.label, "thin: share of the copy bandwidth"): (0.9, 0.8, True),
        (thin.label, "thin: times as fast as eager, NCHW"): (2.5, 2.0, True),
        (thin.label, "thin: times as fast as torch.compile, channels_last"): (1.5, 2.0, False),
        (thin.label, "float32: times as fast as cuDNN fused, channels_last"): (0.9, 1.0, False),
        (thin.label, "TF32: share of the copy bandwidth"): (0.6, 0.8, False),
        (middle.label, "middle: share of the SGEMM ceiling"): (0.8, 0.8, True),
        (middle.label, "bfloat16: share of the copy bandwidth"): (0.9, 0.9, True),
        (middle.label, "bfloat16: times as fast as cuDNN fused, channels_last"): (0.9, 1.0, False),
        (limited.label, "bfloat16: share of the copy bandwidth"): (bandwidth(limited, 200e-6), 0.9, False),
        (limited.label, "bfloat16, batch 256: times as fast as 190 µs"): (0.95, 1.0, False),
        (few.label, "ieee, batch 1: times as fast as 12 µs"): (1.2, 1.0, True),
        (wide.label, "wide: share of the SGEMM ceiling"): (0.6, 0.88, False),
        (se.label, "SE layer, batch 1: times as fast as eager, NCHW"): (2.4, 2.0, True),
    }


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """A shell script that stands for compute-sanitizer, or ncu."""
    path = tmp_path / "compute-sanitizer"
    monkeypatch.setattr(_sanitizers, "program", lambda: str(path))
    monkeypatch.setattr(_profiler, "program", lambda: str(path))

    def write(script):
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return write


def test_sanitizers_watch_all_kernels_and_report_what_kept_them_from_working(fake, monkeypatch):
    for status, clean in ((0, True), (9, False), (1, None)):
        fake(f"echo $*; exit {status}")
        result = _sanitizers.sanitize("racecheck", seconds=20)
        assert result["clean"] is clean
        options = "--tool racecheck --error-exitcode 9 --kernel-name kns=pointwise"
        assert result["said"] == f"{options} {sys.executable} -m benchmarks._launches\n"
    monkeypatch.setattr(_sanitizers, "program", lambda: None)
    missing = _sanitizers.sanitize("memcheck", seconds=1)
    assert missing["clean"] is None
    assert "comes with the CUDA toolkit" in missing["reason"]


def test_a_sanitizer_out_of_time_takes_all_its_processes_along(fake):
    fake("sleep 20.125 & wait")
    assert _sanitizers.sanitize("synccheck", seconds=0.5) == {"clean": None, "reason": "not done after 0 s"}
    assert subprocess.run(["pgrep", "-f", "^sleep 20.125$"], check=False).returncode == 1


def test_a_tool_that_misses_a_planted_fault_is_found_out(fake):
    fake('case "$*" in *"racecheck"*"--fault racecheck") exit 9;; esac')
    found = _sanitizers.sanitize_all(seconds=20)
    assert {tool: (row["clean"], row["finds_fault"]) for tool, row in found.items()} == {
        "memcheck": (True, False),
        "racecheck": (True, True),
        "synccheck": (True, False),
    }


def printed(launches):
    """What ncu prints: words of its own, then a table with one line for each metric of each launch."""
    lines = [
        "==PROF== Connected to process 7",
        "a line of the program",
        '"ID","Metric Name","Metric Unit","Metric Value"',
    ]
    for number, values in launches.items():
        lines += [f'"{number}","{name}","byte","{value}"' for name, value in zip(METRICS, values, strict=True)]
    return lines


METRICS = _profiler.METRICS.values()
NUMBERS = ("2.5", "32", "1,234,567", "0", "4096", "18.15")


def test_counters_are_read_from_what_ncu_prints_in_the_order_of_the_launches():
    found = _profiler.rows(printed({10: NUMBERS, 9: ("4", *NUMBERS[1:])}), ("first", "second"))
    names = [*_profiler.METRICS]
    values = [2.5, 32.0, 1234567.0, 0.0, 4096.0, 18.15]
    assert found == [
        {"variant": "first", **dict(zip(names, [4.0, *values[1:]], strict=True))},  # 9 comes before 10
        {"variant": "second", **dict(zip(names, values, strict=True))},
    ]


@pytest.mark.parametrize("launches", [{}, {0: NUMBERS}, {0: NUMBERS, 1: NUMBERS, 2: NUMBERS}])
def test_a_wrong_number_of_launches_is_no_table_of_counters(launches):
    with pytest.raises(ValueError, match=f"2 launches wanted, ncu saw {len(launches)}"):
        _profiler.rows(printed(launches), ("first", "second"))


def test_without_ncu_there_are_no_counters_and_one_sentence_says_why(monkeypatch):
    monkeypatch.setattr(_profiler, "program", lambda: None)
    reason = _profiler.profile(("naive",), seconds=1)["reason"]
    assert reason == "ncu is not on the PATH: it comes with the CUDA toolkit"


def test_ncu_is_looked_for_on_the_path_and_under_cuda_home(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("CUDA_HOME", str(tmp_path))
    assert _profiler.program() is None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ncu").touch()
    assert _profiler.program() == str(tmp_path / "bin" / "ncu")


def test_ncu_watches_the_kernels_of_the_ladder_and_its_counters_are_kept(fake, tmp_path):
    (tmp_path / "table").write_text("\n".join(printed({0: NUMBERS, 1: NUMBERS})))
    fake(f'echo "$*" > {tmp_path}/asked; cat {tmp_path}/table')
    found = _profiler.profile(("naive", "coalesced"), seconds=20)
    assert [row["variant"] for row in found["rows"]] == ["naive", "coalesced"]
    assert found["rows"][1]["l2_bytes"] == 1234567
    asked = (tmp_path / "asked").read_text()
    assert "-k regex:pointwise" in asked
    assert f"--metrics {','.join(METRICS)} {sys.executable} -m benchmarks._launches --ladder\n" in asked


def test_what_keeps_ncu_from_counting_is_recorded(fake, tmp_path):
    fake("echo ERR_NVGPUCTRPERM; exit 3")
    assert _profiler.profile(("naive",), seconds=20) == {
        "reason": "ncu ended with status 3",
        "said": "ERR_NVGPUCTRPERM\n",
    }
    (tmp_path / "table").write_text("\n".join(printed({0: NUMBERS})))
    fake(f"cat {tmp_path}/table")
    few = _profiler.profile(("naive", "coalesced"), seconds=20)
    assert "2 launches wanted, ncu saw 1" in few["reason"]
    assert few["said"].endswith('"18.15"')
    for word in ("other__metric", "n/a"):
        text = "\n".join(printed({0: NUMBERS})).replace("18.15" if word == "n/a" else [*METRICS][-1], word)
        (tmp_path / "table").write_text(text)
        assert "can't be read" in _profiler.profile(("naive",), seconds=20)["reason"]
    fake("exec sleep 20.375")
    assert _profiler.profile(("naive",), seconds=0.5) == {"reason": "not done after 0 s"}
    assert subprocess.run(["pgrep", "-f", "^sleep 20.375$"], check=False).returncode == 1


def test_who_cannot_be_compiled_ahead_is_named_and_stops_nobody(tmp_path):
    places = [tmp_path / "a", tmp_path / "missing" / "b", tmp_path / "c"]
    errors = _prepare.side_by_side(os.mkdir, [(str(place),) for place in places], processes=2)
    assert len(errors) == 1
    assert "No such file or directory" in errors[0]
    assert [place.exists() for place in places] == [True, False, True]
    long = _prepare.side_by_side(int, [("1",), ("x" * 500,)], processes=1)
    assert [len(error) for error in long] == [200]
    assert _prepare.side_by_side(int, [("1",)], processes=1) == []


def test_all_variants_are_compiled_ahead(monkeypatch):
    asked = []
    monkeypatch.setattr(_prepare, "side_by_side", lambda function, given: asked.append((function, [*given])) or [])
    assert _prepare.all_kernels() == []
    assert asked == [(_prepare.kernel, [(name,) for name in VARIANTS])]


def test_of_the_contestants_those_that_compile_are_run_ahead(monkeypatch):
    ran = []

    class Played:
        def __init__(self, name):
            self.name, self.run = name, lambda: ran.append(name)

    monkeypatch.setattr(_prepare, "operands", lambda *a, **options: ("x", "weight", "bias"))
    names = ("ours", "Triton", "eager", "torch.compile", "cuBLAS")
    monkeypatch.setattr(_prepare, "contestants", lambda *a, compiled: map(Played, names))
    _prepare.rivals(gpu.DRY_LAYERS[0], 2, torch.float32, True)
    assert ran == ["Triton", "torch.compile"]


def test_the_contestants_of_bfloat16_compute_in_it_and_agree():
    arrays = _contestants.operands(NetworkLayer("", "", 16, 8, 4), 2, "cpu", dtype=torch.bfloat16)
    assert {array.dtype for array in arrays} == {torch.bfloat16}
    found = list(_contestants.contestants(*arrays, compiled=False))
    assert {one.precision for one in found} == {"bfloat16"}
    keys = [(one.name, one.layout) for one in found]
    assert keys == [
        ("ours", "NCHW"),
        ("cuBLAS", "NCHW"),
        ("eager", "NCHW"),
        ("eager", "channels_last"),
        ("cuBLASLt fused", "channels_last"),
    ]
    for one in found:
        assert one.run().dtype == torch.bfloat16
        assert _contestants.agrees(one, *arrays)
        off = _contestants.Contestant("", "bfloat16", one.layout, lambda one=one: one.call() * 1.1, one.whole)
        assert not _contestants.agrees(off, *arrays)


def test_the_profiled_variants_are_one_of_each_step_that_the_layer_of_the_ladder_has():
    layer, _ = _launches.LADDER
    for name in _launches.PROFILED:
        assert _correctness.fits(VARIANTS[name], layer.in_channels, layer.size**2)
    assert {VARIANTS[name].step for name in _launches.PROFILED} == {
        variant.step for variant in VARIANTS.values() if not variant.one_pixel
    } - {"split_k"}


def test_each_tool_has_a_fault_that_the_source_can_take():
    assert set(_launches.FAULTS) == {*_sanitizers.TOOLS}
    for step, piece, instead in _launches.FAULTS.values():
        assert kernels.edited(step, piece, instead) != kernels.source()
        assert VARIANTS[step].step == step


@pytest.mark.skipif(
    importlib.util.find_spec("triton") is None,
    reason="Triton is not installed: it comes with CUDA builds of PyTorch",
)
def test_the_twin_in_triton_is_right_in_its_interpreter():
    program = """
import torch
from benchmarks._triton import pointwise
torch.manual_seed(0)
x, weight, bias = torch.randn(2, 70, 9, 11), torch.randn(50, 70, 1, 1), torch.randn(50)
y = pointwise(x, weight, bias, tile={"tile_rows": 32, "tile_columns": 64, "depth": 32})
torch.testing.assert_close(y, torch.relu(torch.nn.functional.conv2d(x, weight, bias)), atol=1e-4, rtol=1e-4)
"""
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr
