"""Tables that a notebook shows as HTML and a terminal as text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from numbers import Integral, Real

Cell = str | int | float | None
_NUMBER = r"[−+-]?\d[\d,]*(\.\d+)?"
_MEASURE = re.compile(rf"(≈ )?{_NUMBER}( ± {_NUMBER})?( ?%| [kMG])?")


@dataclass(frozen=True, repr=False)
class Table:
    """Rows under headings; the first column names the row.

    A column that holds numbers is set to the right, also where they are texts such as "98.2 ± 0.4" or "12 %".
    Integers get thousands separators, floats one decimal; ``None`` becomes a dash.

    Attributes:
        columns: the headings.
        rows: the body, one cell per column.
        caption: a line above the table.
        total: a last row, set apart by a rule.

    Raises:
        ValueError: if a row, or the total, does not have one cell for each column.

    >>> Table(["layer", "weights"], [["conv1", 9408], ["relu", None]], total=["total", 9408])
    layer  weights
    -----  -------
    conv1    9,408
    relu         –
    -----  -------
    total    9,408
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    total: Sequence[Cell] | None = None

    def __post_init__(self):
        for name, rows in (("rows", self.rows), ("total", [] if self.total is None else [self.total])):
            for row in rows:
                if len(row) != len(self.columns):
                    wanted = f"one cell for each of {len(self.columns)} columns"
                    raise ValueError(f"{name} must have {wanted}, got {len(row)}: {list(row)}")

    def __repr__(self) -> str:
        body, numeric = self._body(), self._numeric()
        widths = [max(map(len, column)) for column in zip(self.columns, *body, strict=True)]
        rule = ["-" * width for width in widths]
        lines = [self.columns, rule, *body]
        if self.total is not None:
            lines.insert(-1, rule)
        text = "\n".join(
            "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(line, widths, numeric, strict=True)
            ).rstrip()
            for line in lines
        )
        return f"{self.caption}\n\n{text}" if self.caption else text

    def _repr_html_(self) -> str:
        # Every heading says what it heads, so that a screen reader can name each cell's row and column.
        style = [' style="text-align: right"' if right else "" for right in self._numeric()]
        headings = [
            f'<th scope="col"{css}>{escape(name)}</th>' for name, css in zip(self.columns, style, strict=True)
        ]

        def line(cells: Sequence[str]) -> str:
            name, *values = map(escape, cells)
            tds = (f"<td{css}>{value}</td>" for value, css in zip(values, style[1:], strict=True))
            return f'<tr><th scope="row">{name}</th>{"".join(tds)}</tr>'

        lines = [line(cells) for cells in self._body()]
        parts = [
            '<table class="dataframe">',
            f"<caption>{escape(self.caption)}</caption>" if self.caption else "",
            f"<thead><tr>{''.join(headings)}</tr></thead>",
            "<tbody>",
            *(lines if self.total is None else lines[:-1]),
            "</tbody>",
            "" if self.total is None else f"<tfoot>{lines[-1]}</tfoot>",
            "</table>",
        ]
        return "\n".join(part for part in parts if part)

    def _lines(self) -> list[Sequence[Cell]]:
        """Return the rows, the total last."""
        return [*self.rows, *([] if self.total is None else [self.total])]

    def _body(self) -> list[list[str]]:
        """Return every cell of the rows and of the total as it is written."""
        return [[_written(cell) for cell in row] for row in self._lines()]

    def _numeric(self) -> list[bool]:
        """Return which columns hold numbers: some that are such, or behind the first nothing but such as text."""
        columns = [[row[i] for row in self._lines()] for i in range(len(self.columns))]
        return [
            any(map(_is_number, column)) or (i > 0 and _all_written(column)) for i, column in enumerate(columns)
        ]


@dataclass(frozen=True, repr=False)
class NotedTable:
    """A table whose lines point to numbered notes below it. It prints itself as text, and as HTML in a notebook.

    Attributes:
        table: the lines; some name a note by its number.
        notes: the notes, numbered from 1.
    """

    table: Table
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        notes = "\n".join(f"{i}. {note}" for i, note in enumerate(self.notes, start=1))
        return f"{self.table!r}\n\n{notes}".rstrip()

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return self.table._repr_html_() + (f"\n<ol>{notes}</ol>" if notes else "")


class Tabular:
    """Shows itself as the table that its method ``_table`` returns, as text and as HTML."""

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, Real) and not isinstance(cell, bool)


def _all_written(column: list[Cell]) -> bool:
    texts = [cell for cell in column if cell is not None and cell != "–"]
    return bool(texts) and all(isinstance(text, str) and _MEASURE.fullmatch(text) for text in texts)


def _written(cell: Cell) -> str:
    if cell is None:
        return "–"
    if not _is_number(cell):
        return str(cell)
    return f"{int(cell):,}" if isinstance(cell, Integral) else f"{float(cell):,.1f}"
