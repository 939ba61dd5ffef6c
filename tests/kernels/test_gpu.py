"""The kernels on a GPU, where there is one: what the emulator's tests ask of the source, asked of the machine."""

import numpy as np
import pytest
import torch

from companion.kernels import VARIANTS, gpu_unavailable_reason, pointwise_conv
from companion.kernels._operator import operator
from companion.kernels.emulator import Emulator
from tests.kernels.arrays import bound, dtype_of, needs_compiler, reference, sizes_for, some_arrays

pytestmark = pytest.mark.skipif(gpu_unavailable_reason() is not None, reason=str(gpu_unavailable_reason()))
with_torch = pytest.mark.skipif(not torch.cuda.is_available(), reason="this torch was built without CUDA")


@pytest.fixture
def cupy():
    return pytest.importorskip("cupy")


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_every_variant_is_right_on_ragged_shapes(cupy, variant):
    arrays = some_arrays(*sizes_for(variant), dtype=dtype_of(variant))
    if variant.dtype == "bfloat16":  # of which CuPy has no arrays
        if not torch.cuda.is_available():
            pytest.skip("this torch was built without CUDA")
        there = {name: torch.tensor(array.astype(np.float32)).bfloat16().cuda() for name, array in arrays.items()}
    else:
        there = {name: cupy.asarray(array) for name, array in arrays.items()}
    y = pointwise_conv(**there, activation="relu6", variant=variant.name, precision=variant.precision)
    y = y.double().cpu().numpy() if isinstance(y, torch.Tensor) else y.get().astype(np.float64)
    wanted, scale = reference(arrays, "relu6")
    assert (abs(y - wanted) / scale).max() <= bound(arrays, variant.precision)


@with_torch
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_under_autocast_the_kernels_for_sixteen_bits_are_used(dtype):
    x, weight, bias, residual = tensors()
    with torch.autocast("cuda", dtype=dtype):
        y = pointwise_conv(x, weight, bias, residual=residual, activation="relu")
    assert y.dtype == dtype
    wanted = on_the_cpu(*(tensor.to(dtype) for tensor in (x, weight, bias, residual)), activation="relu")
    torch.testing.assert_close(y.cpu(), wanted, rtol=2e-2, atol=2e-2)


@needs_compiler
@pytest.mark.parametrize(
    "name",
    [
        "naive",
        "coalesced",
        "shared_tile",
        "register_blocking",
        "register_64x128",
        "register_16x128_scalar",
        "one_pixel_8",
        "split_k",
    ],
)
def test_the_gpu_and_the_emulator_agree_to_the_last_bit(cupy, name):
    arrays = some_arrays(*sizes_for(VARIANTS[name]))
    there = {name: cupy.asarray(array) for name, array in arrays.items()}
    y = pointwise_conv(**there, activation="relu", variant=name).get()
    np.testing.assert_array_equal(y, Emulator().pointwise_conv(**arrays, activation="relu", variant=name))


def tensors(batch=4, in_channels=40, out_channels=70, height=6, width=10, **options):
    shapes = (batch, in_channels, height, width), (out_channels, in_channels), (out_channels,)
    shapes = (*shapes, (batch, out_channels, height, width))
    return [torch.randn(shape, device="cuda", **options) for shape in shapes]


def on_the_cpu(x, weight, bias, residual, **options):
    x, weight, bias, residual = (tensor.cpu() for tensor in (x, weight, bias, residual))
    return pointwise_conv(x, weight, bias, residual=residual, **options)


@with_torch
@pytest.mark.parametrize("precision", ["ieee", "tf32", "tf32x3"])
def test_tensors_are_computed_where_they_lie_on_the_stream_of_the_caller(precision):
    x, weight, bias, residual = tensors()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)  # the input is late: on another stream the kernel would be too early
        late = x + 1
        y = pointwise_conv(late, weight, bias, residual=residual, precision=precision)
    stream.synchronize()
    wanted = on_the_cpu(x + 1, weight, bias, residual, precision=precision)
    torch.testing.assert_close(y.cpu(), wanted, rtol=1e-4, atol=1e-4)


@with_torch
@pytest.mark.parametrize("precision", ["ieee", "tf32"])
def test_a_cuda_graph_of_it_can_be_replayed(precision):
    x, weight, bias, residual = tensors()
    pointwise_conv(x, weight, bias, residual=residual, precision=precision)  # compiles
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y = pointwise_conv(x, weight, bias, residual=residual, precision=precision)
    x.copy_(torch.randn_like(x))
    graph.replay()
    torch.cuda.synchronize()
    wanted = on_the_cpu(x, weight, bias, residual, precision=precision)
    torch.testing.assert_close(y.cpu(), wanted, rtol=1e-4, atol=1e-4)


@with_torch
def test_gradients_are_those_of_the_cpu():
    there = tensors(requires_grad=True)
    here = [tensor.detach().cpu().requires_grad_() for tensor in there]
    for x, weight, bias, residual in (there, here):
        pointwise_conv(x, weight, bias, residual=residual, activation="relu").square().sum().backward()
    for ours, theirs in zip(there, here, strict=True):
        torch.testing.assert_close(ours.grad.cpu(), theirs.grad, rtol=1e-3, atol=1e-3)


@with_torch
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_operator_is_one_by_the_rules_of_torch():
    x, weight, bias, residual = tensors(requires_grad=True)
    torch.library.opcheck(operator, (x, weight, bias, residual, "relu", "ieee", None))


@with_torch
def test_a_tensor_may_have_more_than_2_to_the_31_numbers():
    if torch.cuda.mem_get_info()[0] < 40e9:
        pytest.skip("the GPU has less than 40 GB free")
    x = torch.zeros(2, 3, 2**14, 2**15 + 4, device="cuda")
    x[1, :, -1, -300:] = torch.randn(3, 300, device="cuda")
    weight = torch.randn(5, 3, device="cuda")
    assert x.numel() > 2**31
    for precision in ("ieee", "tf32"):
        y = pointwise_conv(x, weight, precision=precision)
        wanted = weight @ x[1, :, -1, -300:]
        torch.testing.assert_close(y[1, :, -1, -300:], wanted, rtol=1e-2, atol=1e-2)
        assert y.count_nonzero() == 5 * 300
        del y


@with_torch
def test_a_tensor_on_the_cpu_beside_one_on_the_gpu_is_refused():
    x, weight, _, _ = tensors()
    with pytest.raises(TypeError, match=r"must share one device, got \{'x': 'cuda:0', 'weight': 'cpu'\}"):
        pointwise_conv(x, weight.cpu())
