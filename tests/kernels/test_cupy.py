"""The way to a GPU, followed without one: CuPy is played by a few lines that hand its kernels to the emulator.

What this can't show is whether a GPU does the same; it shows what CuPy is asked for, and in which order.
"""

import contextlib
import sys
from types import MappingProxyType, ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from companion.kernels import VARIANTS, _cupy, _operator, gpu_unavailable_reason, pointwise_conv
from companion.kernels.emulator import Emulator
from tests.kernels.arrays import needs_compiler, reference, some_arrays


class FakeArray:
    """An array "on a GPU": NumPy's, behind the few attributes of CuPy's that are used."""

    def __init__(self, array, index=0):
        self.array, self.device = array, FakeDevice(index)
        self.shape, self.dtype, self.flags = array.shape, array.dtype, array.flags
        self.data = SimpleNamespace(ptr=array.ctypes.data)


class FakeDevice:
    current = 0
    attributes = MappingProxyType({"MultiProcessorCount": 4, "MaxSharedMemoryPerBlockOptin": 232_448})
    compute_capability = "90"

    def __init__(self, index):
        self.id = index

    def __enter__(self):
        self.before, FakeDevice.current = FakeDevice.current, self.id

    def __exit__(self, *error):
        FakeDevice.current = self.before


class FakeKernel:
    def __init__(self, log, variant):
        self.log, self.variant = log, variant

    def __setattr__(self, name, value):
        if name == "max_dynamic_shared_size_bytes":
            self.log.append(("shared memory", value, FakeDevice.current))
        super().__setattr__(name, value)

    def __call__(self, grid, block, args, *, shared_mem=0):
        self.log.append(("launch", self.variant.name, FakeDevice.current))
        assert shared_mem <= self.max_dynamic_shared_size_bytes
        Emulator().kernel(self.variant)(grid, block, args, shared_mem=shared_mem)


@pytest.fixture
def log(monkeypatch):
    """What the played CuPy was asked for."""
    log = []

    class RawModule:
        def __init__(self, *, code, options, name_expressions):
            assert code.startswith('#line 1 "pointwise.cu"\n')
            assert options == ("--std=c++17",)
            (self.expression,) = name_expressions
            log.append(("module", self.expression))

        def get_function(self, name):
            assert name == self.expression
            return FakeKernel(log, next(v for v in VARIANTS.values() if v.expression == name))

    class Stream(contextlib.nullcontext):
        @classmethod
        def from_external(cls, stream):
            log.append(("stream", stream))
            return cls()

    cupy = ModuleType("cupy")
    cupy.ndarray, cupy.RawModule = FakeArray, RawModule
    cupy.empty = lambda shape, dtype: FakeArray(np.empty(shape, dtype), FakeDevice.current)
    cupy.cuda = SimpleNamespace(
        Device=FakeDevice,
        Stream=Stream,
        ExternalStream=lambda pointer, index: (
            log.append(("external stream", pointer, index)) or contextlib.nullcontext()
        ),
        runtime=SimpleNamespace(getDeviceCount=lambda: 2, CUDARuntimeError=OSError),
    )
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    caches = _cupy._kernel, _cupy._device
    for cache in caches:
        cache.cache_clear()
    yield log
    for cache in caches:
        cache.cache_clear()


@needs_compiler
@pytest.mark.parametrize("variant", [None, "naive", "tf32_64x128"])
def test_cupy_arrays_are_launched_on_their_device_with_its_current_stream(log, variant):
    arrays = some_arrays(2, 8, 9, 2, 4)
    given = {name: FakeArray(array, index=1) for name, array in arrays.items()}
    precision = VARIANTS[variant].precision if variant else "ieee"
    y = pointwise_conv(**given, activation="relu", variant=variant, precision=precision)
    assert y.device.id == 1
    wanted, scale = reference(arrays, "relu")
    assert (abs(y.array - wanted) / scale).max() < (1e-3 if variant == "tf32_64x128" else 1e-6)
    name = variant or "split_k"
    expression, shared_memory = VARIANTS[name].expression, VARIANTS[name].shared_memory
    assert log == [("module", expression), ("shared memory", shared_memory, 1), ("launch", name, 1)]
    assert FakeDevice.current == 0


