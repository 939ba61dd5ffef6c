"""Labelled pictures in parts: to train on, to choose by, to test on."""

from dataclasses import dataclass

import torch
from torch import Tensor

from companion import _checks


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Labelled pictures in a training part, a test part and, where something is to be chosen, a validation part.

    Attributes:
        train_x: training pictures (N, C, H, W), floating point.
        train_y: their classes (N,), int64, from 0.
        test_x: test pictures (M, C, H, W).
        test_y: their classes (M,).
        val_x: validation pictures (V, C, H, W), or None.
        val_y: their classes (V,), or None.

    Raises:
        TypeError: if a field is not a tensor of that kind of number.
        ValueError: if a shape is wrong, a part is empty or a class is negative.
    """

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    val_x: Tensor | None = None
    val_y: Tensor | None = None

    def __post_init__(self):
        for part in ("train", "test", *(["val"] if self.has_validation else [])):
            x = getattr(self, f"{part}_x")
            labelled(f"{part}_x", x, f"{part}_y", getattr(self, f"{part}_y"))
            if x.shape[1:] != self.train_x.shape[1:]:
                raise ValueError(
                    f"train_x and {part}_x must hold pictures of one shape (C, H, W), "
                    f"got {tuple(self.train_x.shape[1:])} and {tuple(x.shape[1:])}"
                )

    @property
    def has_validation(self) -> bool:
        """Whether there is a validation part."""
        return self.val_x is not None or self.val_y is not None

    @property
    def num_classes(self) -> int:
        """Number of classes: one more than the largest label."""
        return int(max(y.max() for y in (self.train_y, self.test_y, self.val_y) if y is not None)) + 1

    def __repr__(self) -> str:
        shape = ", ".join(str(n) for n in self.train_x.shape[1:])
        sizes = f"{len(self.train_y)} to train, {len(self.test_y)} to test"
        if self.has_validation:
            sizes += f", {len(self.val_y)} to choose by"
        return f"Split({sizes}, pictures ({shape}), {self.num_classes} classes)"


def labelled(x_name: str, x: Tensor, y_name: str, y: Tensor) -> None:
    """Check pictures ``x`` (N, C, H, W) against their classes ``y`` (N,), as ``Split`` describes them."""
    _checks.tensor(x_name, x, "(N, C, H, W)")
    _checks.tensor(y_name, y, "(N,)")
    if not x.is_floating_point():
        raise TypeError(f"{x_name} must be floating point, got {x.dtype}")
    if y.dtype != torch.int64:
        raise TypeError(f"{y_name} must be torch.int64, got {y.dtype}")
    if len(x) != len(y) or len(x) == 0:
        raise ValueError(f"{x_name} and {y_name} must be equally many, at least 1, got {len(x)} and {len(y)}")
    if y.min() < 0:
        raise ValueError(f"{y_name} must hold classes from 0, got {int(y.min())}")


def dealt(labels: Tensor) -> Tensor:
    """Return an order (N,) in which each beginning holds every class at its share, to about one."""
    rank = torch.empty(len(labels), dtype=torch.float64)
    for label in labels.unique():
        members = (labels == label).nonzero().flatten()
        rank[members] = (torch.arange(len(members), dtype=torch.float64) + 0.5) / len(members)
    return rank.argsort(stable=True)
