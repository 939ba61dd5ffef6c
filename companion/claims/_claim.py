"""Claims and findings, and the verdict that follows from the cases that were tried."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import torch


class Verdict(StrEnum):
    """What became of a claim: it held in all cases, in some, or in none; or the runs cannot tell."""

    HOLDS = "holds"
    CONDITION = "holds with a condition"
    WRONG = "wrong"
    OPEN = "cannot tell"


@dataclass(frozen=True)
class Finding:
    """What a check found. It states no verdict: that follows from the cases.

    Attributes:
        cases: for each case that was tried, in the words of the ledger, whether the claim holds there; None where
            the runs cannot tell.
        number: the figure behind it, as text: the same on every machine, or written as measured (``±``, ``≈``).

    Raises:
        TypeError: if a case is neither a bool nor None.
        ValueError: if there is no case.

    >>> Finding({"through 16 channels": True, "through 1": False}, "20,272 and 11,168 weights").verdict
    <Verdict.CONDITION: 'holds with a condition'>
    """

    cases: Mapping[str, bool | None]
    number: str

    def __post_init__(self):
        if not self.cases:
            raise ValueError("cases must be at least one, got none")
        for name, held in self.cases.items():
            if held is not None and not isinstance(held, bool):
                raise TypeError(f"cases[{name!r}] must be a bool or None, got {type(held).__name__}")

    @property
    def verdict(self) -> Verdict:
        """Whether the claim holds in all cases, in some or in none, or in none that the runs can tell."""
        held = self.cases.values()
        if any(held):
            return Verdict.HOLDS if all(held) else Verdict.CONDITION
        return Verdict.OPEN if None in held else Verdict.WRONG

    @property
    def condition(self) -> str:
        """Where the claim holds, where it does not and where the runs cannot tell, if there are two of these.

        >>> Finding({"at equal width": True, "at equal weights": False}, "").condition
        'holds: at equal width; fails: at equal weights'
        """
        sides = {"holds": True, "fails": False, "cannot tell": None}
        named = {
            side: [name for name, held in self.cases.items() if held is wanted] for side, wanted in sides.items()
        }
        parts = [f"{side}: {', '.join(names)}" for side, names in named.items() if names]
        return "; ".join(parts) if len(parts) > 1 else ""


class Cell(NamedTuple):
    """A cell of a chapter, whose output shows what the ledger says.

    Attributes:
        chapter: file name without its ending.
        id: the cell's id in the notebook.
    """

    chapter: str
    id: str

    @property
    def href(self) -> str:
        """The link to it from another notebook; the site makes ``.html`` of ``.ipynb``.

        >>> Cell("separable", "verdicts").href
        'separable.ipynb#cell-verdicts'
        """
        return f"{self.chapter}.ipynb#cell-{self.id}"


@dataclass(frozen=True)
class Claim:
    """A point of one of the two notes, with the code that tries it.

    Attributes:
        id: the note, the number of the point, and a letter where the point has several parts: "B8c".
        says: what the note says, in our words.
        check: tries the claim and returns a ``Finding``; draws its random numbers from torch's generator.
        cell: where a chapter shows the same thing at length.
    """

    id: str
    says: str
    check: Callable[[], Finding]
    cell: Cell

    def find(self) -> Finding:
        """Run the check from a fixed seed; torch's random numbers are then as they were."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            return self.check()


def claim(id: str, says: str, *, cell: str) -> Callable[[Callable[[], Finding]], Claim]:
    """Turn the check below it into a ``Claim``.

    Args:
        id: see ``Claim``, like the next.
        says: what the note says.
        cell: the chapter that shows it and the id of its cell, as in "pointwise#shapes".

    >>> @claim("A2", "One output channel per kernel.", cell="pointwise#shapes")
    ... def kernels():
    ...     layer = torch.nn.Conv2d(3, 8, kernel_size=1)
    ...     return Finding({"8 kernels": layer(torch.zeros(1, 3, 2, 2)).shape[1] == len(layer.weight)}, "8 and 8")
    >>> kernels.find().verdict.value
    'holds'
    """
    return lambda check: Claim(id, says, check, Cell(*cell.split("#")))
