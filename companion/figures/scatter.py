"""Scatter plots on two logarithmic axes."""

from collections.abc import Mapping

from matplotlib.ticker import LogLocator, NullLocator

from companion.figures.charts import plain
from companion.figures.picture import Picture, canvas, styled
from companion.figures.style import INK, PAPER, SERIES
from companion.figures.values import check_positive


@styled
def scatter(
    groups: Mapping[str, Mapping[str, tuple[float, float]]],
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    caption: str = "",
    rays: Mapping[str, float] | None = None,
) -> Picture:
    """Draw points with their names above them, one colour per group, both axes logarithmic.

    On such axes all points with one ratio of y to x lie on one straight line; ``rays`` draws some of these lines.

    Args:
        groups: name of a group -> name of a point, drawn above it -> (x, y); one to four groups.
        xlabel: name of the x axis, with its unit.
        ylabel: name of the y axis, with its unit.
        alt: alternative text.
        caption: caption.
        rays: name -> ratio y / x of a line worth noticing.

    Raises:
        ValueError: if there is no group, more groups than colours, an empty group, or a value or ratio that is
            not above 0 and finite.
    """
    if not 1 <= len(groups) <= len(SERIES):
        raise ValueError(f"groups must be 1 to {len(SERIES)}, one colour each, got {len(groups)}")
    for name, points in groups.items():
        if not points:
            raise ValueError(f"groups must hold at least one point each, got none for {name!r}")
        check_positive("groups", [value for point in points.values() for value in point])
    rays = rays or {}
    check_positive("rays", rays.values())

    figure, axis = canvas(3.4)
    axis.set(xlabel=xlabel, ylabel=ylabel, xscale="log", yscale="log")
    for (name, points), colour in zip(groups.items(), SERIES, strict=False):
        xs, ys = zip(*points.values(), strict=True)
        axis.scatter(xs, ys, s=34, color=colour, edgecolor=PAPER, linewidth=0.6, zorder=3, label=name)
        for label, point in points.items():
            axis.annotate(label, point, xytext=(0, 4), textcoords="offset points", ha="center", fontsize=9)
    axis.margins(0.14)
    axis.autoscale_view()  # matplotlib puts it off until something is drawn
    low, high = axis.get_xlim()
    axis.set(xlim=(low, high), ylim=axis.get_ylim(), autoscale_on=False)
    for name, ratio in rays.items():
        axis.plot([low, high], [ratio * low, ratio * high], color=INK, lw=0.8, ls=(0, (4, 3)), zorder=1)
        _name_the_ray(axis, name, ratio)
    for part in (axis.xaxis, axis.yaxis):
        part.set_major_locator(LogLocator(base=10))
        part.set_major_formatter(lambda value, _: plain(value))
        part.set_minor_locator(NullLocator())
    axis.grid(visible=True)
    figure.legend(loc="outside upper left", ncols=len(groups), handletextpad=0.2, columnspacing=1.2)
    return Picture(figure, alt=alt, caption=caption)


def _name_the_ray(axis, name: str, ratio: float) -> None:
    """Write a name where its line leaves the picture: at the right edge or at the upper one."""
    right, top = axis.get_xlim()[1], axis.get_ylim()[1]
    if ratio * right <= top:
        place = {"xy": (1.01, ratio * right), "xycoords": ("axes fraction", "data"), "ha": "left", "va": "center"}
    else:
        place = {"xy": (top / ratio, 1.01), "xycoords": ("data", "axes fraction"), "ha": "center", "va": "bottom"}
    axis.annotate(name, **place, fontsize=9, annotation_clip=False)
