"""A tensor drawn as a table of places and channels, to show which of its two axes a layer mixes."""

from matplotlib.patches import Rectangle

from companion.figures.picture import WIDTH, Picture, canvas, styled
from companion.figures.style import BLUE, GRID, ORANGE

_ROWS, _COLUMNS, _ROW, _COLUMN = 4, 8, 1, 5
_CELL = 0.26  # inches


@styled
def two_axes(place: str, channel: str, *, along: str, across: str, alt: str, caption: str = "") -> Picture:
    """Draw a tensor as a table, one row per place and one column per channel, with one of each marked.

    Args:
        place: what a row is, for example "pixel" or "token".
        channel: what a column is, for example "channel" or "feature".
        along: what mixes the channels of one place, written beside the marked row in blue; lines break at
            newlines.
        across: what mixes the places, written beside the marked column in orange.
        alt: alternative text.
        caption: caption.
    """
    figure, axis = canvas((_ROWS + 1.5) * _CELL)
    for row in range(_ROWS):
        for column in range(_COLUMNS):
            if column == _COLUMN:
                axis.add_patch(Rectangle((column, row), 1, 1, facecolor=(ORANGE, 0.45), linewidth=0))
            if row == _ROW:
                axis.add_patch(Rectangle((column, row), 1, 1, facecolor=(BLUE, 0.45), linewidth=0))
    for row in range(_ROWS + 1):
        axis.plot([0, _COLUMNS], [row, row], color=GRID, lw=0.8)
    for column in range(_COLUMNS + 1):
        axis.plot([column, column], [0, _ROWS], color=GRID, lw=0.8)
    for low, wide, colour in (((0, _ROW), (_COLUMNS, 1), BLUE), ((_COLUMN, 0), (1, _ROWS), ORANGE)):
        axis.add_patch(Rectangle(low, *wide, fill=False, edgecolor=colour, linewidth=1.6))
    axis.text(-0.3, _ROW + 0.5, f"a {place}", ha="right", va="center", fontsize=9.5)
    axis.text(_COLUMN + 0.5, -0.25, f"a {channel}", ha="center", va="bottom", fontsize=9.5)
    for end, row, words, colour in (
        (_COLUMNS, _ROW + 0.5, along, BLUE),
        (_COLUMN + 1, _ROWS - 0.5, across, ORANGE),
    ):
        axis.plot([end + 0.1, _COLUMNS + 0.7], [row, row], color=colour, lw=1.2)
        axis.text(_COLUMNS + 0.9, row, words, color=colour, va="center", fontsize=9.5, fontweight="bold")
    left = 4.6  # cells to the left of the table, for the name of a row
    axis.set(xlim=(-left, WIDTH / _CELL - left), ylim=(_ROWS + 0.2, -1.3), aspect="equal")
    axis.set_axis_off()
    return Picture(figure, alt=alt, caption=caption)
