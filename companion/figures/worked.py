"""A 1x1 convolution with its numbers: the channels of one pixel, the matrix, and the pixel that comes out."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from companion.figures.picture import Picture, canvas, styled
from companion.figures.style import BLUE, GRID, INK, ORANGE
from companion.figures.values import array

_GAP = 0.8  # between two grids, in cells


@styled
def worked_pixel(x: object, weight: object, *, at: tuple[int, int], alt: str, caption: str = "") -> Picture:
    """Draw maps, matrix and product with all their numbers; one pixel is lit on its way.

    Args:
        x: (C_in, H, W), small whole numbers.
        weight: (C_out, C_in), small whole numbers.
        at: row and column of the lit pixel.
        alt: alternative text.
        caption: caption.

    Raises:
        ValueError: if the shapes don't fit each other, or ``at`` lies outside.
    """
    x, weight = array("x", x, ndim=3), array("weight", weight, ndim=2)
    if weight.shape[1] != len(x):
        raise ValueError(f"weight must have {len(x)} columns, one for each channel of x, got {weight.shape[1]}")
    (row, column), (_, height, width) = at, x.shape
    if not (0 <= row < height and 0 <= column < width):
        raise ValueError(f"at must lie within {height} × {width}, got {at}")
    y = np.tensordot(weight, x, axes=1)  # (C_out, H, W)
    tall = max(len(maps) * (height + _GAP) - _GAP for maps in (x, y))
    figure, axis = canvas(0.32 * tall + 0.3)
    matrix_at, pixel_at, sum_at = width + 1.6, width + len(x) + 2.5, width + len(x) + 4.6
    end = sum_at + 2.1
    _maps(axis, x, 0, tall, at, BLUE)
    _grid(axis, weight, matrix_at, (tall - len(weight)) / 2, INK)
    _grid(axis, x[:, row, column, None], pixel_at, (tall - len(x)) / 2, BLUE, lit="all")
    _grid(axis, y[:, row, column, None], sum_at, (tall - len(y)) / 2, ORANGE, lit="all")
    _maps(axis, y, end, tall, at, ORANGE)
    for place, sign in ((matrix_at - 0.8, "→"), (pixel_at - 0.45, "·"), (sum_at - 0.6, "="), (end - 0.55, "→")):
        axis.text(place, tall / 2, sign, ha="center", va="center", fontsize=14)
    titles = ((width / 2, "x"), (matrix_at + len(x) / 2, "weight"), (end + width / 2, "y"))
    for place, title in titles:
        axis.text(place, -0.35, title, ha="center", va="bottom", fontweight="bold")
    axis.set(xlim=(-0.2, end + width + 0.2), ylim=(tall + 0.2, -1.1), aspect="equal")
    axis.axis("off")
    return Picture(figure, alt=alt, caption=caption)


def _maps(axis: Axes, maps: np.ndarray, left: float, tall: float, at: tuple[int, int], colour: str) -> None:
    step = maps.shape[1] + _GAP
    top = (tall - (len(maps) * step - _GAP)) / 2
    for index, values in enumerate(maps):
        _grid(axis, values, left, top + index * step, colour, lit=at)


def _grid(axis: Axes, values: np.ndarray, left: float, top: float, colour: str, lit: object = None) -> None:
    """Draw numbers in square cells; the lit cell, or all, filled with the colour."""
    for (row, column), value in np.ndenumerate(values):
        bright = lit in ("all", (row, column))
        place, fill = (left + column, top + row), (colour, 0.3) if bright else "none"
        axis.add_patch(Rectangle(place, 1, 1, facecolor=fill, edgecolor=colour if bright else GRID, linewidth=0.8))
        number = f"{value:g}".replace("-", "\N{MINUS SIGN}")
        axis.text(place[0] + 0.5, place[1] + 0.5, number, ha="center", va="center", fontsize=9)
