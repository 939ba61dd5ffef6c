"""The ledger: every claim, what its check found, and a link to the cell that shows it."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

from companion.claims import _activation, _blocks, _gaps, _operation, _reduction, _separation, _summary
from companion.claims._claim import Claim, Finding, Verdict


def _place(claim: Claim) -> tuple[str, int, str]:
    """Return what claims are sorted by: the note, the number, the part. B-2 comes before B1."""
    note, number, part = re.fullmatch(r"([AB])(-?\d+)([a-z]?)", claim.id).groups()
    return note, int(number), part


_FILES = (_operation, _reduction, _activation, _separation, _blocks, _gaps, _summary)
CLAIMS: tuple[Claim, ...] = tuple(
    sorted((claim for file in _FILES for claim in vars(file).values() if isinstance(claim, Claim)), key=_place)
)
"""Every point of the two notes; a point with several parts has one row per part, with a letter added."""


@dataclass(frozen=True)
class Entry:
    """A row of the ledger.

    Attributes:
        claim: what was tried.
        finding: what came of it.
    """

    claim: Claim
    finding: Finding

    @property
    def verdict(self) -> Verdict:
        """The verdict that follows from the finding."""
        return self.finding.verdict


@dataclass(frozen=True, repr=False)
class Ledger:
    """Claims and what became of them; it shows itself as a list, as HTML or as text.

    Iterate over its entries, index it by a claim's id, or take the part with one verdict or of one note.

    Attributes:
        entries: one per claim, in the order of the ids.

    Raises:
        ValueError: if an id comes twice.
    """

    entries: tuple[Entry, ...]

    def __post_init__(self):
        twice = [id for id, count in Counter(entry.claim.id for entry in self.entries).items() if count > 1]
        if twice:
            raise ValueError(f"entries must have different ids, got {', '.join(twice)} twice")

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the claims, in order."""
        return tuple(entry.claim.id for entry in self.entries)

    def counts(self) -> dict[Verdict, int]:
        """Return how many claims have each verdict; all four are there, be it with 0."""
        return {verdict: len(self.with_verdict(verdict)) for verdict in Verdict}

    def with_verdict(self, verdict: Verdict | str) -> "Ledger":
        """Return the part with one verdict.

        Raises:
            ValueError: if there is no such verdict.
        """
        if verdict not in list(Verdict):
            raise ValueError(f"verdict must be one of {[str(v) for v in Verdict]}, got {verdict!r}")
        return Ledger(tuple(entry for entry in self.entries if entry.verdict == verdict))

    def note(self, note: str) -> "Ledger":
        """Return the claims of note "A" or "B".

        Raises:
            ValueError: if there is no such note.
        """
        if note not in ("A", "B"):
            raise ValueError(f"note must be 'A' or 'B', got {note!r}")
        return Ledger(tuple(entry for entry in self.entries if entry.claim.id.startswith(note)))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, id: str) -> Entry:
        for entry in self.entries:
            if entry.claim.id == id:
                return entry
        raise KeyError(f"no claim has the id {id!r}")

    def __repr__(self) -> str:
        return "\n".join(_as_text(entry) for entry in self.entries)

    def _repr_html_(self) -> str:
        # A list of terms and not a table: whole sentences side by side could not be read on a phone.
        return "\n".join(['<dl class="ledger">', *(_as_html(entry) for entry in self.entries), "</dl>"])


def ledger(claims: Iterable[Claim] = CLAIMS) -> Ledger:
    """Run the check of every claim and return what they found.

    A small training, run once per process, takes most of the time.

    Args:
        claims: which to check; all of them if not given.

    Raises:
        ValueError: if an id comes twice.

    >>> ledger(claim for claim in CLAIMS if claim.id in ("B5a", "B5b"))
    B5a   wrong
          28×28 maps, 256 → 32 channels through 5×5: 201,800 weights.
          204,800 counted, 201,800 printed [channel_reduction, cell count]
    B5b   holds
          The same through a 1×1 to 16 channels, which makes the maps 28×28×16: 16,896 weights.
          16,896 weights, maps of (16, 28, 28) [channel_reduction, cell count]
    """
    return Ledger(tuple(Entry(claim, claim.find()) for claim in claims))


def _as_text(entry: Entry) -> str:
    claim, finding = entry.claim, entry.finding
    where = f"[{claim.cell.chapter}, cell {claim.cell.id}]"
    lines = [claim.says, *filter(None, [finding.condition]), f"{finding.number} {where}"]
    indented = (textwrap.fill(line, 100, initial_indent=" " * 6, subsequent_indent=" " * 6) for line in lines)
    return "\n".join([f"{claim.id:5} {entry.verdict}", *indented])


def _as_html(entry: Entry) -> str:
    claim, finding = entry.claim, entry.finding
    name = claim.cell.chapter.replace("_", " ")
    condition = f'<dd class="condition">{escape(finding.condition)}</dd>' if finding.condition else ""
    return (
        f'<div id="claim-{claim.id}" data-verdict="{entry.verdict.name.lower()}">'
        f"<dt>{claim.id} <span>{entry.verdict}</span></dt>"
        f"<dd>{escape(claim.says)}</dd>{condition}"
        f'<dd class="number">{escape(finding.number)} '
        f'(<a href="{claim.cell.href}">see it run in {name}</a>)</dd></div>'
    )
