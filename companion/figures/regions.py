"""Decision regions: which side of its boundary a classifier puts each point of a plane on."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from companion.figures.picture import WIDTH, Picture, canvas, styled
from companion.figures.style import BLUE, INK, ORANGE, PAPER
from companion.figures.values import array

_MARKS = ((ORANGE, 8), (BLUE, 4))  # corners: a round mark for class 0, a square one for class 1


@styled
def regions(
    panels: Mapping[str, Sequence[Sequence[float]]],
    *,
    limits: tuple[float, float],
    points: Sequence[tuple[float, float]] = (),
    labels: Sequence[int] = (),
    alt: str,
    caption: str = "",
) -> Picture:
    """Draw the regions of classifiers side by side, with the same points on each.

    Args:
        panels: title -> rows of scores (H, W) on an even grid over the plane, the first row at the lower end of
            the y axis, the first column at the lower end of the x axis; above 0 is class 1, blue, the rest is
            class 0, orange.
        limits: lower and upper end of both axes, where the outermost scores lie.
        points: (x, y) of each point, a few hundred at most.
        labels: class of each point: 0 is drawn round and orange, 1 square and blue.
        alt: alternative text.
        caption: caption.

    Raises:
        ValueError: if there is no panel, scores are no grid of finite numbers of at least 2 by 2, ``limits``
            don't rise, or there is not one label, 0 or 1, for each point.
    """
    if not panels:
        raise ValueError("panels must hold at least one, got none")
    low, high = limits
    if not low < high:
        raise ValueError(f"limits must rise, got {limits}")
    points, labels = array("points", points, ndim=2) if len(points) else np.empty((0, 2)), array("labels", labels)
    if len(points) != len(labels) or not np.isin(labels, (0, 1)).all():
        raise ValueError(f"labels must be 0 or 1, one for each of {len(points)} points, got {labels.tolist()}")
    grids = {title: _scores(title, rows) for title, rows in panels.items()}
    side = WIDTH / max(len(panels), 2)
    figure, axes = canvas(side + 0.25, width=side * len(panels), ncols=len(panels), sharey=True, squeeze=False)
    for axis, (title, grid) in zip(axes[0], grids.items(), strict=True):
        rows, columns = (np.linspace(low, high, count) for count in grid.shape)
        levels = [min(grid.min(), 0) - 1, 0, max(grid.max(), 0) + 1]
        axis.contourf(columns, rows, grid, levels=levels, colors=[ORANGE, BLUE], alpha=0.22)
        if grid.min() <= 0 < grid.max():
            axis.contour(columns, rows, grid, levels=[0], colors=[INK], linewidths=1.2)
        for label, (colour, corners) in enumerate(_MARKS):
            _mark(axis, points[labels == label], corners, colour, side=0.03 * (high - low))
        axis.set(xlim=limits, ylim=limits, aspect="equal", xlabel="channel 1")
        axis.set_title(title, fontsize=9.5, fontweight="normal", loc="center")
        axis.grid(visible=False)
    axes[0][0].set_ylabel("channel 2")
    return Picture(figure, alt=alt, caption=caption)


def _mark(axis: Axes, points: np.ndarray, corners: int, colour: str, side: float) -> None:
    """Draw small polygons as one path: markers of their own would make a large file."""
    if not len(points):
        return
    radius = side / np.sqrt(corners / 2 * np.sin(2 * np.pi / corners))  # area: side squared
    turns = 2 * np.pi * (np.arange(corners + 1) + 0.5) / corners
    polygon = radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    path = Path.make_compound_path(*(Path(polygon + point, closed=True) for point in points))
    axis.add_patch(PathPatch(path, facecolor=colour, edgecolor=PAPER, linewidth=0.4, zorder=3))


def _scores(title: str, rows: Sequence[Sequence[float]]) -> np.ndarray:
    """Return the scores of a panel as an array (H, W)."""
    grid = array("panels", rows, ndim=2)
    if min(grid.shape) < 2:
        raise ValueError(f"panels must have shape (H, W), at least 2 by 2, got {grid.shape} for {title!r}")
    if not np.isfinite(grid).all():
        raise ValueError(f"panels must hold finite scores, got NaN or infinity for {title!r}")
    return grid
