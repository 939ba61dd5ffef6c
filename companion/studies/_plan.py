"""Which runs a study still needs: first a sweep of learning rates for each variant, then the runs that count.

The rules are the same for every variant, so that none has more trials than another on the way to its rate:

1. Sweep: every rate of the grid, each from `SWEEP_SEEDS`. The best rate has the highest mean accuracy on the
   validation pictures.
2. If the best rate lies at an end of the grid, the grid grows there by one rate, and again, until it lies inside.
3. Final: the best rate, from `FINAL_SEEDS`; these alone are judged on the test pictures.
4. Long: the same with twice the epochs, from the first `LONG_SEEDS` of them, judged on validation: does the
   verdict hang on the budget?
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GRID = (0.001, 0.003, 0.01, 0.03, 0.1)
SWEEP_SEEDS = range(3)
FINAL_SEEDS = range(10, 20)
LONG_SEEDS = FINAL_SEEDS[:5]
LOWEST, HIGHEST = 1e-6, 10.0  # no grid grows beyond


@dataclass(frozen=True, order=True)
class Trial:
    """One training.

    Attributes:
        kind: "sweep", "final" or "long".
        variant: name of the variant.
        lr: learning rate.
        seed: of the start, the order of the pictures and their draw.
    """

    kind: str
    variant: str
    lr: float
    seed: int


def wanted(variants: Sequence[str], done: dict[Trial, float], grid: Sequence[float] = GRID) -> list[Trial]:
    """Return the trials that come next; none if the study is complete.

    Args:
        variants: names of all variants.
        done: validation accuracy of each trial so far.
        grid: learning rates, rising.

    >>> [trial.lr for trial in wanted(["a"], {}, grid=[0.01, 0.03])][::3]
    [0.01, 0.03]
    """
    trials = []
    for variant in variants:
        rates = rates_of(variant, done, grid)
        sweep = [Trial("sweep", variant, lr, seed) for lr in rates for seed in SWEEP_SEEDS]
        if missing := [trial for trial in sweep if trial not in done]:
            trials += missing
            continue
        lr = best_rate(variant, done)
        runs = [Trial("final", variant, lr, seed) for seed in FINAL_SEEDS]
        runs += [Trial("long", variant, lr, seed) for seed in LONG_SEEDS]
        trials += [trial for trial in runs if trial not in done]
    return trials


def rates_of(variant: str, done: dict[Trial, float], grid: Sequence[float] = GRID) -> list[float]:
    """Return the grid of a variant, grown as long as its best rate lies at an end."""
    rates = list(grid)
    while all(Trial("sweep", variant, lr, seed) in done for lr in rates for seed in SWEEP_SEEDS):
        lr = best_rate(variant, done, rates)
        if lr == rates[0] and lr > LOWEST:
            rates.insert(0, neighbour(lr, -1))
        elif lr == rates[-1] and lr < HIGHEST:
            rates.append(neighbour(lr, +1))
        else:
            break
    return rates


def best_rate(variant: str, done: dict[Trial, float], rates: Iterable[float] | None = None) -> float:
    """Return the rate of the highest mean validation accuracy in the sweep; of equals, the lowest.

    Raises:
        ValueError: if the variant has no sweep.
    """
    means = sweep_means(variant, done)
    chosen = means if rates is None else {lr: means[lr] for lr in rates}
    if not chosen:
        raise ValueError(f"variant must have a sweep, got none for {variant!r}")
    return max(sorted(chosen), key=chosen.__getitem__)


def sweep_means(variant: str, done: dict[Trial, float]) -> dict[float, float]:
    """Return the mean validation accuracy in percent at each rate of a variant's sweep, the rates rising."""
    found: dict[float, list[float]] = {}
    for trial in sorted(done):
        if (trial.kind, trial.variant) == ("sweep", variant):
            found.setdefault(trial.lr, []).append(done[trial])
    return {lr: statistics.fmean(values) for lr, values in found.items()}


def neighbour(lr: float, steps: int) -> float:
    """Return a rate so many steps up or down the row 0.001, 0.003, 0.01, 0.03, which goes on at both ends.

    >>> neighbour(0.001, -1), neighbour(0.03, 2)
    (0.0003, 0.3)
    """
    digit, _, exponent = f"{lr:.0e}".partition("e")
    place = 2 * int(exponent) + "13".index(digit) + steps
    return float(f"{'13'[place % 2]}e{place // 2}")
