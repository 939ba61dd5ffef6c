"""A computation with its numbers: small grids from left to right, with what happens between them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from companion._checks import flag
from companion.figures.picture import WIDTH, Picture, canvas, styled
from companion.figures.style import INK, SERIES
from companion.figures.values import array

_GAP, _APART = 1.4, 0.5  # cells between two columns, and between the grids of a stack


@styled
def number_grids(
    columns: Sequence[tuple[str, Sequence]],
    signs: Sequence[str],
    *,
    alt: str,
    caption: str = "",
    write: str = "g",
    bypass: bool = False,
) -> Picture:
    """Draw columns of grids with all their numbers, and a sign between each two columns.

    A stack holds one grid for each channel, and each channel has its colour. A grid that stands alone has a column
    for each channel; one number, or one column of numbers, has no colour.

    Args:
        columns: (title, grids (H, W)) of each column, one to four grids.
        signs: what stands between neighbours, one fewer than the columns; two lines are set small.
        alt: alternative text.
        caption: caption.
        write: format of the numbers.
        bypass: draw a line from the first column past the others to the last sign.

    Raises:
        TypeError: if ``bypass`` is not a bool.
        ValueError: if ``signs`` are not one fewer, or a column holds no grid, more than four, or one that is empty.
    """
    flag("bypass", bypass)
    if len(signs) != len(columns) - 1:
        raise ValueError(f"signs must be one fewer than columns, got {len(signs)} for {len(columns)}")
    stacks = [[array("columns", grid, ndim=2) for grid in grids] for _, grids in columns]
    if not all(1 <= len(stack) <= len(SERIES) and all(grid.size for grid in stack) for stack in stacks):
        raise ValueError(f"columns must hold 1 to {len(SERIES)} grids each, none empty, got {list(columns)}")
    widths = [max(grid.shape[1] for grid in stack) for stack in stacks]
    heights = [sum(len(grid) + _APART for grid in stack) - _APART for stack in stacks]
    tall, long = max(heights), sum(widths) + _GAP * len(signs)
    cell = WIDTH / (long + 0.2)  # inches
    above = (0.4 + 0.3 * bypass) / cell  # room for the titles, and for the line
    figure, axis = canvas(cell * (tall + above + 0.1))
    left = 0.0
    for index, ((title, _), stack) in enumerate(zip(columns, stacks, strict=True)):
        _stack(axis, stack, left, (tall - heights[index]) / 2, write)
        axis.text(left + widths[index] / 2, -0.08 / cell, title, ha="center", va="bottom", fontsize=9)
        left += widths[index] + _GAP
        if index < len(signs):
            middle, size = left - _GAP / 2, 9 if "\n" in signs[index] else 15
            axis.text(middle, tall / 2, signs[index], ha="center", va="center", fontsize=size)
    if bypass:
        end, top = left - _GAP - widths[-1] - _GAP / 2, -0.5 / cell
        axis.plot([widths[0] / 2, widths[0] / 2, end], [-0.25 / cell, top, top], color=INK, lw=0.9)
        arrow = {"arrowstyle": "-|>", "color": INK, "lw": 0.9}
        axis.annotate("", (end, tall / 2 - 0.6), (end, top), arrowprops=arrow)
    axis.set(xlim=(-0.1, long + 0.1), ylim=(tall + 0.1, -above), aspect="equal")
    axis.set_axis_off()
    return Picture(figure, alt=alt, caption=caption)


def _stack(axis: Axes, stack: Sequence[np.ndarray], left: float, top: float, write: str) -> None:
    """Draw grids below each other, each cell with its number and the colour of its channel."""
    for channel, grid in enumerate(stack):
        for (row, column), value in np.ndenumerate(grid):
            colour = SERIES[(channel if len(stack) > 1 else column) % len(SERIES)]
            plain = len(stack) == 1 and grid.shape[1] == 1
            face, edge = ("none", INK) if plain else ((colour, 0.2), colour)
            x, y = left + column, top + row
            axis.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor=edge, linewidth=0.8))
            number = format(value, write).replace("-", "\N{MINUS SIGN}")
            size = 9 if len(number) < 4 else 8
            axis.text(x + 0.5, y + 0.5, number, ha="center", va="center", fontsize=size)
        top += len(grid) + _APART
