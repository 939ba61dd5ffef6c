"""What the tests of the kernels share: guarded arrays and the reference in float64."""

import mmap

import ml_dtypes
import numpy as np
import pytest

from companion import kernels
from companion.kernels import ACTIVATIONS, VARIANTS, Variant
from companion.kernels.emulator import Emulator


def needs(reason):
    return pytest.mark.skipif(reason is not None, reason=str(reason))


needs_compiler = needs(kernels.emulator.unavailable_reason())
needs_nvrtc = needs(kernels.nvrtc_unavailable_reason())
needs_disassembler = needs(kernels.disassembler_unavailable_reason())

ONE_A_STEP = [  # and two of the tensor cores
    "naive",
    "coalesced",
    "shared_tile",
    "register_blocking",
    "register_64x128",
    "tf32_64x128",
    "tf32x3_64x128",
    "bf16_64x128",
    "one_pixel_8",
    "split_k",
]  # variants


def dtype_of(variant: Variant) -> np.dtype:
    return np.dtype(ml_dtypes.bfloat16 if variant.dtype == "bfloat16" else variant.dtype)


def guarded(values: np.ndarray, misaligned_by: int = 0, dtype=np.float32) -> np.ndarray:
    """The values between bands of NaN, starting so many numbers after a multiple of 16 bytes."""
    size, item = values.size, np.dtype(dtype).itemsize
    band = max(4096, -(-size // 8) * 8)
    memory = np.full(size + 2 * band + 8, np.nan, dtype)
    start = band + -memory.ctypes.data // item % (16 // item) + misaligned_by
    array = memory[start : start + size].reshape(values.shape)
    array[...] = values
    return array


def some_arrays(
    batch, in_channels, out_channels, height, width, *, seed=0, bias=True, residual=True, dtype=np.float32
):
    """Guarded random arrays for one call."""
    rng = np.random.default_rng(seed)
    shapes = {
        "x": (batch, in_channels, height, width),
        "weight": (out_channels, in_channels),
        "bias": (out_channels,) if bias else None,
        "residual": (batch, out_channels, height, width) if residual else None,
    }
    values = {name: rng.standard_normal(shape) for name, shape in shapes.items() if shape is not None}
    return {name: guarded(array, dtype=dtype) for name, array in values.items()}


def sparse(*shape, dtype=np.float32):
    """Zeros of which only the pages that someone writes to take up memory."""
    try:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
        memory = mmap.mmap(-1, np.dtype(dtype).itemsize * int(np.prod(shape)), flags=flags)
    except OSError:
        pytest.skip("this machine does not promise memory that it doesn't have")
    return np.frombuffer(memory, dtype).reshape(shape)


def reference(arrays, activation=None):
    """The sums in float64, and the sums of absolute products that errors are measured by."""
    exact = {name: array.astype(np.float64) for name, array in arrays.items()}
    y = np.einsum("oc,nchw->nohw", exact["weight"], exact["x"])
    scale = np.einsum("oc,nchw->nohw", abs(exact["weight"]), abs(exact["x"]))
    if "bias" in exact:
        y, scale = y + exact["bias"][:, None, None], scale + abs(exact["bias"])[:, None, None]
    if "residual" in exact:
        y, scale = y + exact["residual"], scale + abs(exact["residual"])
    return np.clip(y, *ACTIVATIONS[activation]), scale


def bound(arrays, precision):
    """The largest error to be expected, relative to the sum of absolute products."""
    in_channels = arrays["x"].shape[1]
    # What is written is rounded to so many bits.
    end = {"float32": 0, "bfloat16": 2**-8, "float16": 2**-11}[str(arrays["x"].dtype)]
    # Each operand rounds by 2**-11. The sums of the emulator round once for 8 products.
    tf32 = 2**-10 + 2**-22 + (in_channels + 16) * 2**-24
    return end + {"ieee": 1e-6, "tf32": tf32, "tf32x3": 2e-6}[precision]


def check(variant: Variant, arrays, *, activation=None, backend=None):
    """Launch a variant with the real launcher, and hold the result against the reference."""
    options = {"activation": activation, "precision": variant.precision, "variant": variant.name}
    y = (backend or Emulator()).pointwise_conv(**arrays, **options)
    wanted, scale = reference(arrays, activation)
    error = abs(y.astype(np.float64) - wanted) / np.where(scale == 0, 1, scale)
    worst = error.max(initial=0) if not np.isnan(error).any() else np.nan
    assert worst <= bound(arrays, variant.precision), f"{variant.name}: error {worst:.1e}"
    return y


def sizes_for(variant: Variant):
    """Ragged sizes: no tile is full at the edge, as far as the variant's alignment allows it."""
    # Enough to use each stage of the copies twice, and each thread of a dot product.
    in_channels = 71 if variant.in_order else 135
    in_channels += variant.weight_width > 1
    height, width = (1, 1) if variant.one_pixel else (5, {1: 11, 4: 12, 8: 16}[variant.x_width])
    out_channels = (variant.tile[0] if variant.tile else 8) + 5
    return 9 if variant.one_pixel else 3, in_channels, out_channels, height, width


def variants_of(step: str) -> list[Variant]:
    return [variant for variant in VARIANTS.values() if variant.step == step]


def check_random_case(variant: Variant, number: int, rng: np.random.Generator):
    """Check a variant on a layer of random, mostly ragged sizes, under one of the schedules in turn."""
    batch = int(rng.choice([1, 2, 3, 5, 9]))
    in_channels = int(rng.choice([0, 1, 2, 7, 15, 16, 17, 33, 64, 70, 140]))
    out_channels = int(rng.choice([1, 2, 5, 16, 17, 31, 64, 65, 130]))
    height, width = (1 if variant.one_pixel else int(rng.choice([1, 2, 3, 7, 9, 14])) for _ in "hw")
    in_channels -= in_channels % variant.weight_width
    width = -(-width // variant.x_width) * variant.x_width
    sizes = batch, in_channels, out_channels, height, width
    given = {"bias": rng.random() < 0.7, "residual": rng.random() < 0.5}
    arrays = some_arrays(*sizes, seed=rng, **given, dtype=dtype_of(variant))
    backend = Emulator(
        schedule=("forward", "reversed", "interleaved", 1)[number % 4], early_copies=bool(number % 3)
    )
    check(variant, arrays, activation=(None, "relu", "relu6")[number % 3], backend=backend)
