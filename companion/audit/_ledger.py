"""A table whose lines point to notes below it."""

from dataclasses import dataclass
from html import escape

from companion.tables import Table


@dataclass(frozen=True, repr=False)
class Ledger:
    """Lines with numbered notes. It prints itself as text, and as HTML in a notebook.

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
