"""Cost tables of the book's own networks, each counted once and kept."""

from collections.abc import Callable, Iterable
from functools import cache

import torch

from companion import cost, networks


@cache
def table(name: str, size: int = 224, **options) -> cost.CostTable:
    """Build a network of `companion.networks` without data and count it for one square picture of side ``size``."""
    with torch.device("meta"):
        network = getattr(networks, name)(**options)
    return cost.count(network, (1, 3, size, size))


def part(rows: Iterable[cost.LayerCost], which: str | Callable[[cost.LayerCost], bool]) -> cost.Cost:
    """Return the sum of those layers that a function picks, or whose names begin with a stage's."""
    if isinstance(which, str):
        stage = which
        return part(rows, lambda row: f"{row.name}.".startswith(f"{stage}."))
    return sum(filter(which, rows), cost.Cost())


def convolutions(rows: Iterable[cost.LayerCost]) -> list[cost.LayerCost]:
    """Return the layers that ran a convolution."""
    return [row for row in rows if row.kernel_size is not None]


def shape(row: cost.LayerCost) -> str:
    """Return the output of a layer as papers print it, "H×W×C"."""
    _, channels, *size = row.output_shape
    return "×".join(map(str, [*(size or [1, 1]), channels]))
