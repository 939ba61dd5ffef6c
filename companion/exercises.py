"""Checks that a reader runs at the end of an exercise: they say right or not yet, and never the answer."""

import cmath
from numbers import Number

import torch
from torch import Tensor


def check(answer: object, wanted: object, *, tolerance: float = 1e-5, unless: str | None = None) -> None:
    """Print whether an answer is right.

    A tensor or array without axes counts as the number in it.

    Args:
        answer: what the reader found; ``...`` or None, or one of them in a tuple or list, means that there is none
            yet.
        wanted: a number, a text, a truth value, a tensor, or a tuple or list of these; or a function that takes
            the answer and returns whether it is right, which is not called while there is no answer.
        tolerance: how far a number may lie from the wanted one, as a share of it; where 0 is wanted, how far it
            may lie from 0. The values of a tensor may lie as far again as ``tolerance`` itself.
        unless: why answers can't be judged on this machine; None where they can.

    Raises:
        TypeError: if ``wanted`` is of another kind, or is a function that does not return a truth value.

    >>> check(..., 16384)
    No answer yet: put yours in place of the dots.
    >>> check(16384, 128 * 128)
    Right.
    >>> check(16000, 128 * 128)
    Not yet: 16000 is not it.
    >>> check(10, lambda n: 2**n > 1000 and 2 ** (n - 1) <= 1000)
    Right.
    """
    if _missing(answer):
        print("No answer yet: put yours in place of the dots.")
    elif unless is not None:
        print(f"Not checked: {unless}.")
    elif _accepted(answer, wanted) if callable(wanted) else _equal(answer, wanted, tolerance):
        print("Right.")
    elif isinstance(wanted, Tensor) and not isinstance(answer, Tensor):
        print(f"Not yet: a tensor is wanted, not {type(answer).__name__}.")
    elif isinstance(answer, Tensor) and isinstance(wanted, Tensor) and answer.shape != wanted.shape:
        print(f"Not yet: the shape is {tuple(answer.shape)}, not {tuple(wanted.shape)}.")
    else:
        print(f"Not yet: {_shown(answer)} is not it.")


def _missing(answer: object) -> bool:
    parts = answer if isinstance(answer, tuple | list) else [answer]
    return any(part is ... or part is None for part in parts)


def _accepted(answer: object, wanted: object) -> bool:
    right = _unwrapped(wanted(answer))
    if not isinstance(right, bool):
        raise TypeError(f"wanted must return a truth value, got {type(right).__name__}")
    return right


def _shown(answer: object) -> str:
    """Write an answer, or only its kind if it is a tensor or needs many words."""
    if isinstance(answer, Tensor) and answer.dim():
        return "this tensor"
    text = repr(_unwrapped(answer))
    return text if len(text) <= 80 else f"this {type(answer).__name__}"


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
        kinds = "a number, text, truth value, tensor, list or function"
        raise TypeError(f"wanted must be {kinds}, got {type(wanted).__name__}")
    if not isinstance(answer, Number) or isinstance(answer, complex) != isinstance(wanted, complex):
        return False
    try:
        return cmath.isclose(answer, wanted, rel_tol=tolerance, abs_tol=0 if wanted else tolerance)
    except OverflowError:  # an int beyond every float
        return False
