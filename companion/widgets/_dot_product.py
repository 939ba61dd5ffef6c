"""The dot product: one output value of a convolution, term by term."""

from collections.abc import Mapping

import numpy as np

from companion.widgets._widget import Widget


def dot_product(x: object, kernels: Mapping[str, object], *, fallback: str) -> Widget:
    """Let the reader choose a pixel and see each product of its output value added up.

    Args:
        x: (C_in, H, W), small whole numbers.
        kernels: name -> (C_out, C_in, k, k), whole numbers, k odd; all with the same C_out. The picture is padded
            with zeros so that the output keeps its size.
        fallback: HTML of what stands there without scripts, such as the ``html`` of a figure with the numbers.

    Raises:
        ValueError: if a shape does not fit, or there is no kernel.
    """
    x = np.asarray(x)
    if x.ndim != 3 or not x.size:
        raise ValueError(f"x must have shape (C_in, H, W), got {x.shape}")
    kernels = {name: np.asarray(kernel) for name, kernel in kernels.items()}
    if not kernels:
        raise ValueError("kernels must be at least one, got none")
    outputs = {kernel.shape[:1] for kernel in kernels.values()}
    for name, kernel in kernels.items():
        square = kernel.ndim == 4 and kernel.shape[2] == kernel.shape[3] and kernel.shape[2] % 2 == 1
        if not square or kernel.shape[1] != len(x) or len(outputs) > 1:
            wanted = f"(C_out, {len(x)}, k, k), k odd, with one C_out"
            raise ValueError(f"kernels must have shapes {wanted}, got {kernel.shape} for {name!r}")
    settings = {"x": x.tolist(), "kernels": {name: kernel.tolist() for name, kernel in kernels.items()}}
    shape = " × ".join(map(str, x.shape))
    return Widget("dot-product", settings, fallback, f"Dot product: x of {shape}, kernels {', '.join(kernels)}")
