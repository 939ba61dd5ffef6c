"""Drawings of a matrix product, with the tile of it that one thread, warp or block computes."""

from collections.abc import Mapping, Sequence
from math import nan

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from companion._checks import integers
from companion.figures.picture import WIDTH, Picture, canvas, styled
from companion.figures.style import BLUE, GREEN, GRID, INK, ORANGE

Box = tuple[int, int, int, int]
_GAP = 0.9  # cells between the matrices
_WORDS = 0.5  # inches of words below: three lines


@styled
def tiles(
    out_channels: int,
    columns: int,
    in_channels: int,
    *,
    tile: Box,
    words: Mapping[str, str],
    alt: str,
    caption: str = "",
    depth: tuple[int, int] | None = None,
    inner: Sequence[Box] = (),
) -> Picture:
    """Draw y = weight x as three matrices: the weight left of y, x above it, and what a tile of y needs of them.

    Args:
        out_channels: rows of y and of the weight.
        columns: columns of y and of x, which are pixels.
        in_channels: columns of the weight, rows of x.
        tile: (first row, first column, rows, columns) of y, drawn green; the weight and x that it needs are pale.
        words: what to write at "weight", "x" and "y".
        alt: alternative text.
        caption: caption.
        depth: (first, number) of the input channels that are being worked on, drawn strong; None for all.
        inner: parts of the tile, as ``tile``, to be drawn darker, and what they need of the weight and of x too.

    Raises:
        TypeError: if a number of rows or columns is not an int.
        ValueError: if it is below 1, a box leaves its matrix, or the words are not those three.
    """
    integers(out_channels=out_channels, columns=columns, in_channels=in_channels)
    depth = depth or (0, in_channels)
    _check_tiles(out_channels, columns, in_channels, tile, words, depth, inner)
    cell = (WIDTH - 0.1) / (in_channels + _GAP + columns)
    left = top = -in_channels - _GAP  # of the weight, and of x
    low = out_channels + _WORDS / cell
    figure, axis = canvas(cell * (low - top + 0.1))
    _fill_tile(axis, in_channels, tile, depth, inner)
    _frame(axis, left, 0, in_channels, out_channels)
    _frame(axis, 0, top, columns, in_channels)
    _frame(axis, 0, 0, columns, out_channels)
    below = out_channels + 0.08 / cell
    axis.text(left, below, words["weight"], va="top", fontsize=9)
    axis.text(0, below, words["y"], va="top", fontsize=9)
    axis.text(-_GAP, top, words["x"], ha="right", va="top", fontsize=9)
    axis.set(xlim=(left - 0.05 / cell, columns + 0.05 / cell), ylim=(low, top - 0.05 / cell), aspect="equal")
    axis.set_axis_off()
    return Picture(figure, alt=alt, caption=caption)


def _check_tiles(
    out_channels: int,
    columns: int,
    in_channels: int,
    tile: Box,
    words: Mapping[str, str],
    depth: tuple[int, int],
    inner: Sequence[Box],
) -> None:
    """Refuse what does not lie within the matrices, and other words."""
    for name, box in [("tile", tile), *(("inner", box) for box in inner)]:
        row, column, high, wide = box
        if not (0 <= row < row + high <= out_channels and 0 <= column < column + wide <= columns):
            raise ValueError(f"{name} must lie within {out_channels} x {columns}, got {box}")
    first, many = depth
    if not 0 <= first < first + many <= in_channels:
        raise ValueError(f"depth must lie within {in_channels} input channels, got {depth}")
    if set(words) != {"weight", "x", "y"}:
        raise ValueError(f"words must be those at weight, x and y, got {sorted(words)}")


def _fill_tile(axis: Axes, in_channels: int, tile: Box, depth: tuple[int, int], inner: Sequence[Box]) -> None:
    """Fill a tile and its parts, and what they need of the weight and of x."""
    left = top = -in_channels - _GAP
    first, many = depth
    row, column, high, wide = tile
    _fill(axis, left, row, in_channels, high, BLUE, 0.22)
    _fill(axis, column, top, wide, in_channels, ORANGE, 0.22)
    _fill(axis, column, row, wide, high, GREEN, 0.4)
    _fill(axis, left + first, row, many, high, BLUE, 0.45)
    _fill(axis, column, top + first, wide, many, ORANGE, 0.45)
    for row, column, high, wide in inner:
        _fill(axis, column, row, wide, high, GREEN, 0.9)
    for row, high in sorted({(box[0], box[2]) for box in inner}):
        _fill(axis, left + first, row, many, high, BLUE, 0.6)
    for column, wide in sorted({(box[1], box[3]) for box in inner}):
        _fill(axis, column, top + first, wide, many, ORANGE, 0.6)


def _fill(axis: Axes, x: float, y: float, wide: float, high: float, colour: str, alpha: float) -> None:
    axis.add_patch(Rectangle((x, y), wide, high, facecolor=(colour, alpha), linewidth=0))


def _frame(axis: Axes, x: float, y: float, across: int, down: int) -> None:
    """Draw the cells of a matrix as one path, and its edge."""
    upright = [point for i in range(1, across) for point in ((x + i, y), (x + i, y + down), (nan, nan))]
    level = [point for i in range(1, down) for point in ((x, y + i), (x + across, y + i), (nan, nan))]
    if upright + level:
        axis.plot(*zip(*upright, *level, strict=True), color=GRID, lw=0.6)
    axis.add_patch(Rectangle((x, y), across, down, fill=False, edgecolor=INK, linewidth=0.8))
