"""What a chapter shows of a recorded study: the results, the verdicts with how firm they are, and the sweep."""

import math
import statistics
from dataclasses import dataclass

from companion.studies._plan import SWEEP_SEEDS, neighbour
from companion.studies._record import Record
from companion.studies._study import Question, Study
from companion.tables import Table, Tabular
from companion.training import Pair


@dataclass(frozen=True, repr=False)
class Recorded(Tabular):
    """A study together with its recorded results; it shows itself as the table of `results`.

    Attributes:
        study: what was asked: the variants, their pictures, the questions.
        record: what was found.
    """

    study: Study
    record: Record

    @property
    def rates(self) -> dict[str, float]:
        """The learning rate that the sweep chose for each variant, as ``companion.training.compare`` takes it."""
        return {name: self.record.rate(name) for name in self.study.variants}

    @property
    def sweeps(self) -> dict[str, dict[float, float]]:
        """For each variant its learning rates, and the mean validation accuracy in percent at each."""
        return {name: self.record.sweep(name) for name in self.study.variants}

    def finals(self, what: str = "test") -> dict[str, tuple[float, ...]]:
        """Return for each variant what its final runs reached, one number per seed, as ``figures.dots`` takes it.

        Args:
            what: "test", "val" or "train" accuracy in percent, "loss" in nats, or a measurement of the study's own.
        """
        return {name: self.record.final(name, what) for name in self.study.variants}

    def pair(self, first: str, second: str, what: str = "test") -> Pair:
        """Return the paired differences of a question of the study.

        Raises:
            ValueError: if the study does not ask it.
        """
        for question in self.study.questions:
            if (question.first, question.second) == (first, second):
                return self.record.pair(question, what)
        asked = [(question.first, question.second) for question in self.study.questions]
        raise ValueError(f"first and second must be one of {asked}, got {(first, second)}")

    def results(self, what: str = "test") -> Table:
        """Return a table of the variants: what each costs for one picture, its learning rate, and what it reached.

        Args:
            what: "test", "val" or a measurement of the study's own, in percent.
        """
        rows = []
        timed = all("forward_ms" in row for row in self.record.variants.values())
        for name, values in self.finals(what).items():
            row = self.record.variants[name]
            costs = [row["weights"], row["macs"], row["bytes"]]
            times = [f"{row['forward_ms']:.2f}", f"{row['step_ms']:.2f}"] if timed else []
            reached = f"{statistics.fmean(values):.1f} ± {statistics.stdev(values):.1f}"
            rows.append([name, *costs, *times, f"{self.record.rate(name):g}", reached])
        columns = ["variant", "weights", "MACs", "bytes", *(["forward, ms", "step, ms"] if timed else [])]
        tried = sum(run["kind"] == "sweep" for run in self.record.runs)
        caption = (
            f"{what} accuracy in percent, mean ± standard deviation over {len(values)} seeds; "
            f"{self.study.pictures}, {self.study.epochs} epochs; rates chosen by {tried} trainings"
        )
        return Table([*columns, "rate", f"{what}, %"], rows, caption)

    def verdicts(self, what: str = "test") -> Table:
        """Return a table of the questions: the paired difference, the verdict, and what becomes of it elsewhere.

        For "test" the columns behind the verdict are judged on the validation pictures: at a third and at three
        times the rate of each variant (from the sweep, fewer seeds), and after twice the epochs. What else is
        measured is measured of the final runs alone, and has no such columns.
        """
        rows, columns = [], ["first minus second", "points (95 % interval)", "verdict"]
        columns += ["rate / 3", "rate × 3", "epochs × 2"] if what == "test" else []
        for question in self.study.questions:
            pair, others = self.record.pair(question, what), []
            if what == "test":
                others = [self.at_rate(question, -1), self.at_rate(question, +1), self.record.longer(question)]
            changed = [f"{other.mean:+.1f}, {other.verdict}".replace("-", "−") for other in others]
            rows.append([f"{pair.first} minus {pair.second}", pair.measured, pair.verdict, *changed])
        noise = max(self.resolution(name) for name in self.study.variants)
        plural, seeds, pictures = "s" * (len(rows) > 1), len(pair.differences), self.record.about["test"]
        caption = (
            f"{len(rows)} comparison{plural} over {seeds} seeds; {pictures:,} test pictures leave ± {noise:.1f} "
            "points in one accuracy"
        )
        return Table(columns, rows, caption)

    def at_rate(self, question: Question, steps: int) -> Pair:
        """Return the paired differences on validation pictures at rates so many steps off each one's best."""
        both = []
        for variant in (question.first, question.second):
            lr = neighbour(self.record.rate(variant), steps)
            both.append(self.record.values("sweep", variant, "val", SWEEP_SEEDS, lr))
        differences = tuple(a - b for a, b in zip(*both, strict=True))
        return Pair(question.first, question.second, differences, question.margin)

    def resolution(self, variant: str) -> float:
        """Return the standard error in points that the number of test pictures leaves in a variant's accuracy.

        It is the root of p (1 - p) / n: a smaller difference holds on these pictures, and may not on others.
        """
        p = statistics.fmean(self.record.final(variant)) / 100
        return 100 * math.sqrt(p * (1 - p) / self.record.about["test"])

    def dead(self, variant: str) -> int:
        """Return how many final runs of a variant never got below the loss of a guess, or lost their numbers."""
        losses, guess = self.record.final(variant, "loss"), math.log(self.study.classes)
        return sum(loss is None or loss > guess - 0.01 for loss in losses)

    def _table(self) -> Table:
        return self.results()
