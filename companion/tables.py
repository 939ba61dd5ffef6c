"""A table that a notebook shows as HTML and a terminal as text."""

from collections.abc import Sequence
from dataclasses import dataclass

from companion._tables import Cell, as_html, as_text


@dataclass(frozen=True, repr=False)
class Table:
    """Rows under headings; the first column names the row.

    Args:
        columns: the headings.
        rows: the body, one cell a column: text, a number, or None for none. Numbers are set to the right,
            integers with thousands separators, floats with one decimal.
        caption: a line above the table.

    >>> Table(["layer", "weights"], [["1x1", 16384], ["3x3", 147456]])
    layer  weights
    -----  -------
    1x1     16,384
    3x3    147,456
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""

    def __repr__(self) -> str:
        return as_text(self.columns, self.rows, caption=self.caption)

    def _repr_html_(self) -> str:
        return as_html(self.columns, self.rows, caption=self.caption)
