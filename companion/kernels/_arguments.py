"""Check the arguments of ``pointwise_conv``, for arrays of any of the three libraries."""

import math
import sys
from types import MappingProxyType

import numpy as np
import torch

from companion.kernels._variants import VARIANTS, Layer

# An activation is a clamp: the lowest and the highest value that it lets through.
ACTIVATIONS = MappingProxyType({None: (-math.inf, math.inf), "relu": (0.0, math.inf), "relu6": (0.0, 6.0)})
PRECISIONS = ("ieee", "tf32", "tf32x3")
DTYPES = ("float32", "bfloat16", "float16")  # that there are kernels for; those of sixteen bits add in float32


def family(arrays: dict[str, object]) -> str:
    """Return the library that all arrays are of: "torch", "cupy" or "numpy".

    Raises:
        TypeError: if one is of none of them, or they are of several.
    """
    found = {name: _library(array) for name, array in arrays.items()}
    for name, library in found.items():
        if library is None:
            given = type(arrays[name]).__name__
            raise TypeError(f"{name} must be a torch tensor, a CuPy array or a NumPy array, got {given}")
    if len(set(found.values())) > 1:
        raise TypeError(f"all arguments must be arrays of one library, got {found}")
    return found["x"]


def _library(array: object) -> str | None:
    if isinstance(array, (torch.Tensor, torch.fx.Proxy)):  # the second stands for a tensor while a model is traced
        return "torch"
    if isinstance(array, np.ndarray) and not isinstance(array, np.ma.MaskedArray):
        return "numpy"
    cupy = sys.modules.get("cupy")  # whoever holds a CuPy array has imported it
    return "cupy" if cupy is not None and isinstance(array, cupy.ndarray) else None


def check_options(activation: object, precision: object, variant: object) -> None:
    """Refuse options that don't exist, or don't go together.

    Raises:
        ValueError: naming the option, what was given and what there is.
    """
    if activation not in tuple(ACTIVATIONS):
        raise ValueError(f"activation must be one of {tuple(ACTIVATIONS)}, got {activation!r}")
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {PRECISIONS}, got {precision!r}")
    if variant is None:
        return
    if variant not in tuple(VARIANTS):
        raise ValueError(f"variant must be None or one of {tuple(VARIANTS)}, got {variant!r}")
    if VARIANTS[variant].precision != precision:
        computes = VARIANTS[variant].precision
        raise ValueError(f"variant {variant!r} computes in {computes!r}, but precision is {precision!r}")


def check_arrays(arrays: dict[str, object], precision: str, *, more: tuple[str, ...] = ()) -> Layer:
    """Return the sizes of a call, after a look at shapes, dtypes, devices and memory order.

    Args:
        arrays: "x", "weight" and, where given, "bias" and "residual".
        precision: under another one than "ieee", only float32 can be computed in.
        more: dtypes beside ``DTYPES`` that can be computed in under "ieee".

    Raises:
        TypeError: for a dtype that can't be computed in, or for two dtypes or devices.
        ValueError: for shapes that don't fit one another, or arrays that aren't contiguous.
    """
    x, weight = arrays["x"], arrays["weight"]
    if len(x.shape) != 4:
        raise ValueError(f"x must have shape (N, C_in, H, W), got {tuple(x.shape)}")
    if len(weight.shape) == 4 and tuple(weight.shape[2:]) != (1, 1):
        raise ValueError(f"weight must be a 1x1 kernel, got kernel_size {tuple(weight.shape[2:])}")
    if len(weight.shape) not in (2, 4):
        raise ValueError(f"weight must have shape (C_out, C_in) or (C_out, C_in, 1, 1), got {tuple(weight.shape)}")
    batch, in_channels, height, width = x.shape
    out_channels = weight.shape[0]
    if weight.shape[1] != in_channels:
        raise ValueError(
            f"weight must have C_in = {in_channels} columns, as x has channels, got {weight.shape[1]} "
            "(there are no groups here)"
        )
    wanted = {"bias": (out_channels,), "residual": (batch, out_channels, height, width)}
    for name, shape in wanted.items():
        if name in arrays and tuple(arrays[name].shape) != shape:
            raise ValueError(f"{name} must have shape {shape}, got {tuple(arrays[name].shape)}")
    _check_sameness(arrays, (*DTYPES, *more) if precision == "ieee" else DTYPES[:1])
    for name, array in arrays.items():
        if not _is_contiguous(array):
            raise ValueError(
                f"{name} must be contiguous, (N, C, H, W) with W running fastest: it is a view, a slice or "
                "channels_last. Copy it first, with .contiguous() in torch or ascontiguousarray elsewhere"
            )
    return Layer(batch, in_channels, out_channels, height * width, dtype=_dtype(x))


def _check_sameness(arrays: dict[str, object], dtypes: tuple[str, ...]) -> None:
    for attribute, read in (("dtype", _dtype), ("device", _device)):
        values = {name: read(array) for name, array in arrays.items()}
        if len(set(values.values())) > 1:
            raise TypeError(f"all arguments must share one {attribute}, got {values}")
    if _dtype(arrays["x"]) not in dtypes:
        raise TypeError(f"x must be of dtype {' or '.join(dtypes)}, got {_dtype(arrays['x'])}")


def _dtype(array) -> str:
    return str(array.dtype).removeprefix("torch.")


def _device(array) -> str:
    if isinstance(array, np.ndarray):
        return "cpu"
    return str(array.device) if isinstance(array, torch.Tensor) else f"cuda:{array.device.id}"


def _is_contiguous(array) -> bool:
    return array.is_contiguous() if isinstance(array, torch.Tensor) else array.flags.c_contiguous
