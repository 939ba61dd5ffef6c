"""Checks of arguments, so that bad input is refused in the words of its own name.

Each check raises ``TypeError`` for the wrong kind of thing and ``ValueError`` for the wrong value; the
message names the argument, what was given and what was wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # figures check their numbers here, too, and need no torch
    from torch import Tensor


def integer(name: str, value: object, *, at_least: int = 1) -> int:
    """Return ``value`` as an ``int`` of at least ``at_least``.

    >>> integer("channels", 8)
    8
    >>> integer("channels", 0)
    Traceback (most recent call last):
    ValueError: channels must be at least 1, got 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an int, got {type(value).__name__}")
    if value < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {value}")
    return int(value)


def integers(**values: object) -> None:
    """Check that each value is an ``int`` of at least one; the names are those of the arguments.

    >>> integers(in_channels=8, out_channels=0)
    Traceback (most recent call last):
    ValueError: out_channels must be at least 1, got 0
    """
    for name, value in values.items():
        integer(name, value)


def each_integer(name: str, values: object, *, at_least: int = 1) -> list[int]:
    """Return ``values``, a sequence of ints of at least ``at_least``, as a list.

    >>> each_integer("channels", [8, 0])
    Traceback (most recent call last):
    ValueError: channels[1] must be at least 1, got 0
    """
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise TypeError(f"{name} must be a sequence of ints, got {type(values).__name__}")
    return [integer(f"{name}[{i}]", value, at_least=at_least) for i, value in enumerate(values)]


def pair(name: str, value: object, *, at_least: int = 1) -> tuple[int, int]:
    """Return ``value``, an int or two ints, as (vertical, horizontal).

    >>> pair("kernel_size", 3)
    (3, 3)
    >>> pair("stride", (2, 1))
    (2, 1)
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != 2:
            raise ValueError(f"{name} must be an int or two ints, got {len(value)} values")
        return (
            integer(f"{name}[0]", value[0], at_least=at_least),
            integer(f"{name}[1]", value[1], at_least=at_least),
        )
    both = integer(name, value, at_least=at_least)
    return both, both


def flag(name: str, value: object) -> bool:
    """Return ``value``, a bool and not merely something true or false.

    >>> flag("bias", 1)
    Traceback (most recent call last):
    TypeError: bias must be a bool, got int
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be a bool, got {type(value).__name__}")
    return value


def tensor(name: str, value: object, shape: str) -> Tensor:
    """Return ``value``, a tensor with one axis for each name in ``shape``, or what stands for one in ``torch.fx``.

    >>> import torch
    >>> tensor("x", torch.zeros(4, 8, 8), "(N, C, H, W)")
    Traceback (most recent call last):
    ValueError: x must have shape (N, C, H, W), got (4, 8, 8)
    """
    from torch import Tensor
    from torch.fx import Proxy

    if isinstance(value, Proxy):  # a model is being traced: there is no tensor yet, and no shape
        return value
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(value).__name__}")
    axes = [axis for axis in shape.strip("()").split(",") if axis.strip()]
    if value.dim() != len(axes):
        raise ValueError(f"{name} must have shape {shape}, got {tuple(value.shape)}")
    return value


def finite(name: str, value: object, shape: str) -> Tensor:
    """Return ``value``, a tensor of a floating dtype with an axis for each name in ``shape``, finite and not empty.

    >>> import torch
    >>> finite("features", torch.zeros(1, 1, 2, 2) / 0, "(N, C, H, W)")
    Traceback (most recent call last):
    ValueError: features must be finite, got NaN or infinity
    """
    value = tensor(name, value, shape)
    if not value.is_floating_point():
        raise TypeError(f"{name} must be of a floating dtype, got {value.dtype}")
    if value.numel() == 0:
        raise ValueError(f"{name} must not be empty, got shape {tuple(value.shape)}")
    if not value.isfinite().all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return value
