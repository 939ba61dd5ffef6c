"""Results of a comparison: one run per variant and seed, their means, spreads and paired differences."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import nn

from companion.tables import Table, Tabular
from companion.training._pair import Pair

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


@dataclass(frozen=True, repr=False)
class Comparison(Tabular):
    """The runs of a comparison, variant by variant and seed by seed; each variant has the same seeds.

    Accuracies are in percent. The spread is the sample standard deviation over the seeds.

    Raises:
        ValueError: if the variants don't have the same seeds in the same order.

    >>> runs = [Run("a", 0, 10, 99.0, 97.0, ()), Run("a", 1, 10, 99.0, 98.0, ())]
    >>> runs += [Run("b", 0, 20, 99.0, 94.0, ()), Run("b", 1, 20, 99.0, 96.0, ())]
    >>> comparison = Comparison(tuple(runs))
    >>> comparison
    Accuracy, mean ± standard deviation over 2 seeds
    <BLANKLINE>
    variant  parameters    train, %     test, %
    -------  ----------  ----------  ----------
    a                10  99.0 ± 0.0  97.5 ± 0.7
    b                20  99.0 ± 0.0  95.0 ± 1.4
    >>> comparison.pair("a", "b", margin=1.0)
    a minus b: 2.5 ± 0.5 (−3.9 to 8.9), cannot tell
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
        """Return the runs of one variant, one per seed.

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
        """Return the trained models of a variant, one per seed, in evaluation mode.

        Raises:
            ValueError: if the models were not kept.
        """
        models = tuple(run.model for run in self.runs_of(name))
        if None in models:
            raise ValueError("models are kept by compare(..., keep_models=True) only")
        return models

    def accuracies(self, name: str, part: str = "test") -> tuple[float, ...]:
        """Return a variant's accuracies in percent, one per seed, on the "train" or the "test" pictures."""
        if part not in PARTS:
            raise ValueError(f"part must be one of {list(PARTS)}, got {part!r}")
        return tuple(getattr(run, f"{part}_accuracy") for run in self.runs_of(name))

    def mean(self, name: str, part: str = "test") -> float:
        """Return the mean accuracy over the seeds, in percent."""
        return statistics.fmean(self.accuracies(name, part))

    def spread(self, name: str, part: str = "test") -> float:
        """Return the sample standard deviation over the seeds, in points; NaN for a single seed."""
        return _spread(self.accuracies(name, part))

    def pair(self, first: str, second: str, margin: float, part: str = "test") -> Pair:
        """Return ``first`` minus ``second``, seed by seed, in points, with its interval and verdict.

        Args:
            first: name of the one.
            second: name of the other.
            margin: the largest difference in points that counts as none.
            part: "train" or "test".

        Raises:
            ValueError: if a name is unknown, there is a single seed, or ``margin`` is not above 0 and finite.
        """
        pairs = zip(self.accuracies(first, part), self.accuracies(second, part), strict=True)
        return Pair(first, second, tuple(a - b for a, b in pairs), margin)

    def _table(self) -> Table:
        """Return a table of mean ± spread, a row for each variant."""
        seeds = len(self.seeds)
        rows = [[name, self.parameters(name), *(self._cell(name, part) for part in PARTS)] for name in self.names]
        caption = f"Accuracy, mean ± standard deviation over {seeds} seeds" if seeds > 1 else "Accuracy, one seed"
        return Table(["variant", "parameters", *(f"{part}, %" for part in PARTS)], rows, caption)

    def _cell(self, name: str, part: str) -> str:
        mean, spread = self.mean(name, part), self.spread(name, part)
        return f"{mean:.1f}" if math.isnan(spread) else f"{mean:.1f} ± {spread:.1f}"


def _spread(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else math.nan
