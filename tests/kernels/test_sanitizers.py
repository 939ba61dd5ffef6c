"""The kernels under the compiler's sanitizers: a second pair of eyes, which knows nothing of our schedules."""

import pytest

from companion.kernels import VARIANTS, Layer, edited
from companion.kernels.emulator import SANITIZERS, sanitize
from companion.kernels.emulator._sanitize import unavailable_reason

RAGGED = Layer(batch=2, in_channels=40, out_channels=37, pixels=35)
EVEN = Layer(batch=2, in_channels=40, out_channels=37, pixels=36)
HALF = Layer(batch=2, in_channels=72, out_channels=37, pixels=40)
ONE = Layer(batch=9, in_channels=40, out_channels=37, pixels=1)
KERNELS = [
    ("shared_tile", RAGGED),
    ("register_blocking", RAGGED),
    ("register_64x64", EVEN),
    ("tf32_32x128_scalar", RAGGED),
    ("tf32x3_64x128", EVEN),
    ("bf16_64x128", HALF),
    ("f16_32x128_x4", HALF),
    ("f16_128x128_scalar", RAGGED),
    ("one_pixel_8", ONE),
    ("split_k", RAGGED),
]
WRITE_TILE = (
    "__syncthreads();  // the rows are complete",
    "__syncthreads();  // what lay in shared memory is used up",
)


def need(sanitizer):
    if reason := unavailable_reason(sanitizer):
        pytest.skip(reason)


@pytest.mark.parametrize(("name", "layer"), KERNELS)
@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_the_kernels_are_clean(name, layer, sanitizer):
    need(sanitizer)
    report = sanitize(VARIANTS[name], layer, sanitizer)
    assert report.text == ""
    assert report.clean
    limits = {"tf32": 1e-3, "tf32x3": 2e-6, "bf16": 2**-8 + 1e-5, "f16": 2**-11 + 1e-5}  # the last two are rounded
    assert report.error < limits.get(name.split("_")[0], 1e-6)


@pytest.mark.parametrize(
    ("name", "layer", "barrier"),
    [
        ("shared_tile", RAGGED, "__syncthreads();  // the tiles are complete"),
        ("shared_tile", RAGGED, "__syncthreads();  // the tiles are used up"),
        ("register_64x64", EVEN, "__syncthreads();  // all others' too, and the tile before is used up"),
        ("tf32_32x128_scalar", RAGGED, "__syncthreads();  // all others' too, and the tile before is used up"),
        ("bf16_64x128", HALF, "__syncthreads();  // all others' too, and the tile before is used up"),
        ("f16_128x128_scalar", RAGGED, "__syncthreads();  // the rows are complete"),
        ("bf16_64x128", HALF, "__syncthreads();  // what lay in shared memory is used up"),
    ],
)
def test_a_missing_barrier_is_a_race_with_its_line(name, layer, barrier):
    need("thread")
    step = "tensor_core" if barrier in WRITE_TILE else VARIANTS[name].step
    report = sanitize(VARIANTS[name], layer, "thread", code=edited(step, barrier))
    assert not report.clean
    assert "data race" in report.text
    assert "pointwise.cu:" in report.text


@pytest.mark.parametrize(
    ("name", "layer", "line", "instead", "message"),
    [
        (
            "naive",
            RAGGED,
            "if (thread >= (int64)batch * pixels * out_channels) return;",
            "",
            "heap-buffer-overflow",
        ),
        ("shared_tile", RAGGED, "has_x = inside && c0 + row", "has_x = inside && c0", "heap-buffer-overflow"),
        ("shared_tile", RAGGED, "x_tile[c][col], sum", "x_tile[c + 1][col], sum", "index 16 out of bounds"),
        (
            "one_pixel_8",
            ONE,
            "first_image + i < batch ? first_image + i : batch - 1",
            "first_image + i",
            "heap-buffer",
        ),
        ("split_k", RAGGED, "column < columns ? column : 0", "column", "heap-buffer-overflow"),
        ("bf16_64x128", HALF, "if (column >= columns) continue;", "", "heap-buffer-overflow"),
        ("f16_128x128_scalar", RAGGED, "if (o >= out_channels) continue;", "", "heap-buffer-overflow"),
        ("one_pixel_1", Layer(2, 39, 37, 1), "", "", "misaligned address"),  # 39 channels: no rows of float4
    ],
)
def test_a_bad_address_is_named_with_its_line(name, layer, line, instead, message):
    need("address")
    step = "tensor_core" if VARIANTS[name].step == "sixteen_bits" else VARIANTS[name].step  # it writes the tile
    code = edited(step, line, instead) if line else None
    report = sanitize(VARIANTS[name], layer, "address", code=code)
    assert not report.clean
    assert message in report.text
    assert "pointwise.cu:" in report.text


def test_a_sanitizer_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="got 'memory'"):
        sanitize(VARIANTS["naive"], RAGGED, "memory")
