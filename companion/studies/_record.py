"""The recorded results of a study: a file of every run, with what it was run on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from companion.studies._plan import FINAL_SEEDS, LONG_SEEDS, Trial, best_rate, sweep_means
from companion.studies._study import Question
from companion.training import Pair

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "studies"


@dataclass(frozen=True)
class Record:
    """What a file of results holds.

    Attributes:
        about: pictures, settings, machine, versions and date.
        variants: for each variant its parameters, costs and fingerprint.
        runs: every run, as `companion.studies.run` returns it.
    """

    about: Mapping
    variants: Mapping[str, Mapping]
    runs: Sequence[Mapping]

    @property
    def done(self) -> dict[Trial, float]:
        """The validation accuracy in percent of each trial."""
        return {Trial(r["kind"], r["variant"], r["lr"], r["seed"]): r["val"] for r in self.runs}

    def rate(self, variant: str) -> float:
        """Return the learning rate that the sweep chose for a variant."""
        return best_rate(variant, self.done)

    def sweep(self, variant: str) -> dict[float, float]:
        """Return the mean validation accuracy in percent at each learning rate of a variant, the rates rising."""
        return sweep_means(variant, self.done)

    def final(self, variant: str, what: str = "test") -> tuple[float, ...]:
        """Return what the final runs of a variant reached, one number per seed.

        Args:
            variant: its name.
            what: "test", "val", "train" or "loss", or a measurement of the study's own.

        Raises:
            ValueError: if a run is missing.
        """
        return self.values("final", variant, what, FINAL_SEEDS)

    def pair(self, question: Question, what: str = "test") -> Pair:
        """Return the paired differences of two variants' final runs."""
        values = self.final(question.first, what), self.final(question.second, what)
        return Pair(question.first, question.second, _minus(*values), question.margin)

    def longer(self, question: Question) -> Pair:
        """Return the paired differences on validation pictures after twice the epochs."""
        first, second = (self.values("long", v, "val", LONG_SEEDS) for v in (question.first, question.second))
        return Pair(question.first, question.second, _minus(first, second), question.margin)

    def values(
        self, kind: str, variant: str, what: str, seeds: Sequence[int], lr: float | None = None
    ) -> tuple[float, ...]:
        """Return what runs of one kind reached at a rate, by default the chosen one; one number per seed.

        Raises:
            ValueError: if a run is missing.
        """
        lr = self.rate(variant) if lr is None else lr
        found = {r["seed"]: r[what] for r in self.runs if (r["kind"], r["variant"], r["lr"]) == (kind, variant, lr)}
        if missing := [seed for seed in seeds if seed not in found]:
            raise ValueError(f"variant must have runs of all seeds, {variant!r} lacks {missing} of kind {kind!r}")
        return tuple(found[seed] for seed in seeds)


def path_of(study: str, folder: Path | None = None) -> Path:
    """Return where the results of a study lie."""
    return (folder or RESULTS) / f"{study}.json"


def read(study: str, folder: Path | None = None) -> Record:
    """Return the recorded results of a study.

    Raises:
        FileNotFoundError: if there are none: they come with the book's repository, not with the package.
    """
    path = path_of(study, folder)
    if not path.exists():
        raise FileNotFoundError(f"no results of the study {study!r} in {path.parent}: make studies makes them")
    return Record(**json.loads(path.read_text("utf-8")))


def _minus(first: Sequence[float], second: Sequence[float]) -> tuple[float, ...]:
    return tuple(a - b for a, b in zip(first, second, strict=True))
