"""A mixing matrix as a picture: one row for each output channel, one column for each input channel."""

from collections.abc import Sequence
from math import isfinite

from matplotlib.patches import Rectangle

from companion.figures.picture import WIDTH, Picture, canvas, styled
from companion.figures.style import BLUE, GRID, ORANGE

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
        *matrices: each (C_out, C_in), at most 64 a side; each has its own scale of colours.
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
    for matrix in matrices:
        _check(matrix)
    if titles and len(titles) != len(matrices):
        raise ValueError(f"titles must be one for each matrix, got {len(titles)} for {len(matrices)}")
    width = min(WIDTH, 2.7 * len(matrices))
    figure, axes = canvas(_height(matrices, width), width=width, ncols=len(matrices), squeeze=False)
    for index, (axis, matrix) in enumerate(zip(axes[0], matrices, strict=True)):
        rows, columns = len(matrix), len(matrix[0])
        top = max(abs(value) for row in matrix for value in row) or 1
        for o, row in enumerate(matrix):
            for c, value in enumerate(row):
                colour = (BLUE if value >= 0 else ORANGE, 0.75 * abs(value) / top)
                if value:
                    axis.add_patch(Rectangle((c, o), 1, 1, facecolor=colour, linewidth=0))
                if write:
                    number = format(value, write).replace("-", "\N{MINUS SIGN}")
                    axis.text(c + 0.5, o + 0.5, number, ha="center", va="center", fontsize=8)
        axis.add_patch(Rectangle((0, 0), columns, rows, fill=False, edgecolor=GRID, linewidth=0.8))
        axis.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal", xticks=[], yticks=[])
        axis.set(xlabel=f"{columns} in", ylabel=f"{rows} out")
        if titles:
            axis.set_title(titles[index])
        axis.spines[:].set_visible(False)
        axis.grid(visible=False)
    return Picture(figure, alt=alt, caption=caption)


def _height(matrices: Sequence[Sequence[Sequence[float]]], width: float) -> float:
    """Return the height in inches that leaves no empty band above or below the matrices, and is at most 2.7."""
    words = 0.55  # a title above, the number of channels below; beside a matrix 0.35
    tallest = max(len(matrix) / len(matrix[0]) for matrix in matrices)
    return min(2.7, words + tallest * (width / len(matrices) - 0.35))


def _check(matrix: Sequence[Sequence[float]]) -> None:
    """Refuse what can't be drawn as a matrix."""
    lengths = [len(row) for row in matrix]
    if len(set(lengths)) != 1 or 0 in lengths:
        raise ValueError(f"matrices must have rows of one length, got rows of lengths {lengths}")
    side = max(lengths[0], len(lengths))
    if side > _LARGEST:
        raise ValueError(f"matrices must have at most {_LARGEST} rows and columns, got {side}")
    strange = [value for row in matrix for value in row if not isfinite(value)]
    if strange:
        raise ValueError(f"matrices must hold finite numbers, got {strange[0]}")
