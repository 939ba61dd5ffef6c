"""Values of any kind as arrays: lists, NumPy arrays and tensors, without importing torch."""

from collections.abc import Iterable
from math import inf

import numpy as np


def array(name: str, values: object, ndim: int | None = 1) -> np.ndarray:
    """Return numbers as an array of floats; of a tensor that requires a gradient, the values.

    Args:
        name: of the argument, for the message.
        values: a list (of lists), an array, or a tensor on the CPU.
        ndim: number of axes; None for any.

    Raises:
        TypeError: if a tensor is not on the CPU (by torch).
        ValueError: if the lists are ragged (by NumPy), or the number of axes is another.
    """
    result = np.asarray(values.detach() if hasattr(values, "detach") else values, dtype=float)
    if ndim is not None and result.ndim != ndim:
        raise ValueError(f"{name} must be an array with {ndim} axes, got the shape {result.shape}")
    return result


def check_positive(name: str, values: Iterable[float]) -> None:
    """Refuse numbers that a logarithmic axis can't show."""
    if strange := [value for value in values if not 0 < value < inf]:
        raise ValueError(f"{name} must hold numbers above 0 and finite, got {strange[0]}")
