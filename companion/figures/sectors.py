"""Memory sectors: the floats that the threads of a warp read, and the sectors that are fetched for them."""

from collections.abc import Mapping, Sequence
from math import nan
from operator import index

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from companion.figures.picture import WIDTH, Picture, canvas, styled
from companion.figures.style import BLUE, GRID, INK, ORANGE

_SECTOR = 8  # floats
_WIDE = 32  # floats drawn of a row
_CELL = 0.128  # inches
_LEFT = 5.5  # cells, for the name of a row
_WORDS = 2.6  # cells above the rows of an array


@styled
def sectors(
    arrays: Mapping[str, tuple[Sequence[int], int]], *, alt: str, caption: str = "", rows: int = 4
) -> Picture:
    """Draw arrays in memory, one line per row: blue the floats that are read, orange what is fetched with them.

    Args:
        arrays: name -> (the places that the threads read, in floats; the floats in a row of the array). Of each
            row 32 floats are drawn, from the sector on in which the first of them lies.
        alt: alternative text.
        caption: caption.
        rows: how many rows of an array are drawn at most; a line says how many more are touched.

    Raises:
        ValueError: if there is no array, nothing or a place below 0 is read in one, or its rows are not whole
            sectors.
    """
    if not arrays:
        raise ValueError("arrays must be at least one, got none")
    drawn = []
    for name, (places, row) in arrays.items():
        places = sorted({index(place) for place in places})
        if not places or places[0] < 0:
            raise ValueError(f"arrays must be read at places of at least 0, got {places} for {name!r}")
        if row < 1 or row % _SECTOR:
            raise ValueError(f"arrays must have rows of a multiple of {_SECTOR} floats, got {row} for {name!r}")
        touched = sorted({place // row for place in places})
        drawn.append((name, places, row, touched))
    heights = [_WORDS + min(rows, len(lines)) + (len(lines) > rows) * 1.4 for *_, lines in drawn]
    figure, axis = canvas(_CELL * (sum(heights) + 0.5))
    top = 0.0
    for array, height in zip(drawn, heights, strict=True):
        _draw(axis, top, *array, rows)
        top += height
    axis.set(xlim=(-_LEFT, WIDTH / _CELL - _LEFT), ylim=(top + 0.4, 0), aspect="equal")
    axis.set_axis_off()
    return Picture(figure, alt=alt, caption=caption)


def _draw(axis: Axes, top: float, name: str, places: list[int], row: int, lines: list[int], most: int) -> None:
    """Draw one array: its words, and its first touched rows."""
    fetched = sorted({place // _SECTOR for place in places})
    words = f"{len(fetched)} sector{'s' * (len(fetched) > 1)} for {len(places)} float{'s' * (len(places) > 1)}"
    axis.text(0, top + _WORDS - 0.5, f"{name}: {words}", ha="left", va="bottom", fontsize=9.5, fontweight="bold")
    top += _WORDS
    for y, line in enumerate(lines[:most]):
        start = min(place % row for place in places if place // row == line) // _SECTOR * _SECTOR + line * row
        wide = min(_WIDE, (line + 1) * row - start)
        for sector in fetched:
            if start <= sector * _SECTOR < start + wide:
                box = (sector * _SECTOR - start, top + y)
                axis.add_patch(Rectangle(box, _SECTOR, 1, facecolor=(ORANGE, 0.4), linewidth=0))
        for place in places:
            if start <= place < start + wide:
                axis.add_patch(Rectangle((place - start, top + y), 1, 1, facecolor=BLUE, linewidth=0))
        axis.text(-0.4, top + y + 0.5, f"row {line}", ha="right", va="center", fontsize=8)
        for step, colour, width in ((1, GRID, 0.5), (_SECTOR, INK, 1.1)):
            _strokes(axis, range(0, wide + 1, step), top + y, top + y + 1, colour, width)
        axis.plot([0, wide, wide, 0], [top + y, top + y, top + y + 1, top + y + 1], color=GRID, lw=0.5)
    if len(lines) > most:
        text = f"and so on for {len(lines) - most} more rows"
        axis.text(0, top + most + 0.2, text, ha="left", va="top", fontsize=9)


def _strokes(axis: Axes, xs: Sequence[int], low: float, high: float, colour: str, width: float) -> None:
    """Draw upright strokes as one path, which is a tenth of the size."""
    points = [point for x in xs for point in ((x, low), (x, high), (nan, nan))]
    axis.plot(*zip(*points, strict=True), color=colour, lw=width)
