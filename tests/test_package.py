"""The package as a whole: importing it does nothing."""

import subprocess
import sys

import pytest

import companion


def test_every_module_is_reachable_and_listed():
    for name in companion.__all__:
        assert getattr(companion, name).__name__ == f"companion.{name}"
        assert name in dir(companion)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        companion.nonsense  # noqa: B018


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_importing_the_package_loads_nothing_else():
    program = (
        "import sys, companion; print([m for m in ('torch', 'numpy', 'matplotlib', 'cupy') if m in sys.modules])"
    )
    assert run(program) == "[]\n"


def test_importing_every_module_takes_under_a_second_beyond_torch_and_prints_nothing():
    program = (
        "import torch, time; start = time.process_time(); import companion; "
        "[getattr(companion, name) for name in companion.__all__]; print(time.process_time() - start)"
    )
    seconds = min(
        float(run(program)) for _ in range(2)
    )  # of the processor: other work on the machine does not count
    assert seconds < 1.0


def test_importing_the_modules_leaves_torch_as_it_was():
    program = (
        "import torch; state = torch.get_rng_state(), torch.get_num_threads(), torch.get_default_dtype(); "
        "import companion; [getattr(companion, name) for name in companion.__all__]; "
        "print(torch.equal(state[0], torch.get_rng_state()), state[1:] == "
        "(torch.get_num_threads(), torch.get_default_dtype()))"
    )
    assert run(program) == "True True\n"
