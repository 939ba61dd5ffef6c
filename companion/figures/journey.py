"""Data flow as a row of boxes: where data lies, and how much of it moves from one place to the next."""

from collections.abc import Sequence

from matplotlib.patches import FancyArrowPatch, Rectangle

from companion.figures.picture import WIDTH, Picture, canvas, styled
from companion.figures.style import INK, SERIES

_HIGH = 0.62  # inches, of a stop
_ARROW = 0.42  # inches between two stops


@styled
def journey(stops: Sequence[tuple[str, str]], moves: Sequence[str], *, alt: str, caption: str = "") -> Picture:
    """Draw stops as boxes from left to right, with an arrow and its words between neighbours.

    Args:
        stops: (name, what lies there) of each, two to four; lines break at newlines.
        moves: the words above the arrows, one fewer than the stops.
        alt: alternative text.
        caption: caption.

    Raises:
        ValueError: if there are too few or too many stops, or ``moves`` are not one fewer.
    """
    if not 2 <= len(stops) <= 4:
        raise ValueError(f"stops must be 2 to 4, got {len(stops)}")
    if len(moves) != len(stops) - 1:
        raise ValueError(f"moves must be one fewer than stops, got {len(moves)} for {len(stops)}")
    lines = 1 + max(words.count("\n") for words in moves)
    above = 0.1 + 0.15 * lines
    below = 0.12 + 0.16 * (1 + max(words.count("\n") for _, words in stops))
    figure, axis = canvas(above + _HIGH + below)
    wide = (WIDTH - 0.1 - _ARROW * len(moves)) / len(stops)
    for index, (name, words) in enumerate(stops):
        left, colour = index * (wide + _ARROW), SERIES[index % len(SERIES)]
        axis.add_patch(Rectangle((left, 0), wide, _HIGH, facecolor=(colour, 0.25), edgecolor=colour, linewidth=1.2))
        axis.text(left + wide / 2, _HIGH / 2, name, ha="center", va="center", fontsize=9.5, fontweight="bold")
        axis.text(left + wide / 2, -0.06, words, ha="center", va="top", fontsize=9)
        if index < len(moves):
            start, end = left + wide + 0.04, left + wide + _ARROW - 0.04
            arrow = FancyArrowPatch((start, _HIGH / 2), (end, _HIGH / 2), arrowstyle="-|>", mutation_scale=11)
            arrow.set(color=INK, linewidth=1)
            axis.add_patch(arrow)
            middle = left + wide + _ARROW / 2
            axis.text(middle, _HIGH + 0.06, moves[index], ha="center", va="bottom", fontsize=9)
    axis.set(xlim=(-0.05, WIDTH - 0.05), ylim=(-below, _HIGH + above), aspect="equal")
    axis.set_axis_off()
    return Picture(figure, alt=alt, caption=caption)
