"""The measurements that need a GPU, as far as a CPU can go: a rehearsal, its record, and its arithmetic."""

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmarks import _contestants, _correctness, _launches, _sanitizers, _stopwatch, gpu
from benchmarks._record import Record, summary
from benchmarks._targets import targets
from companion import kernels
from companion.kernels import LAYERS, VARIANTS, NetworkLayer

ROOT = Path(__file__).resolve().parent.parent
TIMES = {"lower_us", "median_us", "upper_us", "repeats", "graph"}
TIMING = {"layer", "network", "batch", "race", "contestant", "precision", "layout", "agrees", "whole", *TIMES}
PARTS = {"device", "versions", "correctness", "beyond_32_bits", "sanitizers", "ceilings", "ladder", "timings"}


def check_schema(data):
    """Hold a record to what benchmarks/README.md says of it."""
    assert set(data) >= PARTS | {"date", "left_out", "targets"}
    assert {"python", "torch"} <= set(data["versions"])
    assert {row["variant"] for row in data["correctness"]} == {*VARIANTS}
    assert all(row["right"] for row in data["correctness"] + data["beyond_32_bits"])
    assert set(data["sanitizers"]) == {*_sanitizers.TOOLS}
    assert set(data["ceilings"]) == {"copy", "sgemm", "tf32_gemm", "one_launch_us"}
    assert [row["variant"] for row in data["ladder"]["rows"]] == [
        v.name for v in VARIANTS.values() if not v.one_pixel
    ]
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
    assert len(data["timings"]) == len(gpu.DRY_LAYERS) * 2 * (4 + 6 + 4)
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
    path = ROOT / "benchmarks" / "results" / "gpu.json"
    if not path.exists():
        pytest.skip("no measurement on a GPU is recorded yet")
    data = json.loads(path.read_text("utf-8"))
    check_schema(data)
    assert "no measurement" not in data["device"]["name"]


def test_when_the_clock_runs_out_the_rest_is_named_and_can_be_measured_later(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "jobs", lambda layers: [(layer, 2, False) for layer in layers])
    watch = _stopwatch.Stopwatch("cpu", repeats=4, flush=64)
    record = Record(tmp_path / "gpu.json")
    gpu.timings(record, watch, gpu.DRY_LAYERS, deadline=float("-inf"))
    assert record.data["timings"] == []
    assert record.data["left_out"] == [f"{layer.label}, batch 2" for layer in gpu.DRY_LAYERS]
    for _ in range(2):  # the second time there is nothing left to do
        gpu.timings(record, watch, gpu.DRY_LAYERS, deadline=float("inf"))
        assert [row["race"] for row in record.data["timings"]] == [1] * 10 + [2] * 10
        assert record.data["left_out"] == []
    assert json.loads(record.path.read_text("utf-8"))["timings"] == record.data["timings"]


def test_one_that_fails_does_not_end_the_race(tmp_path, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("not today")

    monkeypatch.setattr(_contestants, "_matmul", broken)
    monkeypatch.setattr(gpu, "jobs", lambda layers: [(layers[0], 2, False)])
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
    assert len(jobs) == len(set(jobs)) == 2 * 3 * len(LAYERS)
    assert {batch for _, batch, _ in jobs} == {1, 32, 256}
    assert [(layer.size, batch, compiled) for layer, batch, compiled in jobs[:3]] == [
        (1, 1, False),
        (1, 1, False),
        (112, 256, True),  # the thinnest
    ]
    wanted = [job for job in jobs if job[2] and job[1] == 256 and job[0].size > 1 and job[0].h <= 60]
    assert jobs[2 : 2 + len(wanted)] == wanted
    last = [job for job in jobs if job[2] and job not in wanted]
    assert jobs[-len(last) :] == last


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
    for fault in (lambda y: y + 1e-3, lambda y: y * 1.1, lambda y: y * torch.nan):  # the second keeps zeros
        monkeypatch.setattr(
            kernels, "pointwise_conv", lambda *a, fault=fault, **options: fault(real(*a, **options))
        )
        assert not any(row["right"] for row in _correctness.all_variants("cpu"))
        assert not any(row["right"] for row in _correctness.beyond_32_bits("cpu", sizes=(2, 1200)))


def test_the_ragged_shapes_reach_every_variant_and_the_far_tensor_is_far():
    for variant in VARIANTS.values():
        assert sum(_correctness.fits(variant, s[1], s[3] * s[4]) for s in _correctness.SHAPES) >= 4
    images, pixels = _correctness.FAR
    assert images * 4 * pixels > 2**31
    assert images * pixels < 2**31 - 2**10
    assert pixels % 4 == 0


def test_a_contestant_runs_under_its_own_setting_which_is_then_set_back():
    def switches():
        return torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32

    before = switches()
    for precision, allowed in (("tf32", True), ("ieee", False)):
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
    thin, middle, wide, se = map(named, ("16→96 @ 112²", "128→256 @ 28²", "1024→1024 @ 7²", "2048→128 @ 1²"))
    rows = [
        timed(thin, "ours", thin.bytes(256) / 2.7e12),
        timed(thin, "ours", thin.bytes(256) / 1.8e12, precision="tf32"),
        timed(thin, "eager", 2.5 * thin.bytes(256) / 2.7e12),
        timed(thin, "torch.compile", 1.5 * thin.bytes(256) / 2.7e12, layout="channels_last"),
        timed(thin, "cuDNN fused", 0.9 * thin.bytes(256) / 2.7e12, layout="channels_last"),
        timed(middle, "ours", middle.flops(256) / 40e12),
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
        (thin.label, "thin: times as fast as cuDNN fused, channels_last"): (0.9, 1.0, False),
        (thin.label, "TF32: share of the copy bandwidth"): (0.6, 0.7, False),
        (middle.label, "middle: share of the SGEMM ceiling"): (0.8, 0.75, True),
        (wide.label, "wide: share of the SGEMM ceiling"): (0.6, 0.8, False),
        (se.label, "SE layer, batch 1: times as fast as eager, NCHW"): (2.4, 2.0, True),
    }


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """A shell script that stands for compute-sanitizer."""
    path = tmp_path / "compute-sanitizer"
    monkeypatch.setattr(_sanitizers, "program", lambda: str(path))

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
