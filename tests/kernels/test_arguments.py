"""Bad input, by the ways in which it goes wrong: a clear error, or the right result."""

import re

import numpy as np
import pytest
import torch

from companion.kernels import VARIANTS, pointwise_conv
from companion.kernels._arguments import check_arrays
from tests.kernels.arrays import dtype_of, needs_compiler, sparse
from tests.refusals import refusals

KINDS = {"torch": torch.from_numpy, "numpy": lambda array: array}


@pytest.fixture(params=KINDS)
def arrays(request):
    rng = np.random.default_rng(0)
    shapes = {"x": (2, 5, 3, 4), "weight": (7, 5), "bias": (7,), "residual": (2, 7, 3, 4)}
    make = KINDS[request.param]
    return {name: make(rng.standard_normal(shape).astype(np.float32)) for name, shape in shapes.items()}


def cast(array, dtype):
    return array.astype(dtype) if isinstance(array, np.ndarray) else array.to(getattr(torch, dtype))


def every_second(array):
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), np.float32)
    return (torch.from_numpy(wide) if isinstance(array, torch.Tensor) else wide)[..., ::2]


BAD = [
    # what is no array, or of another library
    ({"x": [[1.0]]}, TypeError, "x must be a torch tensor, a CuPy array or a NumPy array, got list"),
    ({"x": None}, TypeError, "x must be .* got NoneType"),
    ({"weight": 1.0}, TypeError, "weight must be .* got float"),
    ({"bias": "zero"}, TypeError, "bias must be .* got str"),
    ({"bias": np.ma.zeros(7, np.float32)}, TypeError, "bias must be .* got MaskedArray"),
    # shapes of another layer, and shapes that don't fit each other
    ({"x": lambda x: x[0]}, ValueError, r"x must have shape \(N, C_in, H, W\), got \(5, 3, 4\)"),
    ({"weight": lambda weight: weight[:, 0]}, ValueError, r"weight must have shape .* got \(7,\)"),
    ({"weight": lambda weight: weight.reshape(1, 7, 5, 1)}, ValueError, r"1x1 kernel, got kernel_size \(5, 1\)"),
    ({"weight": lambda weight: weight.reshape(7, 1, 1, 5)}, ValueError, r"1x1 kernel, got kernel_size \(1, 5\)"),
    ({"weight": lambda weight: weight[:, :4]}, ValueError, r"have C_in = 5 columns.* got 4 \(there are no groups"),
    ({"bias": lambda bias: bias[:6]}, ValueError, r"bias must have shape \(7,\), got \(6,\)"),
    ({"residual": lambda residual: residual[:1]}, ValueError, r"shape \(2, 7, 3, 4\), got \(1, 7, 3, 4\)"),
    # dtypes without a kernel, and two dtypes
    *(
        (
            dict.fromkeys(("x", "weight", "bias", "residual"), lambda a, to=dtype: cast(a, to)),
            TypeError,
            f"got {dtype}",
        )
        for dtype in ("int16", "int32", "complex64", "bool")
    ),
    ({"bias": lambda bias: cast(bias, "float64")}, TypeError, "share one dtype, got .*'bias': 'float64'"),
    # views, which are not copied in silence
    *(
        ({name: every_second}, ValueError, f"{name} must be contig.*Copy it first")
        for name in ("x", "weight", "residual")
    ),
    # options that don't exist, and variants that would change the precision in silence
    ({"stride": 2}, TypeError, "unexpected keyword argument 'stride'"),
    ({"activation": "gelu"}, ValueError, r"activation must be one of \(None, 'relu', 'relu6'\), got 'gelu'"),
    ({"activation": torch.relu}, ValueError, "activation must be one of .* got <built-in method relu"),
    ({"precision": "fp16"}, ValueError, r"precision must be one of \('ieee', 'tf32', 'tf32x3'\), got 'fp16'"),
    ({"variant": "best"}, ValueError, "variant must be None or one of .*'naive'.*, got 'best'"),
    ({"variant": "tf32_64x128"}, ValueError, "computes in 'tf32', but precision is 'ieee'"),
    (
        {"variant": "tf32_64x128", "precision": "tf32x3"},
        ValueError,
        "computes in 'tf32', but precision is 'tf32x3'",
    ),
    (
        {"variant": "tf32x3_64x128", "precision": "tf32"},
        ValueError,
        "computes in 'tf32x3', but precision is 'tf32'",
    ),
    ({"variant": "bf16_64x128", "precision": "tf32"}, ValueError, "computes in 'ieee', but precision is 'tf32'"),
    ({"variant": "naive", "precision": "tf32"}, ValueError, "computes in 'ieee', but precision is 'tf32'"),
]


@pytest.mark.parametrize(("changes", "error", "message"), BAD, ids=[re.sub(r"\W+", " ", row[2]) for row in BAD])
def test_what_no_kernel_can_take_is_refused_in_words(arrays, changes, error, message):
    made = {name: new(arrays[name]) if name in arrays and callable(new) else new for name, new in changes.items()}
    with pytest.raises(error, match=message):
        pointwise_conv(**(arrays | made))


