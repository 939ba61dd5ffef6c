"""The measurements that need a GPU, as far as a CPU can go: a rehearsal, its record, and its arithmetic."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import _contestants, _correctness, _sanitizers, _stopwatch, gpu
from benchmarks._record import Record, summary
from benchmarks._targets import targets
from companion import kernels
from companion.kernels import LAYERS, VARIANTS, NetworkLayer

ROOT = Path(__file__).resolve().parent.parent
TIMING = {"layer", "network", "batch", "contestant", "precision", "layout", "agrees", "whole", "graph", "repeats"}
TIMES = {"lower_us", "median_us", "upper_us"}
PARTS = {
    "date",
    "device",
    "versions",
    "correctness",
    "beyond_32_bits",
    "ceilings",
    "timings",
    "left_out",
    "targets",
}


def check_schema(data):
    """Hold a record to what benchmarks/README.md says of it."""
    assert set(data) >= PARTS | {f"sanitizer_{tool}" for tool in _sanitizers.TOOLS}
    assert {"name"} <= set(data["device"])
    assert {"python", "torch"} <= set(data["versions"])
    assert {row["variant"] for row in data["correctness"]} == {*VARIANTS}
    assert set(data["ceilings"]) == {"copy", "sgemm", "tf32_gemm", "one_launch_us"}
    for row in data["timings"]:
        assert set(row) >= TIMING | TIMES
        assert 0 < row["lower_us"] <= row["median_us"] <= row["upper_us"]
    keys = [
        (row["layer"], row["batch"], row["contestant"], row["precision"], row["layout"]) for row in data["timings"]
    ]
    assert len(keys) == len(set(keys))


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
    assert all(row["right"] for row in data["correctness"] + data["beyond_32_bits"])
    assert all(row["agrees"] for row in data["timings"])
    who = {row["contestant"] for row in data["timings"]}
    assert who == {"ours", "cuBLAS", "eager", "torch.compile"}
    assert len(data["timings"]) == len(gpu.DRY_LAYERS) * 2 * (4 + 4 + 4)
    assert data["left_out"] == []


def test_a_rehearsal_may_not_touch_the_record(capsys):
    with pytest.raises(SystemExit):
        gpu.main(["--dry-run"])
    assert "its numbers belong in no record" in capsys.readouterr().err


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
    assert all(row["right"] for row in data["correctness"] + data["beyond_32_bits"])


def test_when_the_clock_runs_out_the_rest_is_named_and_can_be_measured_later(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "BATCHES", (2,))
    monkeypatch.setattr(gpu, "jobs", lambda layers: [(layer, 2, False) for layer in layers])
    watch = _stopwatch.Stopwatch("cpu", repeats=4, flush=64)
    record = Record(tmp_path / "gpu.json")
    gpu.timings(record, watch, gpu.DRY_LAYERS, deadline=float("-inf"))
    assert record.data["timings"] == []
    assert record.data["left_out"] == [f"{layer.label}, batch 2" for layer in gpu.DRY_LAYERS]
    for _ in range(2):  # the second time there is nothing left to do
        gpu.timings(record, watch, gpu.DRY_LAYERS, deadline=float("inf"))
        assert len(record.data["timings"]) == 2 * 8
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
    assert {row["contestant"] for row in record.data["timings"]} == {"ours", "eager"}


def test_all_layers_and_batches_are_measured_and_compiling_comes_last():
    jobs = list(gpu.jobs(LAYERS))
    assert len(jobs) == len(set(jobs)) == 2 * 3 * len(LAYERS)
    assert {batch for _, batch, _ in jobs} == {1, 32, 256}
    compiled = [job[2] for job in jobs]
    assert compiled == sorted(compiled)
    assert [layer.size for layer, _, _ in jobs[:3]] == [1, 1, 112]  # SE, then the thinnest


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
    monkeypatch.setattr(kernels, "pointwise_conv", lambda *a, **options: real(*a, **options) + 1e-3)
    assert not any(row["right"] for row in _correctness.all_variants("cpu"))
    assert not any(row["right"] for row in _correctness.beyond_32_bits("cpu", sizes=(2, 1200)))
    monkeypatch.setattr(kernels, "pointwise_conv", lambda *a, **options: real(*a, **options) * 1.1)  # keeps zeros
    assert not any(row["right"] for row in _correctness.beyond_32_bits("cpu", sizes=(2, 1200)))
    monkeypatch.setattr(kernels, "pointwise_conv", lambda *a, **options: real(*a, **options) * float("nan"))
    assert not any(row["right"] for row in _correctness.all_variants("cpu"))


def test_the_ragged_shapes_reach_every_variant_and_the_far_tensor_is_far():
    tried = {
        name: [s for s in _correctness.SHAPES if _correctness.fits(v, s[1], s[3] * s[4])]
        for name, v in VARIANTS.items()
    }
    assert min(map(len, tried.values())) >= 4
    images, pixels = _correctness.FAR
    assert images * 4 * pixels > 2**31
    assert images * pixels < 2**31 - 2**10
    assert pixels % 4 == 0


def test_the_switches_are_set_back():
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    for allowed in (True, False):
        with _contestants.tf32(allowed):
            assert torch.backends.cudnn.allow_tf32 is torch.backends.cuda.matmul.allow_tf32 is allowed
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32) == before


def test_summaries_are_medians_and_quartiles_in_microseconds():
    assert summary([5e-6, 1e-6, 2e-6, 4e-6, 3e-6, 1.0]) == {
        "median_us": 3.5,
        "lower_us": 2.25,
        "upper_us": 4.75,
        "repeats": 6,
    }
    for bad in ([1.0] * 3, [1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, float("nan")]):
        with pytest.raises(ValueError, match="at least four finite times above 0"):
            summary(bad)


def test_a_record_refuses_nan_and_keeps_what_it_had(tmp_path):
    record = Record(tmp_path / "results" / "a.json", device={"name": "none"})
    record.add("part", [1.5])
    with pytest.raises(ValueError, match="Out of range float"):
        record.add("other", float("nan"))
    assert json.loads(record.path.read_text("utf-8")) == {
        "date": record.data["date"],
        "device": {"name": "none"},
        "part": [1.5],
    }


def timed(layer, contestant, seconds, precision="ieee", layout="NCHW", batch=256, agrees=True):
    return {
        "layer": layer.label,
        "contestant": contestant,
        "precision": precision,
        "layout": layout,
        "batch": batch,
        "median_us": seconds * 1e6,
        "agrees": agrees,
    }


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


def test_a_wrong_contestant_wins_nothing():
    layer = named("192→16 @ 28²")
    rows = [timed(layer, "ours", 1e-4, agrees=False), timed(layer, "eager", 1.0)]
    assert targets(rows, {"copy": 3e12, "sgemm": 50e12}) == []


def test_sanitizers_report_what_kept_them_from_working(monkeypatch, tmp_path):
    monkeypatch.setattr(_sanitizers, "program", lambda: None)
    missing = _sanitizers.sanitize("memcheck", seconds=1)
    assert missing["clean"] is None
    assert "comes with the CUDA toolkit" in missing["reason"]
    for status, clean in ((0, True), (9, False), (1, None)):
        fake = tmp_path / f"ends_with_{status}"
        fake.write_text(f"#!/bin/sh\necho $2; exit {status}\n")
        fake.chmod(0o755)
        monkeypatch.setattr(_sanitizers, "program", lambda fake=fake: str(fake))
        result = _sanitizers.sanitize("racecheck", seconds=20)
        assert result["clean"] is clean
        assert result["said"] == "racecheck\n"
    fake.write_text("#!/bin/sh\nexec sleep 20\n")
    assert _sanitizers.sanitize("synccheck", seconds=0.2) == {"clean": None, "reason": "not done after 0 s"}


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
