"""Signed numbers as colours, with axes and a scale."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgba

from companion.figures.picture import Picture, canvas, styled
from companion.figures.style import BLUE, ORANGE
from companion.figures.values import array

_COLOURS = [to_rgba(ORANGE), to_rgba(ORANGE, 0), to_rgba(BLUE, 0), to_rgba(BLUE)]
# Zero is the colour of the page, so that maps do not glare on a dark one.
SIGNED = LinearSegmentedColormap.from_list("signed", list(zip((0, 0.5, 0.5, 1), _COLOURS, strict=True)))


@styled
def heat_maps(
    maps: Mapping[str, Sequence[Sequence[float]]],
    *,
    xlabel: str,
    ylabel: str,
    label: str,
    alt: str,
    caption: str = "",
) -> Picture:
    """Draw maps below each other with numbered rows and columns, all in one scale of colours around zero.

    Args:
        maps: title -> numbers (H, W).
        xlabel: what the columns are.
        ylabel: what the rows are.
        label: what the numbers are, with their unit.
        alt: alternative text.
        caption: caption.

    Raises:
        ValueError: if there is no map, or one is empty or not finite.
    """
    grids = {title: array("maps", rows, ndim=2) for title, rows in maps.items()}
    if not grids or not all(grid.size and np.isfinite(grid).all() for grid in grids.values()):
        raise ValueError(f"maps must be at least one, none empty, all finite, got {list(grids.values())}")
    largest = max(abs(grid).max() for grid in grids.values()) or 1
    figure, axes = canvas(0.5 + 1.5 * len(grids), nrows=len(grids), squeeze=False, sharex=True)
    for axis, (title, grid) in zip(axes[:, 0], grids.items(), strict=True):
        drawn = axis.imshow(grid, cmap=SIGNED, vmin=-largest, vmax=largest, interpolation="none", aspect="auto")
        axis.set(title=title, ylabel=ylabel, yticks=range(0, len(grid), max(1, len(grid) // 5)))
        axis.grid(visible=False)
    axes[-1, 0].set_xlabel(xlabel)
    figure.colorbar(drawn, ax=axes[:, 0], label=label, fraction=0.05, aspect=30)
    return Picture(figure, alt=alt, caption=caption)