@needs_compiler
def test_a_variant_is_compiled_once_for_a_device_and_set_up_before_the_first_launch(log):
    arrays = some_arrays(2, 8, 9, 2, 4)
    for index in (0, 0, 1, 1):
        given = {name: FakeArray(array, index) for name, array in arrays.items()}
        pointwise_conv(**given, precision="tf32")
    kinds = [entry[0] for entry in log]
    once = ["module", "shared memory", "launch", "launch"]
    assert kinds == once + once


@needs_compiler
@pytest.mark.parametrize("older", [None, "cupy", "torch"])
def test_tensors_are_launched_on_the_current_stream_of_torch_where_they_lie(log, monkeypatch, older):
    if older == "cupy":
        monkeypatch.delattr(sys.modules["cupy"].cuda.Stream, "from_external")
    stream = SimpleNamespace(cuda_stream=1234)
    if older != "torch":
        stream.__cuda_stream__ = lambda: (0, 1234)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda index: stream)
    monkeypatch.setattr(_cupy, "_index", lambda array: 1)
    x, weight, bias, residual = (torch.from_numpy(a.copy()) for a in some_arrays(2, 8, 9, 2, 4).values())
    y = _operator._on_gpu(x.requires_grad_(), weight, bias, residual, "relu", "ieee", None)
    assert isinstance(y, torch.Tensor)
    torch.testing.assert_close(y, pointwise_conv(x, weight, bias, residual=residual, activation="relu").detach())
    wanted = ("stream", stream) if older is None else ("external stream", 1234, 1)
    assert [entry for entry in log if "stream" in entry[0]] == [wanted]
    assert log[-1] == ("launch", "split_k", 1)


def test_tf32_needs_compute_capability_8(log, monkeypatch):
    monkeypatch.setattr(FakeDevice, "compute_capability", "75")
    given = {name: FakeArray(array) for name, array in some_arrays(2, 8, 9, 2, 4).items()}
    for variant in (None, "tf32_64x128"):
        with pytest.raises(ValueError, match=r"capability 8\.0 or newer, this one has 7\.5"):
            pointwise_conv(**given, precision="tf32", variant=variant)
    _cupy._device.cache_clear()
    monkeypatch.setattr(FakeDevice, "compute_capability", "120")
    assert _cupy._device(0).capability == (12, 0), "three digits are read right"


def test_arrays_on_two_gpus_are_refused_and_an_empty_result_is_not_launched(log):
    given = {name: FakeArray(array, i) for i, (name, array) in enumerate(some_arrays(2, 8, 9, 2, 4).items())}
    with pytest.raises(TypeError, match=r"must share one device, got {'x': 'cuda:0', 'weight': 'cuda:1'"):
        pointwise_conv(**given)
    x, weight = FakeArray(np.zeros((0, 8, 2, 4), np.float32)), FakeArray(np.zeros((9, 8), np.float32))
    assert pointwise_conv(x, weight).shape == (0, 9, 2, 4)
    assert log == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_one_sentence_names_the_way_on_a_cpu():
    pytest.importorskip("cupy")
    assert gpu_unavailable_reason().startswith("CuPy finds no GPU to run kernels on (")
    assert gpu_unavailable_reason().endswith(
        "On a CPU, give torch tensors that lie there, or NumPy arrays, which the emulator runs."
    )
    with pytest.raises(RuntimeError, match="CuPy finds no GPU"):
        _operator._on_gpu(torch.zeros(1, 2, 3, 4), torch.zeros(5, 2), None, None, None, "ieee", None)


def test_without_cupy_one_sentence_names_the_way_on_a_cpu(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert gpu_unavailable_reason().startswith(
        "CuPy is not installed, so no kernel can run on a GPU (pip install cupy-cuda13x)."
    )
    with pytest.raises(RuntimeError, match="On a CPU, give torch tensors that lie there, or NumPy arrays"):
        _cupy.Gpu()


def test_a_driver_without_a_gpu_is_no_gpu(log, monkeypatch):
    monkeypatch.setattr(sys.modules["cupy"].cuda.runtime, "getDeviceCount", lambda: 0)
    assert gpu_unavailable_reason().startswith("CuPy finds no GPU to run kernels on. On a CPU")
