"""Launch every variant once on a small ragged layer: what compute-sanitizer watches. A program of its own.

compute-sanitizer --tool racecheck python -m benchmarks._launches [--fault racecheck]
"""

import argparse
import sys

import numpy as np

from companion.kernels import VARIANTS, Variant, _cupy, edited, pointwise_conv

_BARRIER = "__syncthreads();  // the tiles are complete"
FAULTS = {  # what each tool must find, or its silence means nothing: step, piece, what replaces it
    "memcheck": ("naive", "if (thread >= (int64)batch * pixels * out_channels) return;", ""),
    "racecheck": ("shared_tile", _BARRIER, ""),
    "synccheck": ("shared_tile", _BARRIER, f"if (row % 2) __syncthreads(); else\n{_BARRIER}"),
}


def run(variant: Variant) -> bool:
    """Launch one variant from memory of its own, and return whether its result is right."""
    import cupy

    cupy.cuda.set_allocator(None)  # a pool would hide an access beyond the end of an array
    size = (1, 1) if variant.one_pixel else (5, 12 if variant.x_width == 4 else 11)
    rng = np.random.default_rng(0)
    shapes = {"x": (2, 72, *size), "weight": (37, 72), "bias": (37,), "residual": (2, 37, *size)}
    host = {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}
    device = {name: cupy.asarray(array) for name, array in host.items()}
    y = pointwise_conv(**device, activation="relu", precision=variant.precision, variant=variant.name).get()
    wanted = np.einsum("oc,nchw->nohw", host["weight"], host["x"]) + host["bias"][:, None, None] + host["residual"]
    return np.allclose(y, wanted.clip(0), atol=1e-4 if variant.precision == "ieee" else 0.2)


def main(arguments: list[str] | None = None) -> None:
    """Launch all variants and fail if a result is wrong; or one with a fault planted into it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fault", choices=FAULTS, help="plant what this tool must find, and launch that alone")
    fault = parser.parse_args(arguments).fault
    if fault:
        code = edited(*FAULTS[fault])
        _cupy.source = lambda: code
        run(VARIANTS[FAULTS[fault][0]])
        return
    if wrong := [variant.name for variant in VARIANTS.values() if not run(variant)]:
        sys.exit(f"wrong: {', '.join(wrong)}")
    print(f"{len(VARIANTS)} variants launched")


if __name__ == "__main__":
    main()
