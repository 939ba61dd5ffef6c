"""Draw one table twice: as plain text for a terminal, as HTML for a notebook.

A cell is a string, a number or ``None``. A column that holds numbers is set to the right; integers get
thousands separators, floats one decimal, and ``None`` a dash. The first column names the row.
"""

from collections.abc import Sequence
from html import escape

Cell = str | int | float | None


def as_text(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    total: Sequence[Cell] | None = None,
    caption: str = "",
) -> str:
    """Return the table as lines of text.

    Args:
        columns: the headings.
        rows: the body, one cell a column.
        total: a last row, set apart by a rule.
        caption: a line above the table.

    >>> print(as_text(["layer", "weights"], [["conv1", 9408], ["relu", None]], total=["total", 9408]))
    layer  weights
    -----  -------
    conv1    9,408
    relu         –
    -----  -------
    total    9,408
    """
    body, numeric = _format(columns, rows, total)
    widths = [max(map(len, column)) for column in zip(columns, *body, strict=True)]
    rule = ["-" * width for width in widths]
    lines = [columns, rule, *body]
    if total is not None:
        lines.insert(-1, rule)
    text = "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )
    return f"{caption}\n\n{text}" if caption else text


def as_html(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    total: Sequence[Cell] | None = None,
    caption: str = "",
) -> str:
    """Return the table as one ``<table class="dataframe">``; arguments as for `as_text`.

    Every heading says what it heads (``scope``), so that a screen reader can name each cell's row and column.
    """
    body, numeric = _format(columns, rows, total)
    style = [' style="text-align: right"' if right else "" for right in numeric]

    def row(cells: Sequence[str]) -> str:
        name, *values = map(escape, cells)
        tds = (f"<td{css}>{value}</td>" for value, css in zip(values, style[1:], strict=True))
        return f'<tr><th scope="row">{name}</th>{"".join(tds)}</tr>'

    headings = (f'<th scope="col"{css}>{escape(name)}</th>' for name, css in zip(columns, style, strict=True))
    lines = [row(cells) for cells in body]
    parts = [
        '<table class="dataframe">',
        f"<caption>{escape(caption)}</caption>" if caption else "",
        f"<thead><tr>{''.join(headings)}</tr></thead>",
        "<tbody>",
        *(lines if total is None else lines[:-1]),
        "</tbody>",
        "" if total is None else f"<tfoot>{lines[-1]}</tfoot>",
        "</table>",
    ]
    return "\n".join(part for part in parts if part)


def _format(
    columns: Sequence[str], rows: Sequence[Sequence[Cell]], total: Sequence[Cell] | None
) -> tuple[list[list[str]], list[bool]]:
    """Return every cell as a string, the total last, and which columns hold numbers."""
    cells = [*rows, *([] if total is None else [total])]
    numeric = [any(isinstance(row[i], int | float) for row in cells) for i in range(len(columns))]
    return [[_cell(cell) for cell in row] for row in cells], numeric


def _cell(value: Cell) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else value
