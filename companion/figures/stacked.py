"""What a sum is made of: stacked bars, in groups."""

from collections.abc import Mapping, Sequence
from math import inf

from companion.figures.picture import Picture, canvas, styled
from companion.figures.style import GRID, ORANGE, SERIES

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
        groups: title -> row -> the size of each part; a single group may have the title "".
        parts: names of the two to five parts.
        xlabel: what is added up, with its unit.
        alt: alternative text.
        caption: caption.
        marks: row -> a value to compare its bar with, drawn as an upright stroke. For a single group.
        mark_name: what the strokes stand for.

    Raises:
        ValueError: if there is nothing to draw, a row has another number of parts, a size is negative or not
            finite, or marks don't belong to the rows of a single group.
    """
    if not 2 <= len(parts) <= len(SERIES) + 1:
        raise ValueError(f"parts must be 2 to {len(SERIES) + 1}, one colour each, got {list(parts)}")
    if not groups or not all(groups.values()):
        raise ValueError(f"groups must hold at least one row each, got {dict(groups)}")
    for title, rows in groups.items():
        for row, sizes in rows.items():
            if len(sizes) != len(parts) or not all(0 <= size < inf for size in sizes):
                where = f"{title!r}, {row!r}" if title else repr(row)
                raise ValueError(f"groups must hold {len(parts)} finite sizes a row, got {list(sizes)} for {where}")
    if marks and (len(groups) > 1 or not marks.keys() <= next(iter(groups.values())).keys()):
        raise ValueError(f"marks must belong to rows of a single group, got {dict(marks)}")

    heights, names, titles, height = [], [], {}, -_GAP
    for title, rows in groups.items():
        height += _GAP
        titles[title] = height
        for row in rows:
            heights.append(height)
            names.append(row)
            height += 1
    sizes = [sizes for rows in groups.values() for sizes in rows.values()]
    longest = max(sum(of_row) for of_row in sizes) or 1

    figure, axis = canvas(0.9 + 0.19 * height + (0.2 if len(groups) > 1 else 0))
    for i, (part, colour) in enumerate(zip(parts, [*SERIES[: len(parts) - 1], GRID], strict=True)):
        widths, lefts = [of_row[i] for of_row in sizes], [sum(of_row[:i]) for of_row in sizes]
        axis.barh(heights, widths, left=lefts, color=colour, height=0.8, linewidth=0, label=part)
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
