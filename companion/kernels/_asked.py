"""Count the bytes that a kernel asks memory for: what it would fetch if no cache answered."""

from collections.abc import Sequence

from companion import _checks
from companion.kernels._sectors import SECTOR, WARP, accesses, sectors
from companion.kernels._variants import Layer


def asked_intensity(layer: Layer, by: str | tuple[int, int]) -> float:
    """Return the FLOPs that a kernel does for each byte it asks memory for, 2 x MACs over bytes.

    Where each thread has one output, a warp fetches whole sectors, and the first warp stands for all. Where a block
    has a tile, x is asked for once for each row of tiles, the weight once for each column of them, and what lies
    beyond an edge is not asked for. Each output is written once.

    Args:
        layer: the sizes.
        by: "naive" or "coalesced", or the tile (output channels, columns) of a block.

    Raises:
        TypeError: if ``layer`` is not a ``Layer``, or a side of the tile not an int.
        ValueError: if there is no such step, or a size of the layer or a side of the tile is below 1.

    >>> layer = Layer(batch=32, in_channels=256, out_channels=256, pixels=3136)
    >>> [round(asked_intensity(layer, by), 2) for by in ("naive", "coalesced", (16, 16), (64, 128))]
    [0.06, 0.4, 3.88, 18.29]
    """
    if not isinstance(layer, Layer):
        raise TypeError(f"layer must be a Layer, got {type(layer).__name__}")
    if min(layer.columns, layer.in_channels, layer.out_channels) < 1:
        raise ValueError(f"layer must have sizes of at least 1, got {layer}")
    if isinstance(by, str):
        places = accesses(by, layer)
        read, written = (sum(len(sectors(places[name])) for name in names) for names in (("weight", "x"), "y"))
        return 2 * layer.in_channels * min(WARP, len(places["y"])) / (SECTOR * (layer.in_channels * read + written))
    if not isinstance(by, Sequence) or len(by) != 2 or min(by) < 1:
        raise ValueError(f"by must be a step or a tile of at least (1, 1), got {by}")
    channels, columns = _checks.pair("by", by)
    x = -(-layer.out_channels // channels) * layer.in_channels * layer.columns
    weight = -(-layer.columns // columns) * layer.in_channels * layer.out_channels
    y = layer.out_channels * layer.columns
    return 2 * layer.in_channels * y / (4 * (x + weight + y))