def test_arrays_of_two_libraries_or_devices_are_refused(arrays):
    weight = np.zeros((7, 5), np.float32)
    other = torch.from_numpy(weight) if isinstance(arrays["x"], np.ndarray) else weight
    with pytest.raises(TypeError, match=r"arrays of one library, got {'x'"):
        pointwise_conv(**(arrays | {"weight": other}))
    with pytest.raises(TypeError, match=r"must share one device, got {'x': 'cpu', 'weight': 'meta'}"):
        check_arrays({"x": torch.zeros(1, 2, 3, 4), "weight": torch.zeros(5, 2, device="meta")}, "ieee")


def test_float64_is_for_checks_of_gradients_on_a_cpu():
    assert pointwise_conv(X.double(), WEIGHT.double()).dtype == torch.float64


X, WEIGHT = torch.zeros(2, 5, 3, 4), torch.zeros(7, 5)
test_what_one_library_alone_has_is_refused_in_words = refusals(
    (lambda: pointwise_conv(X.double(), WEIGHT.double(), precision="tf32"), "float32, got float64", TypeError),
    (lambda: pointwise_conv(X.double().numpy(), WEIGHT.double().numpy()), "or float16, got float64", TypeError),
    (
        lambda: pointwise_conv(np.zeros((1, 2, 3, 4), ">f4"), np.zeros((2, 2), ">f4")),
        "or float16, got >f4",
        TypeError,
    ),
    (lambda: pointwise_conv(X.half(), WEIGHT.half(), precision="tf32"), "dtype float32, got float16", TypeError),
    (lambda: pointwise_conv(X.bfloat16(), WEIGHT.bfloat16(), precision="tf32x3"), "32, got bfloat16", TypeError),
    (lambda: pointwise_conv(X.half(), WEIGHT.bfloat16()), "share one dtype.*float16.*bfloat16", TypeError),
    (lambda: pointwise_conv(X.to(memory_format=torch.channels_last), WEIGHT), "must be contiguous.*channels_last"),
    (
        lambda: pointwise_conv(sparse(2**16, 1, 2**8, 2**7), np.zeros((1, 1), np.float32)),
        r"N \* H \* W must be at most 2147482624 .*got 2147483648: split",
    ),
)


@pytest.mark.parametrize("empty", [(0, 5, 3, 4, 7), (2, 5, 0, 4, 7), (2, 5, 3, 4, 0), (2, 0, 3, 0, 7)])
@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_result_needs_no_launch(empty, kind):
    batch, in_channels, height, width, out_channels = empty
    x = KINDS[kind](np.zeros((batch, in_channels, height, width), np.float32))
    y = pointwise_conv(x, KINDS[kind](np.zeros((out_channels, in_channels), np.float32)), activation="relu")
    assert tuple(y.shape) == (batch, out_channels, height, width)


@needs_compiler
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["ieee", "tf32", "tf32x3"])
def test_without_input_channels_the_bias_is_left(kind, precision):
    x, weight = np.zeros((2, 0, 3, 4), np.float32), np.zeros((3, 0), np.float32)
    x, weight, bias = map(KINDS[kind], (x, weight, np.array([-1, 2, 7], np.float32)))
    y = pointwise_conv(x, weight, bias, activation="relu6", precision=precision)
    assert y[:, :, 0, 0].tolist() == [[0, 2, 6]] * 2
    assert (pointwise_conv(x, weight, precision=precision) == 0).all()


@needs_compiler
@pytest.mark.parametrize(
    "variant",
    [
        "naive",
        "coalesced",
        "shared_tile",
        "register_blocking",
        "register_16x128_scalar",
        "tf32_32x128_scalar",
        "bf16_128x128_scalar",
        "f16_128x128_scalar",
    ],
)
def test_numbers_that_are_not_numbers_go_where_they_should(variant):
    x = np.zeros((1, 3, 2, 4), dtype_of(VARIANTS[variant]))
    x[0, 0, 0] = [np.nan, np.inf, -np.inf, 1e-40]
    weight, precision = np.ones((2, 3), x.dtype), VARIANTS[variant].precision
    y = pointwise_conv(x, weight, variant=variant, precision=precision, activation="relu").astype(np.float32)
    np.testing.assert_array_equal(y[0, :, 0, :3], [[np.nan, np.inf, 0]] * 2)
    np.testing.assert_array_equal(y[0, :, 1], 0)
    assert pointwise_conv(x, weight, variant=variant, precision=precision)[0, 0, 0, 2] == -np.inf


@needs_compiler
def test_an_infinity_under_three_products_is_no_finite_number():
    x = np.zeros((1, 3, 2, 4), np.float32)
    x[0, 1, 0] = [np.nan, np.inf, -np.inf, 1e-40]
    y = pointwise_conv(x, np.ones((2, 3), np.float32), variant="tf32x3_32x128_scalar", precision="tf32x3")
    assert not np.isfinite(y[0, :, 0, :3]).any()  # what is left of it when it is cut in two is no number
    np.testing.assert_array_equal(y[0, :, 1], 0)
