"""Mixing matrices as pictures: one row for each output channel, one column for each input channel."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from companion.figures.picture import WIDTH, Picture, canvas, styled
from companion.figures.style import BLUE, GRID, ORANGE
from companion.figures.values import array

_LARGEST = 64


@styled
def mixing_matrix(
    *matrices: Sequence[Sequence[float]],
    titles: Sequence[str] = (),
    alt: str,
    caption: str = "",
    write: str | None = None,
) -> Picture:
    """Draw matrices side by side: blue adds a channel, orange takes it away, paler means less.

    Args:
        *matrices: each (C_out, C_in), at most 64 x 64; each has its own scale of colours.
        titles: one for each matrix, or none.
        alt: alternative text.
        caption: caption.
        write: format of the numbers to write into the cells, for example ``".2f"``; None writes none.

    Raises:
        ValueError: if there is no matrix, one is empty, ragged, too large or not finite, or ``titles`` don't
            match.
    """
    if not matrices:
        raise ValueError("matrices must be at least one, got none")
    matrices = [_checked(matrix) for matrix in matrices]
    if titles and len(titles) != len(matrices):
        raise ValueError(f"titles must be one for each matrix, got {len(titles)} for {len(matrices)}")
    width = min(WIDTH, 2.7 * len(matrices))
    figure, axes = canvas(_height(matrices, width), width=width, ncols=len(matrices), squeeze=False)
    for index, (axis, matrix) in enumerate(zip(axes[0], matrices, strict=True)):
        _draw(axis, matrix, write)
        if titles:
            axis.set_title(titles[index])
    return Picture(figure, alt=alt, caption=caption)


def _draw(axis: Axes, matrix: np.ndarray, write: str | None) -> None:
    rows, columns = matrix.shape
    top = abs(matrix).max() or 1
    for (row, column), value in np.ndenumerate(matrix):
        if value:
            colour = (BLUE if value > 0 else ORANGE, 0.75 * abs(value) / top)
            axis.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, linewidth=0))
        if write:
            number = format(value, write).replace("-", "\N{MINUS SIGN}")
            axis.text(column + 0.5, row + 0.5, number, ha="center", va="center", fontsize=9)
    axis.add_patch(Rectangle((0, 0), columns, rows, fill=False, edgecolor=GRID, linewidth=0.8))
    axis.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal", xticks=[], yticks=[])
    axis.set(xlabel=f"{columns} in", ylabel=f"{rows} out")
    axis.spines[:].set_visible(False)
    axis.grid(visible=False)


def _height(matrices: Sequence[np.ndarray], width: float) -> float:
    """Return the height in inches that leaves no empty band above or below the matrices, and is at most 2.7."""
    words = 0.55  # a title above, the number of channels below; beside a matrix 0.35
    tallest = max(rows / columns for rows, columns in (matrix.shape for matrix in matrices))
    return min(2.7, words + tallest * (width / len(matrices) - 0.35))


def _checked(matrix: Sequence[Sequence[float]]) -> np.ndarray:
    """Return a matrix as an array; refuse what can't be drawn as one."""
    matrix = array("matrices", matrix, ndim=2)
    if not 1 <= min(matrix.shape) <= max(matrix.shape) <= _LARGEST:
        raise ValueError(f"matrices must have 1 to {_LARGEST} rows and columns, got the shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError(f"matrices must hold finite numbers, got {matrix[~np.isfinite(matrix)][0]}")
    return matrix
