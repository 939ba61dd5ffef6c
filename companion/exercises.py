"""Checks that a reader runs at the end of an exercise: they say right or not yet, and never the answer."""

import torch
from torch import Tensor


def check(answer: object, wanted: object, *, tolerance: float = 1e-5) -> None:
    """Print whether an answer is right.

    Args:
        answer: what the reader found; ``...`` or None means that there is none yet.
        wanted: a number, a text, a truth value, a tensor, or a tuple or list of these.
        tolerance: how far a number may lie from the wanted one, relative to it.

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
        shown = "this tensor" if isinstance(answer, Tensor) else repr(answer)
        print(f"Not yet: {shown} is not it.")


def _equal(answer: object, wanted: object, tolerance: float) -> bool:
    if isinstance(wanted, Tensor):
        return (
            isinstance(answer, Tensor)
            and answer.shape == wanted.shape
            and torch.allclose(answer.double(), wanted.double(), rtol=tolerance, atol=tolerance)
        )
    if isinstance(wanted, tuple | list):
        return (
            isinstance(answer, tuple | list)
            and len(answer) == len(wanted)
            and all(_equal(a, w, tolerance) for a, w in zip(answer, wanted, strict=True))
        )
    if isinstance(wanted, bool | str) or isinstance(answer, bool | str):
        return type(answer) is type(wanted) and answer == wanted
    try:
        return abs(answer - wanted) <= tolerance * abs(wanted)
    except TypeError:
        return False
