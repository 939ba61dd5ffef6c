"""Two variants against each other, seed by seed: the difference, its interval, and the verdict that follows."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from companion.tables import Table


@dataclass(frozen=True)
class Pair:
    """The differences between two variants that started from the same seeds, in points (of accuracy in percent).

    The interval is that of Student's t, two-sided: of the mean of a normal population, of which the seeds are a
    sample. It speaks of other seeds, not of other pictures; for these there is ``resolution``.

    Attributes:
        first: name of the one.
        second: name of the other.
        differences: first minus second, one for each seed.
        margin: m, the largest difference in points that counts as none.
        resolution: the standard error in points that the number of pictures leaves in one accuracy.

    Raises:
        ValueError: if there are fewer than two differences, or ``margin`` is not above 0 and finite.

    >>> pair = Pair("gate", "no gate", (7.0, 8.0, 7.5, 8.5), margin=1.0)
    >>> pair
    gate minus no gate: 7.8 ± 0.3 (6.7 to 8.8), ahead
    >>> Pair("a", "b", (0.1, -0.2, 0.0), margin=1.0).verdict, Pair("a", "b", (3.0, -2.0), margin=1.0).verdict
    ('level within 1 point', 'cannot tell')
    """

    first: str
    second: str
    differences: tuple[float, ...]
    margin: float
    resolution: float = 0.0

    def __post_init__(self):
        if len(self.differences) < 2:
            raise ValueError(f"differences must be at least two, got {len(self.differences)}")
        if not 0 < self.margin < math.inf:
            raise ValueError(f"margin must be above 0 and finite, got {self.margin}")

    @property
    def mean(self) -> float:
        """The mean difference."""
        return statistics.fmean(self.differences)

    @property
    def standard_error(self) -> float:
        """The standard error of the mean: the differences' standard deviation over the root of their number."""
        return statistics.stdev(self.differences) / math.sqrt(len(self.differences))

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the mean."""
        from scipy import stats  # takes a second to load, so only where an interval is asked for

        reach = float(stats.t.ppf(0.975, len(self.differences) - 1)) * self.standard_error
        return self.mean - reach, self.mean + reach

    @property
    def verdict(self) -> str:
        """What the interval says of the first: ahead, behind, level within the margin, or cannot tell.

        Ahead or behind, if it excludes zero; level, if it lies within the margin; "by less than", if both.
        """
        low, high = self.interval
        side = "ahead" if low > 0 else "behind" if high < 0 else ""
        points = f"{self.margin:g} point{'s' * (self.margin != 1)}"
        if -self.margin < low and high < self.margin:
            return f"{side} by less than {points}" if side else f"level within {points}"
        return side or "cannot tell"

    @property
    def measured(self) -> str:
        """The mean, its standard error and its interval, written so that nbval compares them as measured."""
        low, high = self.interval
        return f"{_points(self.mean)} ± {self.standard_error:.1f} ({_points(low)} to {_points(high)})"

    def __repr__(self) -> str:
        return f"{self.first} minus {self.second}: {self.measured}, {self.verdict}"


def verdicts(pairs: Sequence[Pair], caption: str = "") -> Table:
    """Return a table of pairs: who, by how much, and the verdict.

    >>> verdicts([Pair("gate", "no gate", (7.0, 8.0, 7.5, 8.5), margin=1.0)])
    first minus second  points (95 % interval)  verdict
    ------------------  ----------------------  -------
    gate minus no gate  7.8 ± 0.3 (6.7 to 8.8)  ahead
    """
    rows = [[f"{pair.first} minus {pair.second}", pair.measured, pair.verdict] for pair in pairs]
    return Table(["first minus second", "points (95 % interval)", "verdict"], rows, caption)


def _points(value: float) -> str:
    return f"{round(value, 1) + 0.0:.1f}".replace("-", "−")  # no minus before a zero
