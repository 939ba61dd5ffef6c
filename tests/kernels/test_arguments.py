"""Bad input, one test for each way in which it goes wrong: a clear error, or the right result."""

import numpy as np
import pytest
import torch

from companion.kernels import pointwise_conv
from companion.kernels._arguments import check_arrays
from tests.kernels.arrays import needs_compiler, some_arrays, sparse

KINDS = {"torch": torch.from_numpy, "numpy": lambda array: array}


@pytest.fixture(params=KINDS)
def arrays(request):
    rng = np.random.default_rng(0)
    shapes = {"x": (2, 5, 3, 4), "weight": (7, 5), "bias": (7,), "residual": (2, 7, 3, 4)}
    return {
        name: KINDS[request.param](rng.standard_normal(shape).astype(np.float32)) for name, shape in shapes.items()
    }


def refused(error, message, arrays, **changes):
    with pytest.raises(error, match=message):
        pointwise_conv(**(arrays | changes))


def test_1_things_that_are_no_arrays_and_arrays_of_two_libraries(arrays):
    refused(TypeError, "x must be a torch tensor, a CuPy array or a NumPy array, got list", arrays, x=[[1.0]])
    refused(TypeError, "weight must be .* got float", arrays, weight=1.0)
    refused(TypeError, "bias must be .* got str", arrays, bias="zero")
    refused(TypeError, "x must be .* got NoneType", arrays, x=None)
    other = np.zeros((7, 5), np.float32)
    mixed = torch.from_numpy(other) if isinstance(arrays["x"], np.ndarray) else other
    refused(TypeError, "arrays of one library, got {'x'", arrays, weight=mixed)


def test_1_tensors_on_two_devices():
    x, weight = torch.zeros(1, 2, 3, 4), torch.zeros(5, 2, device="meta")
    with pytest.raises(TypeError, match=r"must share one device, got {'x': 'cpu', 'weight': 'meta'}"):
        check_arrays({"x": x, "weight": weight})


def test_2_shapes_of_another_layer(arrays):
    refused(ValueError, r"x must have shape \(N, C_in, H, W\), got \(5, 3, 4\)", arrays, x=arrays["x"][0])
    refused(ValueError, r"weight must have shape .* got \(7,\)", arrays, weight=arrays["weight"][:, 0])
    larger = arrays["weight"].reshape(1, 7, 5, 1)
    refused(ValueError, r"weight must be a 1x1 kernel, got kernel_size \(5, 1\)", arrays, weight=larger)
    for option in ("stride", "padding", "groups", "dilation"):
        refused(TypeError, f"unexpected keyword argument '{option}'", arrays, **{option: 2})


def test_3_shapes_that_do_not_fit_each_other(arrays):
    narrow, few, one = arrays["weight"][:, :4], arrays["bias"][:6], arrays["residual"][:1]
    refused(ValueError, r"weight must have C_in = 5 columns.* got 4 \(there are no groups", arrays, weight=narrow)
    refused(ValueError, r"bias must have shape \(7,\), got \(6,\)", arrays, bias=few)
    refused(ValueError, r"residual must have shape \(2, 7, 3, 4\), got \(1, 7, 3, 4\)", arrays, residual=one)


@pytest.mark.parametrize("dtype", ["float16", "int32", "complex64", "bool"])
def test_4_dtypes_without_a_kernel(arrays, dtype):
    def cast(array):
        return array.astype(dtype) if isinstance(array, np.ndarray) else array.to(getattr(torch, dtype))

    all_cast = {name: cast(array) for name, array in arrays.items()}
    refused(TypeError, f"x must be of dtype float32.*, got {dtype}", all_cast)
    refused(TypeError, f"share one dtype, got .*'{dtype}'", arrays, bias=all_cast["bias"])


def test_4_float64_is_for_checks_of_gradients_on_a_cpu_and_has_no_kernel():
    x, weight = torch.zeros(1, 5, 3, 4).double(), torch.zeros(7, 5).double()
    assert pointwise_conv(x, weight).dtype == torch.float64
    with pytest.raises(TypeError, match="x must be of dtype float32, got float64"):
        pointwise_conv(x, weight, precision="tf32")
    with pytest.raises(TypeError, match="x must be of dtype float32, got float64"):
        pointwise_conv(x.numpy(), weight.numpy())


def test_4_numbers_in_the_byte_order_of_other_machines():
    x = np.zeros((1, 2, 3, 4), ">f4")
    with pytest.raises(TypeError, match="x must be of dtype float32, got >f4"):
        pointwise_conv(x, np.zeros((2, 2), ">f4"))


@pytest.mark.parametrize("name", ["x", "weight", "residual"])
def test_5_views_are_not_copied_in_silence(arrays, name):
    wide = np.zeros((*arrays[name].shape[:-1], 2 * arrays[name].shape[-1]), np.float32)
    view = (torch.from_numpy(wide) if isinstance(arrays["x"], torch.Tensor) else wide)[..., ::2]
    refused(ValueError, f"{name} must be contiguous.*Copy it first", arrays, **{name: view})


