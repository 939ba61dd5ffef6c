"""The environment of every test and of the kernels that nbval starts: the one the stored outputs were made in."""

import os

import pytest

from tools.environment import ENVIRONMENT

pytest_plugins = ["tests.nbval_tolerance"]

for name, value in ENVIRONMENT.items():
    os.environ.setdefault(name, value)


def pytest_collection_modifyitems(items):
    """Skip the chapter that runs CUDA kernels where there is no C++ compiler to run them with."""
    chapter = [item for item in items if item.path.name == "gpu_kernel.ipynb"]
    if chapter:
        from companion.kernels import emulator

        if reason := emulator.unavailable_reason():
            for item in chapter:
                item.add_marker(pytest.mark.skip(reason=reason))
