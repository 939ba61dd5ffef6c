"""Bar charts and line charts."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import inf

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator

from companion._checks import flag
from companion.figures.picture import Picture, canvas, styled
from companion.figures.style import BLUE, INK, ORANGE, SERIES
from companion.figures.values import array


def plain(value: float) -> str:
    """Write a number for people, never with an exponent.

    >>> [plain(value) for value in (2_400_000_000, 13_245_000, 589_824, 99.5, 12.34, 0.0451)]
    ['2.4 G', '13.2 M', '589,824', '99.5', '12.3', '0.0451']
    """
    rounded = Decimal(f"{value:.3g}")  # three significant digits
    for limit, unit in ((10**9, " G"), (10**6, " M")):
        if abs(rounded) >= limit:
            return f"{rounded / limit:,f}{unit}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{rounded:f}"


@styled
def bars(
    groups: Mapping[str, Mapping[str, float]], *, alt: str, caption: str = "", highlight: str | None = None
) -> Picture:
    """Draw one panel per measure, two in a row, with one bar per variant, each panel on its own scale from zero.

    Args:
        groups: measure -> variant -> value; every measure has the same variants.
        alt: alternative text.
        caption: caption.
        highlight: the variant that the figure is about; all others have one colour.

    Raises:
        ValueError: if there is nothing to draw, a measure has other variants, a value is negative or not finite, or
            the variant to highlight is not there.
    """
    first = next(iter(groups.values()), {})
    if not first or any(list(group) != list(first) for group in groups.values()):
        raise ValueError(f"groups must hold the same variants in every measure, got {dict(groups)}")
    values = [value for group in groups.values() for value in group.values()]
    if not all(0 <= value < inf for value in values):
        raise ValueError(f"groups must hold finite values of at least 0, got {values}")
    if highlight is not None and highlight not in first:
        raise ValueError(f"highlight must be one of {list(first)}, got {highlight!r}")
    rows = -(-len(groups) // 2)
    height = rows * (0.5 + 0.3 * len(first))
    figure, axes = canvas(height, nrows=rows, ncols=min(2, len(groups)), sharey=True, squeeze=False)
    for spare in axes.flat[len(groups) :]:
        spare.set_axis_off()
    for axis, (measure, values) in zip(axes.flat, groups.items(), strict=False):
        top = max(values.values()) or 1
        colours = [ORANGE if name == highlight else BLUE for name in values]
        axis.barh(range(len(values)), values.values(), color=colours, height=0.62, linewidth=0)
        for row, value in enumerate(values.values()):
            axis.text(value + 0.03 * top, row, plain(value), va="center", fontsize=9)
        axis.set(title=measure, xlim=(0, 1.55 * top), xticks=[], yticks=range(len(values)))
        axis.set_yticklabels(values)
        axis.tick_params(left=False)
        axis.spines[["bottom", "left"]].set_visible(False)
        axis.grid(visible=False)
    axes[0][0].invert_yaxis()  # all panels share it
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
    levels_right: bool = False,
) -> Picture:
    """Draw lines with their names at their ends.

    On a logarithmic x axis the x values of the first line are marked, on a logarithmic y axis powers of ten.

    Args:
        lines: name -> (x values, y values), one to four of them.
        xlabel: name of the x axis, with its unit.
        ylabel: name of the y axis, with its unit.
        alt: alternative text.
        caption: caption.
        xscale: "linear" or "log".
        yscale: "linear" or "log".
        levels: name -> y value of a horizontal line worth noticing.
        levels_right: whether their names stand at the right end of the lines, not at the left.

    Raises:
        TypeError: if ``levels_right`` is not a bool.
        ValueError: if there is no line, more lines than colours, or a line without one y for each x.
    """
    flag("levels_right", levels_right)
    if not 1 <= len(lines) <= len(SERIES):
        raise ValueError(f"lines must be 1 to {len(SERIES)}, one colour each, got {len(lines)}")
    lines = {name: (array("lines", xs), array("lines", ys)) for name, (xs, ys) in lines.items()}
    for name, (xs, ys) in lines.items():
        if not 1 <= len(xs) == len(ys):
            raise ValueError(f"lines must have one y for each x, got {len(xs)} x and {len(ys)} y for {name!r}")
    figure, axis = canvas(2.8)
    for (xs, ys), colour in zip(lines.values(), SERIES, strict=False):
        axis.plot(xs, ys, color=colour)
    for name, y in (levels or {}).items():
        axis.axhline(y, color=INK, lw=0.8, ls=(0, (4, 3)))
        place = {"xy": (0.99 if levels_right else 0.01, y), "ha": "right" if levels_right else "left"}
        axis.annotate(name, **place, xycoords=("axes fraction", "data"), va="bottom", fontsize=9)
    axis.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
    if xscale == "log":
        plain_ticks(axis.xaxis, next(iter(lines.values()))[0])
    if yscale == "log":
        plain_ticks(axis.yaxis, [10.0**k for k in range(-9, 10)])
    name_the_ends(axis, lines)
    return Picture(figure, alt=alt, caption=caption)


def plain_ticks(axis: Axis, wanted: Iterable[float]) -> None:
    """Mark a logarithmic axis with plain numbers: the wanted ones in range or, of too few, matplotlib's."""
    low, high = axis.get_view_interval()
    shown = [tick for tick in wanted if low <= tick <= high]
    if len(shown) < 2:
        shown = [tick for tick in LogLocator(subs=(1, 2, 5)).tick_values(low, high) if low <= tick <= high]
    axis.set_ticks(shown, [f"{tick:,.12g}" for tick in shown])
    axis.set_ticks([], minor=True)


def name_the_ends(axis: Axes, lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> None:
    """Write each line's name at its right end, moved apart where they would overlap."""
    apart = 0.21 / axis.figure.get_figheight()
    axis.margins(x=0)
    axis.autoscale_view()  # matplotlib puts it off until something is drawn
    to_axes = axis.transData + axis.transAxes.inverted()
    ends = [(to_axes.transform((xs[-1], ys[-1]))[1], row) for row, (xs, ys) in enumerate(lines.values())]
    heights, lowest = {}, -inf
    for height, row in sorted(ends):
        lowest = heights[row] = max(height, lowest + apart)
    for row, name in enumerate(lines):
        place = {"xy": (1.01, heights[row]), "xycoords": "axes fraction"}
        axis.annotate(
            name, **place, color=SERIES[row % len(SERIES)], va="center", fontweight="bold", annotation_clip=False
        )
