"""Audits: the figures of one or several sources, with their verdicts."""

from collections.abc import Iterator
from dataclasses import dataclass

from companion.audit import _counted
from companion.audit._papers import Paper, paper, papers
from companion.audit._printed_value import DIFFERS, VERDICTS, PrintedValue
from companion.tables import NotedTable, Table, Tabular


@dataclass(frozen=True, repr=False)
class Audit(Tabular):
    """Printed figures beside computed ones. Iterate over it, ask for its ``len``, or let it print itself.

    Attributes:
        figures: one `PrintedValue` for each printed one.
        papers: the sources that they are from.
    """

    figures: tuple[PrintedValue, ...]
    papers: tuple[Paper, ...]

    def select(self, *, paper: str = "", place: str = "", verdict: str = "") -> "Audit":
        """Return those figures that match all that is given.

        Raises:
            ValueError: if no figure matches.
        """
        figures = tuple(
            figure
            for figure in self.figures
            if figure.paper == (paper or figure.paper)
            and figure.place == (place or figure.place)
            and figure.verdict == (verdict or figure.verdict)
        )
        if not figures:
            raise ValueError(f"no figure is of paper={paper!r}, place={place!r}, verdict={verdict!r}")
        names = {figure.paper for figure in figures}
        return Audit(figures, tuple(source for source in self.papers if source.name in names))

    def counts(self) -> dict[str, int]:
        """Return the number of figures for each verdict."""
        verdicts = [figure.verdict for figure in self.figures]
        return {name: verdicts.count(name) for name in VERDICTS}

    def summary(self) -> Table:
        """Return a table of the sources.

        Last, how many of the differences vanish if something else is counted, and how many figures do not agree but
        would if their last zeros were no digits (`PrintedValue.fits_round`).
        """
        rows = []
        for source in self.papers:
            part = self.select(paper=source.name)
            otherwise = sum(figure.fits_otherwise and figure.verdict == DIFFERS for figure in part)
            in_round = sum(figure.fits_round for figure in part)
            counts = part.counts().values()
            rows.append([f"{source.authors} ({source.year})", len(part), *counts, otherwise, in_round])
        total = ["all", *(sum(row[i] for row in rows) for i in range(1, 7))]
        return Table(["source", "figures", *VERDICTS, "fits otherwise", "round"], rows, total=total)

    def ledger(self) -> NotedTable:
        """Return a table of all figures; a number behind a verdict is that of the note with its reason.

        "round" behind a verdict is `PrintedValue.fits_round`.
        """
        notes = list(dict.fromkeys(figure.reason for figure in self.figures if figure.reason))  # each once
        marks = [
            ", round" * figure.fits_round + (f" ({notes.index(figure.reason) + 1})" if figure.reason else "")
            for figure in self.figures
        ]
        rows = [[*line, verdict + mark] for (*line, verdict), mark in zip(self._lines(), marks, strict=True)]
        caption = f"{self.papers[0].source}: {self.papers[0].words}." if len(self.papers) == 1 else ""
        return NotedTable(Table(self._columns(), rows, caption), tuple(notes))

    def _columns(self) -> list[str]:
        return [*(["paper"] if len(self.papers) > 1 else []), "where", "printed", "computed", "verdict"]

    def _lines(self) -> list[list[str]]:
        return [
            [
                *([figure.paper] if len(self.papers) > 1 else []),
                figure.where,
                f"{figure.printed} {figure.unit}".strip(),
                figure.written(figure.computed),
                figure.verdict,
            ]
            for figure in self.figures
        ]

    def __iter__(self) -> Iterator[PrintedValue]:
        return iter(self.figures)

    def __len__(self) -> int:
        return len(self.figures)

    def _table(self) -> Table:
        return Table(self._columns(), self._lines())


def audit(*names: str) -> Audit:
    """Recompute the figures of the sources named, or of all.

    Every network is counted afresh, once for each call: a changed layer shows. All sources take some seconds.

    Args:
        *names: of `papers`.

    Raises:
        ValueError: if there is no source of a name, or its files don't fit together.

    >>> audit("vgg").counts()
    {'agrees': 5, 'cut off': 0, 'differs': 0}
    """
    _counted.table.cache_clear()
    sources = tuple(map(paper, names or papers()))
    return Audit(tuple(figure for source in sources for figure in source.figures), sources)
