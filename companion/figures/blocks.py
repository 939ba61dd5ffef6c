"""Drawings of feature maps: tensors as blocks to scale, and the maps themselves as pictures."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import FancyArrowPatch, Polygon, Rectangle

from companion._checks import flag
from companion.figures.heat_maps import SIGNED
from companion.figures.picture import WIDTH, Picture, canvas, styled
from companion.figures.style import GRID, INK, SERIES
from companion.figures.values import array

_GREY = LinearSegmentedColormap.from_list("ink", ["#76767600", "#767676"])  # seen on white and on a dark page


@styled
def tensor_blocks(
    steps: Sequence[tuple[str, tuple[int, int, int]]],
    operations: Sequence[str],
    *,
    alt: str,
    caption: str = "",
    highlight: bool = False,
    shortcut: str = "",
) -> Picture:
    """Draw tensors as blocks, channels along the depth, with what happens between them.

    All blocks share one scale for height and width, and one for channels.

    Args:
        steps: (name, (C, H, W)) of each tensor, in order.
        operations: the words between the tensors, one fewer than the tensors.
        alt: alternative text.
        caption: caption.
        highlight: draw one pixel's column of channels through every block.
        shortcut: words at an arrow from the first tensor past the others to the last; none for no arrow.

    Raises:
        TypeError: if ``highlight`` is not a bool.
        ValueError: if ``operations`` are not one fewer than ``steps``.
    """
    flag("highlight", highlight)
    if len(operations) != len(steps) - 1:
        raise ValueError(f"operations must be one fewer than steps, got {len(operations)} for {len(steps)}")
    tallest = max(max(height, width) for _, (_, height, width) in steps)
    deepest = max(channels for _, (channels, _, _) in steps)
    extents = [(1.6 * c / deepest, h / tallest, 0.42 * w / tallest) for _, (c, h, w) in steps]
    gap = 1.45 if any(len(line) > 8 for words in operations for line in words.split("\n")) else 1.15
    long = sum(deep + wide for deep, _, wide in extents) + gap * len(operations) + 0.2
    high = max(0.5 + tall / 2 + 0.55 * wide for _, tall, wide in extents) + (0.45 if shortcut else 0.05)
    unit = WIDTH / max(long, 4.5)  # inches
    low = -0.55 / unit  # room for two lines of words, whatever the scale
    figure, axis = canvas(unit * (high - low))
    left = 0.0
    for index, ((name, shape), (deep, tall, wide)) in enumerate(zip(steps, extents, strict=True)):
        _block(axis, left, tall, wide, deep, SERIES[index % len(SERIES)])
        if highlight:
            _column(axis, left, deep)
        middle = left + (deep + wide) / 2
        axis.text(middle, -0.08 / unit, name, ha="center", va="top", fontsize=9.5, fontweight="bold")
        axis.text(middle, -0.29 / unit, " × ".join(map(str, shape)), ha="center", va="top", fontsize=9)
        right = left + deep + wide
        if index < len(operations):
            _operation(axis, right, gap, operations[index])
        left = right + gap
    if shortcut:
        ends = [(extents[0][0] + extents[0][2]) / 2, left - gap - (extents[-1][0] + extents[-1][2]) / 2]
        tops = [0.5 + tall / 2 + 0.28 * wide for _, tall, wide in (extents[0], extents[-1])]
        _shortcut(axis, ends, tops, high - 0.25, shortcut)
    axis.set(xlim=(-0.1, left - gap + 0.1), ylim=(low, high), aspect="equal")
    axis.set_axis_off()
    return Picture(figure, alt=alt, caption=caption)


def _shortcut(axis: Axes, ends: Sequence[float], tops: Sequence[float], height: float, words: str) -> None:
    """Draw an arrow up from the first block, over the others and down to the last, with its words."""
    (start, end), (first, last) = ends, tops
    axis.plot([start, start, end], [first, height, height], color=INK, lw=1)
    axis.annotate("", (end, last), (end, height), arrowprops={"arrowstyle": "-|>", "color": INK, "shrinkA": 0})
    axis.text((start + end) / 2, height + 0.03, words, ha="center", va="bottom", fontsize=9)


def _operation(axis: Axes, left: float, gap: float, words: str) -> None:
    """Draw an arrow across the gap between two blocks, with its words above it."""
    arrow = FancyArrowPatch((left + 0.08, 0.5), (left + gap - 0.08, 0.5), arrowstyle="-|>", mutation_scale=11)
    arrow.set(color=INK, linewidth=1)
    axis.add_patch(arrow)
    axis.text(left + gap / 2, 0.6, words, ha="center", va="bottom", fontsize=9)


def _block(axis: Axes, left: float, tall: float, wide: float, deep: float, colour: str) -> None:
    """Draw a box: its front face is channels x height, its side face is the width, in perspective."""
    low, shift = 0.5 - tall / 2, 0.55 * wide
    front = [(left, low), (left + deep, low), (left + deep, low + tall), (left, low + tall)]
    top = [
        (left, low + tall),
        (left + deep, low + tall),
        (left + deep + wide, low + tall + shift),
        (left + wide, low + tall + shift),
    ]
    side = [
        (left + deep, low),
        (left + deep + wide, low + shift),
        (left + deep + wide, low + tall + shift),
        (left + deep, low + tall),
    ]
    for face, strength in ((front, 0.55), (top, 0.3), (side, 0.8)):
        axis.add_patch(Polygon(face, facecolor=(colour, strength), edgecolor=INK, linewidth=0.8))


def _column(axis: Axes, left: float, deep: float) -> None:
    """Draw the channels of one pixel: a rod through the whole depth of the block."""
    rod = [(left, 0.47), (left + deep, 0.47), (left + deep, 0.53), (left, 0.53)]
    axis.add_patch(Polygon(rod, facecolor=INK, edgecolor=INK, linewidth=0.8))


@styled
def pixel_maps(
    maps: Mapping[str, Sequence[Sequence]],
    *,
    alt: str,
    caption: str = "",
    signed: bool = False,
    ink: Collection[str] = (),
    columns: int | None = None,
    height: float = 1.5,
) -> Picture:
    """Draw pictures or feature maps side by side, pixel for pixel.

    Args:
        maps: title -> numbers (H, W), drawn from black (least) to white (most), or colours (H, W, 3) in [0, 1].
        alt: alternative text.
        caption: caption.
        signed: colour by sign around zero, blue above and orange below, with one scale for all maps.
        ink: titles of maps that are no signed ones, drawn from the colour of the page (least) to grey (most).
        columns: pictures per row; all in one row by default.
        height: height of a row in inches.

    Raises:
        TypeError: if ``signed`` is not a bool.
        ValueError: if there is no map, one is neither (H, W) nor (H, W, 3), colours lie outside [0, 1] or are
            to be ``signed``, ``ink`` names no map, or ``columns`` is below 1.
    """
    flag("signed", signed)
    if not maps:
        raise ValueError("maps must hold at least one map, got none")
    columns = len(maps) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    if unknown := set(ink) - set(maps):
        raise ValueError(f"ink must name maps, got {sorted(unknown)}")
    grids = {title: _pixels(title, rows, signed) for title, rows in maps.items()}
    scale = {"cmap": "gray"}
    if signed:
        largest = max((np.nanmax(abs(grid)) for title, grid in grids.items() if title not in ink), default=0) or 1
        scale = {"cmap": SIGNED, "vmin": -largest, "vmax": largest}
    rows = -(-len(maps) // columns)
    figure, axes = canvas(height * rows, ncols=columns, nrows=rows, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (title, grid) in zip(axes.flat, grids.items(), strict=False):
        axis.imshow(grid, interpolation="none", **({"cmap": _GREY} if title in ink else scale))
        if signed:  # where a map is clear nothing else would show its edge
            (high, wide), edge = grid.shape, {"fill": False, "edgecolor": GRID, "linewidth": 0.8, "clip_on": False}
            axis.add_patch(Rectangle((-0.5, -0.5), wide, high, **edge))
        axis.set_title(title, fontsize=9.5, fontweight="normal", loc="center")
    return Picture(figure, alt=alt, caption=caption)


def _pixels(title: str, rows: Sequence[Sequence], signed: bool) -> np.ndarray:
    """Return a map as (H, W), or as (H, W, 3) in [0, 1]."""
    grid = array("maps", rows, ndim=None)
    if grid.shape[2:] not in ((), (3,)) or grid.ndim < 2 or not grid.size:
        raise ValueError(f"maps must have shape (H, W) or (H, W, 3), got {grid.shape} for {title!r}")
    if grid.ndim == 3 and signed:
        raise ValueError(f"maps must have shape (H, W) to be signed, got {grid.shape} for {title!r}")
    if grid.ndim == 3 and not (grid.min() >= 0 and grid.max() <= 1):
        raise ValueError(f"maps must hold colours in [0, 1], got {grid.min()} to {grid.max()} for {title!r}")
    return grid
