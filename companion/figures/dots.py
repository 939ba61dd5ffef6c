"""Dot plots: every run of an experiment, with the mean and the spread of each variant."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from matplotlib.axes import Axes

from companion.figures.picture import Picture, canvas, styled
from companion.figures.style import PAPER, SERIES
from companion.figures.values import array


@styled
def dots(
    runs: Mapping[str, Sequence[float]],
    *,
    label: str,
    alt: str,
    caption: str = "",
    window: tuple[float, float] | None = None,
    cycle: int = 1,
) -> Picture:
    """Draw every run as a dot, with the mean as a stroke and one standard deviation as a bar.

    Args:
        runs: variant -> one value for each seed, at least two.
        label: what the values are, with their unit.
        alt: alternative text.
        caption: caption.
        window: the part of the axis to draw; a run outside it is named at the edge.
        cycle: number of colours, 1 to 4, given to the rows in turn: where rows stand in groups.

    Raises:
        ValueError: if there is no variant, one of them has a single run, or ``cycle`` is out of range.
    """
    runs = _checked("runs", runs)
    if cycle not in range(1, len(SERIES) + 1):
        raise ValueError(f"cycle must be 1 to {len(SERIES)}, got {cycle}")
    figure, axis = canvas(0.7 + 0.32 * len(runs))
    _dot_rows(axis, runs, label, cycle)
    if window:
        axis.set(xlim=window)
        for row, values in enumerate(runs.values()):
            _name_the_outside(axis, row, values, window)
    return Picture(figure, alt=alt, caption=caption)


@styled
def dot_panels(
    panels: Mapping[str, Mapping[str, Sequence[float]]], *, label: str, alt: str, caption: str = ""
) -> Picture:
    """Draw the same variants under several settings: panels of `dots` side by side, each on its own scale.

    Args:
        panels: setting, the title of its panel -> variant -> one value for each seed; every panel has the same
            variants, in the same order. Three at most: of more, the titles run into one another.
        label: what the values are, with their unit.
        alt: alternative text.
        caption: caption.

    Raises:
        ValueError: if there is nothing to draw, or there are more than three panels; if a panel has other variants,
            or one of them has a single run.
    """
    if len(panels) > 3:
        raise ValueError(f"panels must be three at most, got {len(panels)}: {', '.join(panels)}")
    first = next(iter(panels.values()), {})
    if not first or any(list(runs) != list(first) for runs in panels.values()):
        raise ValueError(f"panels must hold the same variants in every setting, got {dict(panels)}")
    panels = {title: _checked("panels", runs) for title, runs in panels.items()}
    figure, axes = canvas(0.9 + 0.32 * len(first), ncols=len(panels), sharey=True, squeeze=False)
    for axis, (title, runs) in zip(axes[0], panels.items(), strict=True):
        _dot_rows(axis, runs, label, 1)
        axis.set_title(title)
    return Picture(figure, alt=alt, caption=caption)


def _checked(argument: str, runs: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Return the values of each variant; refuse variants that have no spread."""
    runs = {name: array(argument, values).tolist() for name, values in runs.items()}
    counts = {name: len(values) for name, values in runs.items()}
    if not counts or min(counts.values()) < 2:
        raise ValueError(
            f"{argument} must hold variants of at least two values each, got numbers of values {counts}"
        )
    return runs


def _dot_rows(axis: Axes, runs: Mapping[str, Sequence[float]], label: str, cycle: int) -> None:
    """Draw one row for each variant, from above."""
    for row, values in enumerate(runs.values()):
        colour, mean, spread = SERIES[row % cycle], fmean(values), stdev(values)
        axis.plot([mean - spread, mean + spread], [row, row], color=colour, lw=7, alpha=0.25, solid_capstyle="butt")
        axis.plot([mean, mean], [row - 0.3, row + 0.3], color=colour)
        axis.scatter(values, [row] * len(values), s=22, color=colour, edgecolor=PAPER, linewidth=0.6, zorder=3)
    axis.set(xlabel=label, yticks=range(len(runs)), ylim=(len(runs) - 0.5, -0.5))
    axis.set_yticklabels(runs)
    axis.tick_params(left=False)
    axis.spines["left"].set_visible(False)
    axis.grid(visible=True, axis="x")


def _name_the_outside(axis: Axes, row: int, values: Sequence[float], window: tuple[float, float]) -> None:
    """Write at the edge what lies beyond it, so that no run goes missing."""
    low, high = window
    for edge, beyond in ((low, [v for v in values if v < low]), (high, [v for v in values if v > high])):
        if beyond:
            left = edge == low
            words = ", ".join(f"{value:.0f}" for value in sorted(beyond))
            text = f"◂ {words}" if left else f"{words} ▸"
            axis.text(edge, row, text, ha="left" if left else "right", va="center", fontsize=9)
