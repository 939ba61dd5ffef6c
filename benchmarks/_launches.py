"""Launch every variant once on a small ragged layer: what compute-sanitizer watches. A program of its own.

compute-sanitizer --tool racecheck python -m benchmarks._launches [--fault racecheck]
"""

import argparse
import sys

import numpy as np
import torch

from benchmarks._contestants import operands
from companion.kernels import LAYERS, VARIANTS, Variant, _cupy, edited, pointwise_conv

LADDER = (
    next(layer for layer in LAYERS if layer.label == "256→64 @ 56²"),
    32,
)  # all can run it but those for one pixel
PROFILED = (
    "naive",
    "coalesced",
    "shared_tile",
    "register_blocking",
    "register_64x128",
    "tf32_64x128",
    "tf32x3_64x128",
    "bf16_64x128",
)

_BARRIER = "__syncthreads();  // the tiles are complete"
FAULTS = {  # what each tool must find, or its silence means nothing: step, piece, what replaces it
    "memcheck": ("naive", "if (thread >= (int64)batch * pixels * out_channels) return;", ""),
    "racecheck": ("shared_tile", _BARRIER, ""),
    "synccheck": ("shared_tile", _BARRIER, f"if (row % 2) __syncthreads(); else\n{_BARRIER}"),
}


def run(variant: Variant) -> bool:
    """Launch one variant from memory of its own, and return whether its result is right.

    CuPy has no bfloat16; float16 goes through the same lines of the kernel.
    """
    import cupy

    cupy.cuda.set_allocator(None)  # a pool would hide an access beyond the end of an array
    size = (1, 1) if variant.one_pixel else (5, {1: 11, 4: 12, 8: 16}[variant.x_width])
    rng = np.random.default_rng(0)
    shapes = {"x": (2, 72, *size), "weight": (37, 72), "bias": (37,), "residual": (2, 37, *size)}
    host = {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}
    host = {name: array.astype(variant.dtype) for name, array in host.items()}
    device = {name: cupy.asarray(array) for name, array in host.items()}
    y = pointwise_conv(**device, activation="relu", precision=variant.precision, variant=variant.name).get()
    host = {name: array.astype(np.float32) for name, array in host.items()}
    wanted = np.einsum("oc,nchw->nohw", host["weight"], host["x"]) + host["bias"][:, None, None] + host["residual"]
    coarse = variant.precision == "tf32" or variant.dtype != "float32"
    return np.allclose(y, wanted.clip(0), atol=0.2 if coarse else 1e-4)


def ladder() -> None:
    """Launch one variant of each step once, on the layer of the ladder: what ncu watches."""
    x, weight, bias = operands(*LADDER, "cuda")
    for name in PROFILED:
        variant = VARIANTS[name]
        given = (array.to(getattr(torch, variant.dtype)) for array in (x, weight, bias))
        pointwise_conv(*given, activation="relu", precision=variant.precision, variant=name)
    torch.cuda.synchronize()


def main(arguments: list[str] | None = None) -> None:
    """Launch all variants and fail if a result is wrong; or one with a fault planted into it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fault", choices=FAULTS, help="plant what this tool must find, and launch that alone")
    parser.add_argument("--ladder", action="store_true", help="launch one variant of each step on a real layer")
    options = parser.parse_args(arguments)
    if options.ladder:
        ladder()
        return
    if fault := options.fault:
        code = edited(*FAULTS[fault])
        _cupy.source = lambda: code
        run(VARIANTS[FAULTS[fault][0]])
        return
    variants = [variant for variant in VARIANTS.values() if variant.dtype != "bfloat16"]
    if wrong := [variant.name for variant in variants if not run(variant)]:
        sys.exit(f"wrong: {', '.join(wrong)}")
    print(f"{len(variants)} variants launched")


if __name__ == "__main__":
    main()
