"""Stacked bar charts, in groups."""

from collections.abc import Mapping, Sequence
from math import inf

import numpy as np

from companion.figures.picture import Picture, canvas, styled
from companion.figures.style import GRID, ORANGE, SERIES
from companion.figures.values import array

_GAP = 1.4  # rows between two groups, with the title of the second


@styled
def stacked(
    groups: Mapping[str, Mapping[str, Sequence[float]]],
    parts: Sequence[str],
    *,
    xlabel: str,
    alt: str,
    caption: str = "",
    marks: Mapping[str, float] | None = None,
    mark_name: str = "",
) -> Picture:
    """Draw rows of bars on one scale from zero, each made of its parts one after the other, from left to right.

    The last part is grey: it is what is left beside the others.

    Args:
        groups: title -> row -> the value of each part; a single group may have the title "".
        parts: names of the two to five parts.
        xlabel: what is added up, with its unit.
        alt: alternative text.
        caption: caption.
        marks: row -> a value to compare its bar with, drawn as an upright stroke. For a single group.
        mark_name: what the strokes stand for.

    Raises:
        ValueError: if there is nothing to draw, a row has another number of parts, a value is negative or not
            finite, or marks don't belong to the rows of a single group.
    """
    _check(groups, parts, marks or {})
    heights, names, titles, height = [], [], {}, -_GAP
    for title, rows in groups.items():
        height += _GAP
        titles[title] = height
        for row in rows:
            heights.append(height)
            names.append(row)
            height += 1
    values = np.stack([array("groups", row) for rows in groups.values() for row in rows.values()])  # (rows, parts)
    longest = values.sum(axis=1).max() or 1

    figure, axis = canvas(0.9 + 0.19 * height + (0.2 if len(groups) > 1 else 0))
    for i, (part, colour) in enumerate(zip(parts, [*SERIES[: len(parts) - 1], GRID], strict=True)):
        lefts = values[:, :i].sum(axis=1)
        axis.barh(heights, values[:, i], left=lefts, color=colour, height=0.8, linewidth=0, label=part)
    if marks:
        rows = [heights[names.index(row)] for row in marks]
        axis.scatter(marks.values(), rows, marker="|", s=120, color=ORANGE, lw=2.4, label=mark_name, zorder=3)
        longest = max(longest, *marks.values())
    for title, at in titles.items():
        axis.text(0, at - 0.6, title, fontweight="bold", fontsize=9, va="bottom")
    axis.set(xlim=(0, 1.02 * longest), ylim=(height - 0.4, -0.6), xlabel=xlabel, yticks=heights)
    axis.set_yticklabels(names, fontsize=9)
    axis.tick_params(axis="y", length=0)
    axis.spines[["left"]].set_visible(False)
    axis.grid(visible=False)
    handles = [*axis.containers, *axis.collections]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, fontsize=9)
    return Picture(figure, alt=alt, caption=caption)


def _check(groups: Mapping, parts: Sequence[str], marks: Mapping[str, float]) -> None:
    """Refuse what can't be drawn as stacked bars."""
    if not 2 <= len(parts) <= len(SERIES) + 1:
        raise ValueError(f"parts must be 2 to {len(SERIES) + 1}, one colour each, got {list(parts)}")
    if not groups or not all(groups.values()):
        raise ValueError(f"groups must hold at least one row each, got {dict(groups)}")
    for title, rows in groups.items():
        for row, values in rows.items():
            if len(values) != len(parts) or not all(0 <= value < inf for value in values):
                where = f"{title!r}, {row!r}" if title else repr(row)
                words = f"{len(parts)} finite values of at least 0 per row"
                raise ValueError(f"groups must hold {words}, got {list(values)} for {where}")
    if marks and (len(groups) > 1 or not marks.keys() <= next(iter(groups.values())).keys()):
        raise ValueError(f"marks must belong to rows of a single group, got {dict(marks)}")
