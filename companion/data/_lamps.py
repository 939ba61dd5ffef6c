"""Two digits and a lamp: pictures in which something at the edge says which channel counts."""

import torch
from torch import Tensor

from companion.data._digits import digits
from companion.data._split import Split


def lamp_digits(*, train_size: int | None = None, validation: int = 0, draw: int = 0) -> Split:
    """Return pictures of two digits, one in red and one in green, and a lamp, a blue column at the left edge.

    Where the lamp is lit the class is that of the green digit, otherwise that of the red one. The red digits are
    those of `digits`, the green ones the same in another order within their part; half of the lamps are lit.

    Args:
        train_size: number of training pictures, as `digits` takes it.
        validation: number of validation pictures.
        draw: which training pictures are taken, which are paired, and which have their lamp lit.

    Returns:
        Split of float32 pictures (N, 3, 8, 8) in [0, 1] and int64 classes 0 to 9.

    Raises:
        TypeError: if an argument is not an int.
        ValueError: if an argument is out of range.

    >>> lamp_digits(train_size=100)
    Split(100 to train, 500 to test, pictures (3, 8, 8), 10 classes)
    """
    split = digits(train_size=train_size, validation=validation, draw=draw)
    chosen = _lit(split.val_x, split.val_y, seed=1) if split.has_validation else ()
    return Split(
        *_lit(split.train_x, split.train_y, seed=2 + draw), *_lit(split.test_x, split.test_y, seed=0), *chosen
    )


def _lit(x: Tensor, y: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    other = torch.randperm(len(x), generator=random)
    lit = torch.rand(len(x), generator=random) < 0.5
    lamp = torch.zeros_like(x)
    lamp[lit, :, :, 0] = 1  # a column of eight pixels
    return torch.cat([x, x[other], lamp], dim=1), torch.where(lit, y[other], y)
