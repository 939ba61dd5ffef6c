"""Checks that a reader runs at the end of an exercise: they say right or not yet, and never the answer."""

import cmath
from numbers import Number

import torch
from torch import Tensor


def check(answer: object, wanted: object, *, tolerance: float = 1e-5) -> None:
    """Print whether an answer is right.

    A tensor or array without axes counts as the number in it.

    Args:
        answer: what the reader found; ``...`` or None means that there is none yet.
        wanted: a number, a text, a truth value, a tensor, or a tuple or list of these.
        tolerance: how far a number may lie from the wanted one, as a share of it; where 0 is wanted, how far it
            may lie from 0. The values of a tensor may lie as far again as ``tolerance`` itself.

    Raises:
        TypeError: if ``wanted`` is of another kind.

    >>> check(..., 16384)
    No answer yet: put yours in place of the dots.
    >>> check(16384, 128 * 128)
    Right.
    >>> check(16000, 128 * 128)
    Not yet: 16000 is not it.
    """
    if answer is ... or answer is None:
        print("No answer yet: put yours in place of the dots.")
    elif _equal(answer, wanted, tolerance):
        print("Right.")
    elif isinstance(wanted, Tensor) and not isinstance(answer, Tensor):
        print(f"Not yet: a tensor is wanted, not {type(answer).__name__}.")
    elif isinstance(answer, Tensor) and isinstance(wanted, Tensor) and answer.shape != wanted.shape:
        print(f"Not yet: the shape is {tuple(answer.shape)}, not {tuple(wanted.shape)}.")
    else:
        shown = "this tensor" if isinstance(answer, Tensor) and answer.dim() else repr(_unwrapped(answer))
        print(f"Not yet: {shown} is not it.")


def _unwrapped(value: object) -> object:
    """Return the number in a tensor, array or NumPy scalar without axes, and anything else as it is."""
    return value.item() if getattr(value, "ndim", None) == 0 else value


def _equal(answer: object, wanted: object, tolerance: float) -> bool:
    answer, wanted = _unwrapped(answer), _unwrapped(wanted)
    if isinstance(wanted, Tensor):
        if not isinstance(answer, Tensor) or answer.shape != wanted.shape:
            return False
        if answer.is_complex() != wanted.is_complex():
            return False
        dtype = torch.complex128 if wanted.is_complex() else torch.float64
        return torch.allclose(answer.to(dtype), wanted.to(dtype), rtol=tolerance, atol=tolerance)
    if isinstance(wanted, tuple | list):
        return (
            isinstance(answer, tuple | list)
            and len(answer) == len(wanted)
            and all(_equal(a, w, tolerance) for a, w in zip(answer, wanted, strict=True))
        )
    if isinstance(wanted, bool | str) or isinstance(answer, bool | str):
        return type(answer) is type(wanted) and answer == wanted
    if not isinstance(wanted, Number):
        raise TypeError(
            f"wanted must be a number, text, truth value, tensor or a list, got {type(wanted).__name__}"
        )
    if not isinstance(answer, Number) or isinstance(answer, complex) != isinstance(wanted, complex):
        return False
    try:
        return cmath.isclose(answer, wanted, rel_tol=tolerance, abs_tol=0 if wanted else tolerance)
    except OverflowError:  # an int beyond every float
        return False
