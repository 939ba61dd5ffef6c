"""What a comparison found: one run for each variant and seed, and what they add up to."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import nn

from companion import _checks
from companion.tables import Table

PARTS = ("train", "test")


@dataclass(frozen=True)
class Run:
    """One variant, trained from one seed.

    Attributes:
        variant: its name.
        seed: the seed of its first weights and of its batches.
        parameters: number of parameters: weights, biases and all else that the model holds.
        train_accuracy: in percent of the training pictures.
        test_accuracy: in percent of the test pictures.
        losses: mean training loss of each epoch, in nats.
        model: the trained model in evaluation mode, or None where it was not kept; not compared by ``==``.
    """

    variant: str
    seed: int
    parameters: int
    train_accuracy: float
    test_accuracy: float
    losses: tuple[float, ...]
    model: nn.Module | None = field(default=None, compare=False, repr=False)


class Difference(NamedTuple):
    """A mean difference in points (of accuracy in percent) and its standard error."""

    mean: float
    standard_error: float


@dataclass(frozen=True, repr=False)
class Comparison:
    """The runs of a comparison, variant by variant and seed by seed; each variant has the same seeds.

    Accuracies are in percent. The spread is the sample standard deviation over the seeds. Another kind of
    processor moves the means a little, so ``within`` and ``ahead`` are to be asked about ``points`` that lie
    well off the measured difference.

    Raises:
        ValueError: if the variants don't have the same seeds in the same order.

    >>> runs = [Run("a", 0, 10, 99.0, 97.0, ()), Run("a", 1, 10, 99.0, 98.0, ())]
    >>> runs += [Run("b", 0, 20, 99.0, 94.0, ()), Run("b", 1, 20, 99.0, 96.0, ())]
    >>> comparison = Comparison(tuple(runs))
    >>> comparison
    Accuracy, mean ± standard deviation over 2 seeds
    <BLANKLINE>
    variant  parameters  train, %    test, %
    -------  ----------  ----------  ----------
    a                10  99.0 ± 0.0  97.5 ± 0.7
    b                20  99.0 ± 0.0  95.0 ± 1.4
    >>> comparison.difference("a", "b")
    Difference(mean=2.5, standard_error=0.5)
    >>> comparison.within("a", "b", points=1.5), comparison.ahead("a", "b", points=1)
    (False, True)
    """

    runs: tuple[Run, ...]

    def __post_init__(self):
        pairs = [(run.variant, run.seed) for run in self.runs]
        if not pairs or pairs != [(name, seed) for name in self.names for seed in self.seeds]:
            raise ValueError(f"runs must go through the same seeds for each variant, got {pairs}")

    @property
    def names(self) -> tuple[str, ...]:
        """The variants, in the order in which they were given."""
        return tuple(dict.fromkeys(run.variant for run in self.runs))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, in the order in which they were given."""
        return tuple(dict.fromkeys(run.seed for run in self.runs))

    def runs_of(self, name: str) -> tuple[Run, ...]:
        """Return the runs of one variant, one a seed.

        Raises:
            ValueError: if there is no such variant.
        """
        if name not in self.names:
            raise ValueError(f"name must be one of {list(self.names)}, got {name!r}")
        return tuple(run for run in self.runs if run.variant == name)

    def parameters(self, name: str) -> int:
        """Return the number of parameters of a variant: weights, biases and all else that it holds."""
        return self.runs_of(name)[0].parameters

    def models(self, name: str) -> tuple[nn.Module, ...]:
        """Return the trained models of a variant, one a seed, in evaluation mode.

        Raises:
            ValueError: if the models were not kept.
        """
        models = tuple(run.model for run in self.runs_of(name))
        if None in models:
            raise ValueError("models are kept by compare(..., keep_models=True) only")
        return models

    def accuracies(self, name: str, part: str = "test") -> tuple[float, ...]:
        """Return a variant's accuracies in percent, one a seed, on the "train" or the "test" pictures."""
        if part not in PARTS:
            raise ValueError(f"part must be one of {list(PARTS)}, got {part!r}")
        return tuple(getattr(run, f"{part}_accuracy") for run in self.runs_of(name))

    def mean(self, name: str, part: str = "test") -> float:
        """Return the mean accuracy over the seeds, in percent."""
        return statistics.fmean(self.accuracies(name, part))

    def spread(self, name: str, part: str = "test") -> float:
        """Return the sample standard deviation over the seeds, in points; NaN for a single seed."""
        return _spread(self.accuracies(name, part))

    def rounded(self, name: str, part: str = "test", *, nearest: float = 0.5) -> float:
        """Return the mean accuracy to the nearest half point, or to another step.

        Raises:
            ValueError: if ``nearest`` is not above 0.
        """
        if not nearest > 0:
            raise ValueError(f"nearest must be above 0, got {nearest}")
        steps = round(self.mean(name, part) / nearest)
        return round(steps * nearest, 9)  # 973 steps of 0.1 are 97.3, not 97.30000000000001

    def difference(self, a: str, b: str, part: str = "test") -> Difference:
        """Return the mean of ``a`` minus ``b``, paired by seed, in points, with its standard error.

        The standard error is NaN for a single seed.
        """
        pairs = zip(self.accuracies(a, part), self.accuracies(b, part), strict=True)
        differences = [x - y for x, y in pairs]
        return Difference(statistics.fmean(differences), _spread(differences) / math.sqrt(len(differences)))

    def within(self, a: str, b: str, part: str = "test", *, points: float) -> bool:
        """Tell whether the means of ``a`` and ``b`` are at most ``points`` apart, either way."""
        return abs(self.difference(a, b, part).mean) <= _limit(points)

    def ahead(self, a: str, b: str, part: str = "test", *, points: float = 0) -> bool:
        """Tell whether the mean of ``a`` is more than ``points`` above that of ``b``."""
        return self.difference(a, b, part).mean > _limit(points)

    def table(self, *, digits: int = 1) -> Table:
        """Return a table, for a notebook or for ``print``: mean ± spread, with ``digits`` decimals."""
        digits = _checks.integer("digits", digits, at_least=0)
        seeds = len(self.seeds)
        return Table(
            ["variant", "parameters", *(f"{part}, %" for part in PARTS)],
            [
                [name, self.parameters(name), *(self._cell(name, part, digits) for part in PARTS)]
                for name in self.names
            ],
            f"Accuracy, mean ± standard deviation over {seeds} seeds" if seeds > 1 else "Accuracy, one seed",
        )

    def _cell(self, name: str, part: str, digits: int) -> str:
        spread = self.spread(name, part)
        mean = f"{self.mean(name, part):.{digits}f}"
        return mean if math.isnan(spread) else f"{mean} ± {spread:.{digits}f}"

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _spread(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else math.nan


def _limit(points: float) -> float:
    if not points >= 0:
        raise ValueError(f"points must be at least 0, got {points}")
    return points + 1e-9  # 82.2 and 80.6 are 1.6 points apart, though their floats differ by a little more
