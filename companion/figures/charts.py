"""Charts that come back from chapter to chapter: bars of cost, dots with their spread, curves."""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from statistics import fmean, stdev

from matplotlib.axes import Axes

from companion.figures.picture import Picture, canvas, styled
from companion.figures.style import INK, PAPER, SERIES


def _plain(value: float) -> str:
    """Write a number for people: 589,824, 13.2 M, 0.45."""
    for limit, unit in ((1e9, " G"), (1e6, " M")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2g}"


@styled
def bars(
    groups: Mapping[str, Mapping[str, float]],
    *,
    alt: str,
    caption: str = "",
    write: Callable[[float], str] = _plain,
) -> Picture:
    """Draw one panel a measure, one bar a variant, each panel on its own scale from zero.

    Args:
        groups: measure -> variant -> value; every measure has the same variants.
        alt: alternative text.
        caption: caption.
        write: how a value is written at the end of its bar.
    """
    first = next(iter(groups.values()), {})
    if not first or any(list(group) != list(first) for group in groups.values()):
        raise ValueError(f"groups must hold the same variants in every measure, got {dict(groups)}")
    figure, axes = canvas(7, 0.62 + 0.34 * len(first), ncols=len(groups), sharey=True, squeeze=False)
    for axis, (measure, values) in zip(axes[0], groups.items(), strict=True):
        top = max(values.values()) or 1
        colours = [SERIES[i % len(SERIES)] for i in range(len(values))]
        axis.barh(range(len(values)), values.values(), color=colours, height=0.62, linewidth=0)
        for row, value in enumerate(values.values()):
            axis.text(value + 0.03 * top, row, write(value), va="center", fontsize=9)
        axis.set(title=measure, xlim=(0, 1.55 * top), xticks=[], yticks=range(len(values)))
        axis.set_yticklabels(values)
        axis.tick_params(left=False)
        axis.spines[["bottom", "left"]].set_visible(False)
        axis.grid(visible=False)
    axes[0][0].invert_yaxis()
    return Picture(figure, alt=alt, caption=caption)


@styled
def dots(
    runs: Mapping[str, Sequence[float]],
    *,
    label: str,
    alt: str,
    caption: str = "",
    limits: tuple[float, float] = (-inf, inf),
    cycle: int = len(SERIES),
) -> Picture:
    """Draw every run as a dot, with the mean as a stroke and one standard deviation as a bar.

    Args:
        runs: variant -> one value for each seed, at least two.
        label: what the values are, with their unit.
        alt: alternative text.
        caption: caption.
        limits: the least and the most that a value can be; bars are not drawn beyond.
        cycle: number of colours, given to the rows in turn.
    """
    if any(len(values) < 2 for values in runs.values()):
        raise ValueError("runs must hold at least two values for each variant: one run has no spread")
    figure, axis = canvas(7, 0.75 + 0.36 * len(runs))
    for row, values in enumerate(runs.values()):
        colour, mean, spread = SERIES[row % cycle], fmean(values), stdev(values)
        ends = [max(mean - spread, limits[0]), min(mean + spread, limits[1])]
        axis.plot(ends, [row, row], color=colour, lw=7, alpha=0.25, solid_capstyle="butt")
        axis.plot([mean, mean], [row - 0.3, row + 0.3], color=colour)
        axis.scatter(values, [row] * len(values), s=22, color=colour, edgecolor=PAPER, linewidth=0.6, zorder=3)
    axis.set(xlabel=label, yticks=range(len(runs)), ylim=(len(runs) - 0.5, -0.5))
    axis.set_yticklabels(runs)
    axis.tick_params(left=False)
    axis.spines["left"].set_visible(False)
    axis.grid(visible=True, axis="x")
    return Picture(figure, alt=alt, caption=caption)


@styled
def curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    caption: str = "",
    xscale: str = "linear",
    yscale: str = "linear",
    levels: Mapping[str, float] | None = None,
) -> Picture:
    """Draw lines with their names at their ends.

    Args:
        lines: name -> (x values, y values).
        xlabel: name of the x axis, with its unit.
        ylabel: name of the y axis, with its unit.
        alt: alternative text.
        caption: caption.
        xscale: "linear" or "log".
        yscale: "linear" or "log".
        levels: name -> y value of a horizontal line worth noticing.
    """
    figure, axis = canvas(7, 3.1)
    for (xs, ys), colour in zip(lines.values(), SERIES, strict=False):
        axis.plot(xs, ys, color=colour)
    axis.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
    for scale, ticks, setter in (
        (xscale, next(iter(lines.values()))[0], axis.set_xticks),
        (yscale, [10.0**k for k in range(-9, 10)], axis.set_yticks),
    ):
        if scale == "log":  # plain numbers in place of powers of ten
            low, high = axis.get_ylim() if setter == axis.set_yticks else axis.get_xlim()
            shown = [tick for tick in ticks if low <= tick <= high]
            setter(shown, [f"{tick:g}" for tick in shown])
            setter([], minor=True)
    for name, y in (levels or {}).items():
        axis.axhline(y, color=INK, lw=0.8, ls=(0, (4, 3)))
        axis.annotate(name, (0.01, y), xycoords=("axes fraction", "data"), va="bottom", fontsize=9)
    _name_the_ends(axis, lines)
    return Picture(figure, alt=alt, caption=caption)


def _name_the_ends(axis: Axes, lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> None:
    """Write each line's name at its right end, moved apart where they would overlap."""
    to_axes = axis.transData + axis.transAxes.inverted()
    ends = [(to_axes.transform((xs[-1], ys[-1]))[1], row) for row, (xs, ys) in enumerate(lines.values())]
    heights, lowest = {}, -inf
    for height, row in sorted(ends):
        lowest = heights[row] = max(height, lowest + 0.075)
    for row, name in enumerate(lines):
        place = {"xy": (1.01, heights[row]), "xycoords": "axes fraction"}
        axis.annotate(name, **place, color=SERIES[row], va="center", fontweight="bold", annotation_clip=False)
    axis.margins(x=0)