def test_5_channels_last_is_named():
    x = torch.zeros(2, 5, 3, 4).to(memory_format=torch.channels_last)
    with pytest.raises(ValueError, match=r"x must be contiguous.*channels_last"):
        pointwise_conv(x, torch.zeros(7, 5))


@needs_compiler
def test_6_data_off_the_16_byte_grid_gets_the_scalar_variant():
    memory = np.random.default_rng(0).standard_normal(2 * 5 * 3 * 4 + 1).astype(np.float32)
    weight = np.ones((7, 5), np.float32)
    even, odd = memory[:-1].reshape(2, 5, 3, 4), memory[1:].reshape(2, 5, 3, 4)
    assert pointwise_conv(even, weight, variant="register_16x128").shape == (2, 7, 3, 4)
    with pytest.raises(ValueError, match=r"'register_16x128' needs H.*multiples of 16 bytes"):
        pointwise_conv(odd, weight, variant="register_16x128")
    np.testing.assert_allclose(pointwise_conv(odd, weight)[:, 0], odd.sum(1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("empty", [(0, 5, 3, 4, 7), (2, 5, 0, 4, 7), (2, 5, 3, 4, 0), (2, 0, 3, 0, 7)])
@pytest.mark.parametrize("kind", KINDS)
def test_7_an_empty_result_needs_no_launch(empty, kind):
    batch, in_channels, height, width, out_channels = empty
    x = KINDS[kind](np.zeros((batch, in_channels, height, width), np.float32))
    y = pointwise_conv(x, KINDS[kind](np.zeros((out_channels, in_channels), np.float32)), activation="relu")
    assert tuple(y.shape) == (batch, out_channels, height, width)


@needs_compiler
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["ieee", "tf32"])
def test_7_without_input_channels_the_bias_is_left(kind, precision):
    x, weight = np.zeros((2, 0, 3, 4), np.float32), np.zeros((3, 0), np.float32)
    x, weight, bias = map(KINDS[kind], (x, weight, np.array([-1, 2, 7], np.float32)))
    y = pointwise_conv(x, weight, bias, activation="relu6", precision=precision)
    assert y[:, :, 0, 0].tolist() == [[0, 2, 6]] * 2
    assert (pointwise_conv(x, weight, precision=precision) == 0).all()


def test_8_more_pixels_than_a_launch_can_count():
    x = sparse(2**16, 1, 2**8, 2**7)
    with pytest.raises(
        ValueError, match=r"N \* H \* W must be at most 2147482624 .*got 2147483648: split the batch"
    ):
        pointwise_conv(x, np.zeros((1, 1), np.float32))


@needs_compiler
def test_9_the_result_is_new_memory_and_inputs_stay_as_they_are():
    arrays = some_arrays(2, 5, 5, 3, 4)
    arrays["residual"] = arrays["x"]
    before = {name: array.copy() for name, array in arrays.items()}
    y = pointwise_conv(**arrays)
    for name, array in arrays.items():
        assert not np.shares_memory(y, array)
        np.testing.assert_array_equal(array, before[name])


@needs_compiler
@pytest.mark.parametrize("variant", ["naive", "coalesced", "shared_tile", "register_16x128", "tf32_32x128_scalar"])
def test_10_numbers_that_are_not_numbers_go_where_they_should(variant):
    x = np.zeros((1, 3, 2, 4), np.float32)
    x[0, 0, 0] = [np.nan, np.inf, -np.inf, 1e-40]
    weight, precision = np.ones((2, 3), np.float32), "tf32" if variant.startswith("tf32") else "ieee"
    y = pointwise_conv(x, weight, variant=variant, precision=precision, activation="relu")
    np.testing.assert_array_equal(y[0, :, 0, :3], [[np.nan, np.inf, 0]] * 2)
    np.testing.assert_array_equal(y[0, :, 1], 0)
    assert pointwise_conv(x, weight, variant=variant, precision=precision)[0, 0, 0, 2] == -np.inf


def test_11_a_tensor_keeps_its_gradient(arrays):
    if isinstance(arrays["x"], torch.Tensor):
        arrays["weight"].requires_grad_()
        assert pointwise_conv(**arrays).requires_grad


def test_12_options_that_do_not_exist(arrays):
    refused(
        ValueError, r"activation must be one of \(None, 'relu', 'relu6'\), got 'gelu'", arrays, activation="gelu"
    )
    refused(ValueError, "activation must be one of .* got <built-in method relu", arrays, activation=torch.relu)
    refused(ValueError, r"precision must be one of \('ieee', 'tf32'\), got 'fp16'", arrays, precision="fp16")
    refused(ValueError, "variant must be None or one of .*'naive'.*, got 'best'", arrays, variant="best")


def test_12_a_variant_never_changes_the_precision_in_silence(arrays):
    refused(ValueError, "computes in 'tf32', but precision is 'ieee'", arrays, variant="tf32_64x128")
    refused(ValueError, "computes in 'ieee', but precision is 'tf32'", arrays, variant="naive", precision="tf32")
