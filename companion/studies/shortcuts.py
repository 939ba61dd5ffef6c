"""Residual blocks with shortcuts of four kinds and without, at two depths and two budgets."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from torch import nn

from companion import residual
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS, FASHION, Pictures, head

KINDS = {
    "plain": None,
    "A: zero-pad": residual.OPTIONS["A"],
    "B: 1×1 where needed": residual.OPTIONS["B"],
    "C: 1×1 everywhere": residual.OPTIONS["C"],
    "D: average + 1×1": residual.where_needed(residual.AveragePoolProjection),
}


def deep(pictures: Pictures, shortcut: Callable[..., nn.Module] | None, blocks: int = 8) -> nn.Sequential:
    """Return basic blocks, half of 8 and half of 16 channels, the first of the latter with a stride of two.

    Args:
        pictures: what the network reads.
        shortcut: what each block's shortcut is built from; None for plain blocks.
        blocks: their number, even.
    """
    half = blocks // 2
    widths = pairwise([8] * (half + 1) + [16] * half)
    layers = [residual.BasicBlock(a, b, stride=b // a, shortcut=shortcut) for a, b in widths]
    return nn.Sequential(*pictures.stem(8), nn.MaxPool2d(2), *layers, *head(16))


def _study(pictures: Pictures, train_size: int, epochs: int, batch_size: int) -> Study:
    variants = {name: partial(deep, pictures, kind) for name, kind in KINDS.items()}
    variants["plain, 2 blocks"] = partial(deep, pictures, None, blocks=2)
    variants["B, 2 blocks"] = partial(deep, pictures, KINDS["B: 1×1 where needed"], blocks=2)
    questions = (
        Question("A: zero-pad", "plain", margin=0.5),
        Question("B: 1×1 where needed", "A: zero-pad", margin=0.5),
        Question("C: 1×1 everywhere", "B: 1×1 where needed", margin=0.5),
        Question("D: average + 1×1", "B: 1×1 where needed", margin=0.5),
        Question("plain", "plain, 2 blocks", margin=0.5),
        Question("B: 1×1 where needed", "B, 2 blocks", margin=0.5),
    )
    options = {"name": f"shortcuts-{pictures.name}-{epochs}", "epochs": epochs, "batch_size": batch_size}
    return pictures.study("shortcuts", train_size, variants, questions, **options)


def studies() -> list[Study]:
    """Return the studies of the chapter, a short and a long budget on each source of pictures."""
    return [
        _study(DIGITS, 1_000, epochs=4, batch_size=64),
        _study(DIGITS, 1_000, epochs=20, batch_size=64),
        _study(FASHION, 5_000, epochs=3, batch_size=128),
        _study(FASHION, 5_000, epochs=12, batch_size=128),
    ]
