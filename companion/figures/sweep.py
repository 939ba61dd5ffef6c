"""A sweep of learning rates: what each variant reached at each rate, and the rate that was chosen."""

from collections.abc import Mapping

from companion.figures.charts import name_the_ends, plain_ticks
from companion.figures.picture import Picture, canvas, styled
from companion.figures.style import SERIES
from companion.figures.values import array

DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)))


@styled
def sweep(
    lines: Mapping[str, Mapping[float, float]], *, alt: str, caption: str = "", depth: float = 15.0
) -> Picture:
    """Draw accuracy against the learning rate, a line for each variant, with a dot at the best rate of each.

    Args:
        lines: variant -> learning rate -> mean validation accuracy in percent; one to twelve variants.
        alt: alternative text.
        caption: caption.
        depth: how many points below the best accuracy the axis ends; what lies deeper is cut off.

    Raises:
        ValueError: if there is no line, more than twelve, or a line of fewer than three rates.
    """
    if not 1 <= len(lines) <= len(SERIES) * len(DASHES):
        raise ValueError(f"lines must be 1 to {len(SERIES) * len(DASHES)}, got {len(lines)}")
    for name, line in lines.items():
        if len(line) < 3:
            raise ValueError(f"lines must have at least three rates each, got {len(line)} for {name!r}")
    drawn = {name: (array("lines", list(line.items()), ndim=2).T) for name, line in lines.items()}
    figure, axis = canvas(max(2.8, 0.5 + 0.27 * len(lines)))
    for row, (name, (rates, reached)) in enumerate(drawn.items()):
        colour, dash = SERIES[row % len(SERIES)], DASHES[row // len(SERIES)]
        axis.plot(rates, reached, color=colour, ls=dash)
        best = max(lines[name], key=lines[name].__getitem__)
        axis.plot([best], [lines[name][best]], "o", color=colour, ms=6)
    highest = max(reached.max() for _, reached in drawn.values())
    lowest = min(reached.min() for _, reached in drawn.values())
    bottom = max(lowest, highest - depth) - 0.5
    axis.set(xlabel="learning rate", ylabel="validation accuracy, %", xscale="log", ylim=(bottom, highest + 0.5))
    plain_ticks(axis.xaxis, max((rates for rates, _ in drawn.values()), key=len))
    seen = {name: (rates, reached.clip(min=bottom)) for name, (rates, reached) in drawn.items()}
    name_the_ends(axis, seen)
    return Picture(figure, alt=alt, caption=caption)
