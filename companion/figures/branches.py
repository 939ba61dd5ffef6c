"""Block diagrams: parallel paths from one input to where they merge, as boxes and arrows."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from companion.figures.picture import WIDTH, Picture, canvas, styled
from companion.figures.style import BLUE, INK

ROW, BOX, GAP, END = 0.62, 0.42, 0.26, 0.8  # inches: from path to path, a box's height, an arrow, an end's width


@styled
def branches(
    paths: Sequence[Sequence[str]],
    *,
    source: str,
    merge: str,
    alt: str,
    caption: str = "",
    highlight: str | None = None,
) -> Picture:
    """Draw the paths below each other, all from one box on the left to one box on the right.

    Args:
        paths: the words of each path's boxes, in order; an empty path is an arrow alone.
        source: the words of the box that all paths come from.
        merge: the words of the box that they meet in.
        alt: alternative text.
        caption: caption.
        highlight: boxes whose words begin with this are coloured.

    Raises:
        ValueError: if there is no path.
    """
    if not paths:
        raise ValueError("paths must hold at least one, got none")
    height = ROW * len(paths)
    figure, axis = canvas(height)
    left, right = END + GAP, WIDTH - END - GAP  # where the paths begin and end
    _box(axis, 0, END, height / 2, source, ROW * (len(paths) - 1) + BOX)
    _box(axis, WIDTH - END, WIDTH, height / 2, merge, ROW * (len(paths) - 1) + BOX)
    widest = max(1, *map(len, paths))
    width = (right - left - GAP * (widest - 1)) / widest  # all boxes are of one size
    for index, steps in enumerate(paths):
        y = height - ROW * (index + 0.5)
        room = (right - left) / max(1, len(steps))
        begin = END
        for place, words in enumerate(steps):
            middle = left + room * (place + 0.5)
            _arrow(axis, begin, middle - width / 2, y)
            lit = highlight is not None and words.startswith(highlight)
            _box(axis, middle - width / 2, middle + width / 2, y, words, BOX, lit)
            begin = middle + width / 2
        _arrow(axis, begin, WIDTH - END, y)
    axis.set(xlim=(-0.02, WIDTH + 0.02), ylim=(0, height))
    axis.set_axis_off()
    return Picture(figure, alt=alt, caption=caption)


def _box(axis: Axes, left: float, right: float, y: float, words: str, tall: float, lit: bool = False) -> None:
    """Draw a box around a height, with its words in the middle."""
    face = (BLUE, 0.3) if lit else (INK, 0.06)
    axis.add_patch(
        Rectangle((left, y - tall / 2), right - left, tall, facecolor=face, edgecolor=INK, linewidth=0.8)
    )
    axis.text((left + right) / 2, y, words, ha="center", va="center", fontsize=9)


def _arrow(axis: Axes, begin: float, end: float, y: float) -> None:
    arrow = FancyArrowPatch((begin, y), (end, y), arrowstyle="-|>", mutation_scale=9, shrinkA=0, shrinkB=0)
    arrow.set(color=INK, linewidth=0.9)
    axis.add_patch(arrow)
