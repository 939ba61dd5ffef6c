"""What a chapter shows of a recorded study: the results, the verdicts, and how firm they are."""

import math
import statistics

from companion.studies._plan import SWEEP_SEEDS, neighbour
from companion.studies._record import Record
from companion.studies._study import Question, Study
from companion.tables import Table
from companion.training import Pair

CHANCE = math.log(10)  # nats: the loss of a guess among ten classes


def results(study: Study, record: Record, what: str = "test") -> Table:
    """Return a table of a study's variants: what each costs, its learning rate, and what it reached.

    Args:
        study: the study.
        record: its results.
        what: "test", "val" or a measurement of the study's own, in percent.
    """
    timed = all("forward_ms" in record.variants[name] for name in study.variants)
    rows = []
    for name in study.variants:
        row, values = record.variants[name], record.final(name, what)
        costs = [row["weights"], row["macs"], row["bytes"]]
        times = [f"{row['forward_ms']:.2f}", f"{row['step_ms']:.2f}"] if timed else []
        reached = f"{statistics.fmean(values):.1f} ± {statistics.stdev(values):.1f}"
        rows.append([name, *costs, *times, f"{record.rate(name):g}", reached])
    columns = ["variant", "weights", "MACs", "bytes", *(["forward, ms", "step, ms"] if timed else [])]
    tried = sum(run["kind"] == "sweep" for run in record.runs)
    caption = (
        f"{what} accuracy in percent, mean ± standard deviation over {len(values)} seeds; {study.pictures}, "
        f"{study.epochs} epochs; the rates chosen by {tried} trainings"
    )
    return Table([*columns, "rate", f"{what}, %"], rows, caption)


def firmness(study: Study, record: Record) -> Table:
    """Return a table of a study's questions: the verdict, and what becomes of it under other rates and budgets.

    The columns behind the verdict are judged on the validation pictures: at a third and at three times the rate of
    each variant (from the sweep, fewer seeds), and after twice the epochs.
    """
    rows = []
    for question in study.questions:
        others = [at_rate(record, question, -1), at_rate(record, question, +1), record.longer(question)]
        pairs = [record.pair(question), *others]
        rows.append([f"{question.first} minus {question.second}", *(pair.verdict for pair in pairs)])
    return Table(["first minus second", "verdict", "rate / 3", "rate × 3", "epochs × 2"], rows)


def at_rate(record: Record, question: Question, steps: int) -> Pair:
    """Return the paired differences on validation pictures at a rate so many steps off the best of each variant."""
    both = []
    for variant in (question.first, question.second):
        lr = neighbour(record.rate(variant), steps)
        both.append(record.values("sweep", variant, "val", SWEEP_SEEDS, lr))
    differences = tuple(a - b for a, b in zip(*both, strict=True))
    return Pair(question.first, question.second, differences, question.margin)


def resolution(record: Record, variant: str) -> float:
    """Return the standard error in points that the number of test pictures leaves in a variant's accuracy.

    It is the root of p (1 - p) / n: a smaller difference holds on these pictures, and may not on others.
    """
    p = statistics.fmean(record.final(variant)) / 100
    return 100 * math.sqrt(p * (1 - p) / record.about["test"])


def dead(record: Record, variant: str) -> int:
    """Return how many final runs of a variant never got below the loss of a guess, or lost their numbers."""
    losses = record.final(variant, "loss")
    return sum(loss is None or loss > CHANCE - 0.01 for loss in losses)
