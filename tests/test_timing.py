import re
import time

import pytest
import torch

from companion import timing


def test_a_slow_call_takes_longer_than_a_fast_one():
    timings = timing.measure({"fast": lambda: None, "slow": lambda: time.sleep(0.005)}, seconds=0.02)
    assert list(timings) == ["fast", "slow"]
    assert timings["fast"].median < 0.005 <= timings["slow"].median < 0.05
    assert timings["slow"].spread >= 0


def test_measuring_leaves_the_number_of_threads_alone():
    before = torch.get_num_threads()
    timing.measure({"call": lambda: None}, seconds=0.01, threads=1)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("seconds", [0, -1])
def test_seconds_are_positive(seconds):
    with pytest.raises(ValueError, match=f"seconds must be positive, got {seconds}"):
        timing.measure({}, seconds=seconds)


def test_the_machine_names_versions_and_day():
    assert re.search(r"PyTorch \S+, Python 3\.\d+\.\d+, \d{4}-\d\d-\d\d$", timing.machine())
