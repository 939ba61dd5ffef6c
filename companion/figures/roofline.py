"""Roofline charts: the most FLOPs per second that a machine can do, by arithmetic intensity."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from companion.figures.charts import plain
from companion.figures.picture import Picture, canvas, styled
from companion.figures.style import GRID, INK, PAPER, SERIES
from companion.figures.values import array, check_positive


@styled
def roofline(
    roofs: Mapping[str, tuple[float, float]],
    rows: Mapping[str, Sequence[float]],
    *,
    alt: str,
    caption: str = "",
    points: Mapping[str, Sequence[tuple[float, float]]] | None = None,
) -> Picture:
    """Draw roofs over rows of programs, all against arithmetic intensity, on logarithmic axes.

    Args:
        roofs: name -> (bandwidth in bytes per second, peak in FLOP per second); one to four.
        rows: name -> arithmetic intensities in FLOP per byte, drawn as a row of dots below the roofs.
        alt: alternative text.
        caption: caption.
        points: name of a roof -> (intensity, FLOP per second) that were measured under it, in its colour.

    Raises:
        ValueError: if there is no roof or no row, points have no roof, or a number is not above 0 and finite.
    """
    points = points or {}
    rows = {name: array("rows", values) for name, values in rows.items()}
    _check_roofline(roofs, rows, points)
    intensities = [number for row in rows.values() for number in row]
    ridges = [peak / bandwidth for bandwidth, peak in roofs.values()]
    window = min(intensities) / 1.6, 1.6 * max(*intensities, *ridges)
    figure, (above, below) = canvas(
        2.5 + 0.21 * len(rows), nrows=2, sharex=True, gridspec_kw={"height_ratios": [2.1, 0.2 * len(rows)]}
    )
    lowest = min(window[0] * bandwidth for bandwidth, _ in roofs.values())
    lowest = min([lowest, *(speed / 1.6 for group in points.values() for _, speed in group)])
    _draw_roofs(above, below, roofs, window, lowest / 1e12)
    colours = dict(zip(roofs, SERIES, strict=False))
    for name, group in points.items():
        xs, ys = zip(*group, strict=True)
        style = {"s": 26, "color": colours[name], "edgecolor": INK, "linewidth": 0.7, "zorder": 3}
        above.scatter(xs, [y / 1e12 for y in ys], **style)
    _draw_rows(below, rows, window)
    for axis in (above.xaxis, above.yaxis):
        ticks = [10**k * m for k in range(-2, 5) for m in (1, 2, 5)]
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter(lambda value, _: plain(value))
        axis.set_minor_locator(NullLocator())
    above.tick_params(bottom=False, labelbottom=False)
    return Picture(figure, alt=alt, caption=caption)


def _check_roofline(
    roofs: Mapping[str, tuple[float, float]],
    rows: Mapping[str, np.ndarray],
    points: Mapping[str, Sequence[tuple[float, float]]],
) -> None:
    """Refuse what a roofline chart can't show."""
    if not 1 <= len(roofs) <= len(SERIES) or not rows:
        raise ValueError(
            f"there must be 1 to {len(SERIES)} roofs and at least one row, got {len(roofs)}, {len(rows)}"
        )
    if strange := set(points) - set(roofs):
        raise ValueError(f"points must be under one of the roofs {list(roofs)}, got {sorted(strange)}")
    check_positive("roofs", [number for roof in roofs.values() for number in roof])
    check_positive("rows", [number for row in rows.values() for number in row])
    check_positive("points", [number for group in points.values() for point in group for number in point])


def _draw_roofs(
    above: Axes, below: Axes, roofs: Mapping[str, tuple[float, float]], window: tuple, lowest: float
) -> None:
    """Draw roofs in TFLOP/s, and through both panels the intensities at which they bend."""
    low, high = window
    for (name, (bandwidth, peak)), colour in zip(roofs.items(), SERIES, strict=False):
        ridge = peak / bandwidth
        above.plot([low, ridge, high], [bandwidth * low / 1e12, peak / 1e12, peak / 1e12], color=colour)
        above.annotate(
            name, (high, peak / 1e12), xytext=(0, 3), textcoords="offset points", ha="right", color=colour
        )
        dashed = {"color": colour, "lw": 0.9, "ls": (0, (4, 3)), "zorder": 1}
        above.plot([ridge, ridge], [lowest, peak / 1e12], **dashed)
        below.axvline(ridge, **dashed)
    above.set(xscale="log", yscale="log", ylabel="TFLOP/s", xlim=window)
    above.set_ylim(lowest, 1.7 * max(peak for _, peak in roofs.values()) / 1e12)


def _draw_rows(axis: Axes, rows: Mapping[str, np.ndarray], window: tuple) -> None:
    """Draw a row of dots for each program, from above."""
    for y, values in enumerate(rows.values()):
        axis.plot(window, [y, y], color=GRID, lw=0.6)
        axis.scatter(values, [y] * len(values), s=26, color=INK, edgecolor=PAPER, linewidth=0.6, zorder=3)
    axis.set(xlabel="arithmetic intensity, FLOP per byte", yticks=range(len(rows)), ylim=(len(rows) - 0.5, -0.6))
    axis.set_yticklabels(rows)
    axis.tick_params(left=False)
    axis.spines["left"].set_visible(False)
    axis.grid(visible=False)
