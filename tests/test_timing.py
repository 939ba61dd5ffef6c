"""What is asked of torch's timer and what is told of its answer; one test looks at a real clock."""

import math
import re
import time

import pytest
import torch
from torch.utils.benchmark import Measurement, TaskSpec

from companion import timing
from tests.refusals import refusals


@pytest.fixture
def asked(monkeypatch):
    """Put a timer without a clock in torch's place: blocks of 2 calls, which took 1, 2, 3, 4 and 30 seconds."""
    asked = []

    class FakeTimer:
        def __init__(self, stmt, *, globals, num_threads):
            self.stmt, self.globals, self.num_threads = stmt, globals, num_threads

        def blocked_autorange(self, min_run_time):
            exec(self.stmt, self.globals)
            asked.append((self.num_threads, min_run_time))
            spec = TaskSpec(self.stmt, setup="", num_threads=self.num_threads)
            return Measurement(number_per_run=2, raw_times=[2.0, 4.0, 6.0, 8.0, 60.0], task_spec=spec)

    monkeypatch.setattr(timing, "Timer", FakeTimer)
    return asked


def test_each_call_is_timed_on_one_thread_for_the_seconds_asked_for(asked):
    called = []
    calls = {"a": lambda: called.append("a"), "b": lambda: called.append("b")}
    timings = timing.measure(calls, seconds=0.7)
    timing.measure({"call": lambda: None})
    assert list(timings) == called == ["a", "b"]
    assert asked == [(1, 0.7), (1, 0.7), (1, 0.3)]
    assert timings["a"] == timing.Timing(median=3.0, spread=2.0), "the median and the distance of the quartiles"


def test_a_slow_call_takes_longer_than_a_fast_one():
    timings = timing.measure({"fast": lambda: None, "slow": lambda: time.sleep(0.005)}, seconds=0.02)
    assert timings["slow"].median > timings["fast"].median


test_seconds_are_positive_and_finite = refusals(
    *((lambda s=s: timing.measure({}, seconds=s), f"finite, got {s}") for s in (0, -1, math.nan, math.inf))
)


@pytest.mark.parametrize(
    ("cpuinfo", "processor"),
    [
        ("processor\t: 0\nmodel name\t: Some CPU: 3 GHz\nmodel name\t: another\n", "Some CPU: 3 GHz"),
        ("processor\t: 0\n", "from platform"),
        ("model name\t: \n", "from platform"),
        (None, "from platform"),
    ],
)
def test_the_machine_names_processor_versions_and_day(monkeypatch, tmp_path, cpuinfo, processor):
    path = tmp_path / "cpuinfo"
    if cpuinfo is not None:
        path.write_text(cpuinfo)
    monkeypatch.setattr(timing, "Path", {"/proc/cpuinfo": path}.__getitem__)
    monkeypatch.setattr(timing.platform, "processor", lambda: "from platform")
    known = f"{processor}, PyTorch {torch.__version__}, Python "
    assert re.fullmatch(re.escape(known) + r"3\.\d+\.\d+, \d{4}-\d\d-\d\d", timing.machine())
