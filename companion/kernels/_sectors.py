"""Compute which stretches of memory a warp accesses: from the numbers of its threads to addresses to sectors.

A warp is 32 threads that run together; memory is fetched in sectors of 32 bytes. This is arithmetic with indices,
as the first two kernels of ``pointwise.cu`` do it; what a cache already holds is left out.
"""

from collections.abc import Iterable

from companion._checks import integer
from companion.kernels._variants import Layer

WARP = 32  # threads
SECTOR = 32  # bytes
_FLOAT = 4  # bytes


def sectors(offsets: Iterable[int]) -> list[int]:
    """Return the sectors that hold these floats, each once, for an array that starts at one.

    Args:
        offsets: places in the array, in floats.

    >>> sectors(range(32))
    [0, 1, 2, 3]
    >>> len(sectors(range(0, 32 * 256, 256)))
    32
    """
    return sorted({_FLOAT * offset // SECTOR for offset in offsets})


def accesses(step: str, layer: Layer, *, c: int = 0, warp: int = 0) -> dict[str, list[int]]:
    """Return which floats the 32 threads of a warp access: thread t those at place t of each list.

    Args:
        step: "naive" or "coalesced".
        layer: the sizes.
        c: the input channel that the loop is at.
        warp: which warp, counted through all blocks.

    Returns:
        "weight", "x" and "y": offsets in floats. The first two are read for each c, the last is written once.
        Threads beyond the last output access nothing.

    Raises:
        ValueError: if there is no such step, no such input channel, or no thread of the warp has an output.

    >>> naive = accesses("naive", Layer(batch=32, in_channels=256, out_channels=64, pixels=3136))
    >>> naive["weight"][:3], naive["x"][:3], naive["y"][:3]
    ([0, 256, 512], [0, 0, 0], [0, 3136, 6272])
    """
    if step not in _OUTPUT_OF:
        raise ValueError(f"step must be one of {(*_OUTPUT_OF,)}, got {step!r}")
    if integer("c", c, at_least=0) >= layer.in_channels:
        raise ValueError(f"c must be one of {layer.in_channels} input channels, got {c}")
    outputs = layer.columns * layer.out_channels
    first = WARP * integer("warp", warp, at_least=0)
    if first >= outputs:
        raise ValueError(f"warp must be below {-(-outputs // WARP)}, got {warp}")
    places = [_OUTPUT_OF[step](thread, layer) for thread in range(first, min(first + WARP, outputs))]
    return {
        "weight": [o * layer.in_channels + c for _, o, _ in places],
        "x": [(n * layer.in_channels + c) * layer.pixels + p for n, _, p in places],
        "y": [(n * layer.out_channels + o) * layer.pixels + p for n, o, p in places],
    }


def _naive(thread: int, layer: Layer) -> tuple[int, int, int]:
    """Return image, output channel and pixel of a thread: neighbours differ in the channel."""
    column, o = divmod(thread, layer.out_channels)
    n, p = divmod(column, layer.pixels)
    return n, o, p


def _coalesced(thread: int, layer: Layer) -> tuple[int, int, int]:
    """Return the same: neighbours differ in the pixel."""
    map_, p = divmod(thread, layer.pixels)
    n, o = divmod(map_, layer.out_channels)
    return n, o, p


_OUTPUT_OF = {"naive": _naive, "coalesced": _coalesced}
