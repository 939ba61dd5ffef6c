"""Check results before any time: every variant on ragged shapes against float64, and one tensor beyond 2**31."""

import math

import torch
from torch import Tensor

from companion import kernels
from companion.kernels import VARIANTS, Variant

# Batch, C_in, C_out, H, W: nothing a multiple of a tile, empty and tiny ones, one image and many.
SHAPES = (
    (1, 1, 1, 1, 1),
    (2, 7, 5, 3, 5),
    (3, 72, 37, 9, 12),
    (2, 135, 130, 7, 7),
    (1, 256, 64, 56, 56),
    (5, 64, 200, 14, 10),
    (4, 0, 6, 2, 2),
    (0, 8, 8, 4, 4),
    (4, 0, 6, 1, 1),
    (3, 136, 37, 1, 1),
    (9, 256, 70, 1, 1),
    (1, 2048, 128, 1, 1),
    (3, 136, 70, 4, 10),
    (2, 72, 37, 4, 4),
)
FAR = (3, 2**28 + 4)  # images, pixels: x of 4 channels has more than 2**31 numbers


def fits(variant: Variant, in_channels: int, pixels: int) -> bool:
    """Whether a variant takes arrays of these sizes that start at multiples of 16 bytes."""
    if variant.one_pixel and pixels != 1:
        return False
    return pixels % variant.x_width == 0 and in_channels % variant.weight_width == 0


def dtype(variant: Variant) -> torch.dtype:
    """Return what a variant's arrays hold, as torch names it."""
    return getattr(torch, variant.dtype)


def largest_error(variant: Variant, shape: tuple[int, ...], device: str, *, seed: int = 0) -> float:
    """Return the largest error of a variant, relative to the sum of absolute products; with everything fused."""
    batch, in_channels, out_channels, height, width = shape
    rng = torch.Generator(device).manual_seed(seed)

    def randn(*sizes: int) -> Tensor:
        return torch.randn(*sizes, generator=rng, device=device, dtype=dtype(variant))

    x, weight = randn(batch, in_channels, height, width), randn(out_channels, in_channels)
    bias, residual = randn(out_channels), randn(batch, out_channels, height, width)
    y = kernels.pointwise_conv(
        x, weight, bias, activation="relu6", residual=residual, precision=variant.precision, variant=variant.name
    )
    wanted, scale = (
        torch.einsum("oc,nchw->nohw", signed(weight.double()), signed(x.double()))
        + signed(bias.double())[:, None, None]
        + signed(residual.double())
        for signed in (torch.positive, torch.abs)
    )
    error = (y.double() - wanted.clamp(0, 6)).abs() / scale.clamp_min(1e-30)
    return float(error.max()) if error.numel() else 0.0


def limit(variant: Variant, in_channels: int) -> float:
    """Return the largest error that the precision allows, and the rounding to sixteen bits at the end."""
    rounding = {"float32": 0, "bfloat16": 2**-8, "float16": 2**-11}[variant.dtype]
    operands = {"ieee": 1e-6, "tf32": 2**-10 + 2**-22, "tf32x3": 2e-6}[variant.precision]
    # a tensor core cuts its sums off rather than round them
    tensor_core = variant.step in ("tensor_core", "sixteen_bits")
    return rounding + operands + (in_channels + 16) * 2**-24 * tensor_core


def all_variants(device: str) -> list[dict]:
    """Return a row for each variant: on how many shapes it ran, its largest error, and whether that is right."""
    rows = []
    for variant in VARIANTS.values():
        shapes = [shape for shape in SHAPES if fits(variant, shape[1], shape[3] * shape[4])]
        errors = [largest_error(variant, shape, device, seed=i) for i, shape in enumerate(shapes)]
        right = all(error <= limit(variant, shape[1]) for error, shape in zip(errors, shapes, strict=True))
        largest = max(errors) if all(map(math.isfinite, errors)) else None  # JSON has no NaN
        rows.append({"variant": variant.name, "shapes": len(shapes), "largest_error": largest, "right": right})
    return rows


def beyond_32_bits(device: str, *, sizes: tuple[int, int] = FAR) -> list[dict]:
    """Return whether each step is right where offsets need more than 31 bits, on the last pixels of x and y.

    x and y have 4 channels of ``sizes``: 13 GB each by default.
    """
    images, pixels = sizes
    x = torch.zeros(images, 4, 1, pixels, device=device)
    x[-1, :, 0, -1000:] = torch.randn(4, 1000, generator=torch.Generator(device).manual_seed(0), device=device)
    weight = torch.arange(16.0, device=device).reshape(4, 4) / 16
    wanted = weight.double() @ x[-1, :, 0, -1000:].double()
    rows = []
    for name in (
        "naive",
        "coalesced",
        "shared_tile",
        "register_blocking",
        "register_16x128",
        "tf32_32x128",
        "split_k",
        "f16_128x128_scalar",
    ):
        variant = VARIANTS[name]
        given, matrix = x.to(dtype(variant)), weight.to(dtype(variant))
        y = kernels.pointwise_conv(given, matrix, precision=variant.precision, variant=name)
        exact = variant.precision == "ieee" and variant.dtype == "float32"
        close = torch.allclose(y[-1, :, 0, -1000:].double(), wanted, atol=1e-5 if exact else 1e-2)
        clean = not bool(y[0, :, 0, :1000].any())
        rows.append({"variant": name, "numbers": x.numel(), "right": close and clean})
        del y, given
    return rows
