"""Launch every variant once on a small ragged layer: what compute-sanitizer watches. A program of its own.

compute-sanitizer --tool racecheck python -m benchmarks._launches
"""

import sys

import numpy as np

from companion.kernels import VARIANTS, pointwise_conv


def main() -> None:
    """Launch all variants from memory of their own, and fail if a result is wrong."""
    import cupy

    cupy.cuda.set_allocator(None)  # a pool would hide an access beyond the end of an array
    rng = np.random.default_rng(0)
    for variant in VARIANTS.values():
        width = 12 if variant.x_width == 4 else 11
        shapes = {"x": (2, 72, 5, width), "weight": (37, 72), "bias": (37,), "residual": (2, 37, 5, width)}
        host = {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}
        device = {name: cupy.asarray(array) for name, array in host.items()}
        y = pointwise_conv(**device, activation="relu", precision=variant.precision, variant=variant.name).get()
        wanted = (
            np.einsum("oc,nchw->nohw", host["weight"], host["x"]) + host["bias"][:, None, None] + host["residual"]
        )
        if not np.allclose(y, wanted.clip(0), atol=1e-4 if variant.precision == "ieee" else 0.2):
            sys.exit(f"{variant.name} is wrong")
    print(f"{len(VARIANTS)} variants launched")


if __name__ == "__main__":
    main()
