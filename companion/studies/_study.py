"""A study: variants of a network, the pictures they are trained on, and the pairs whose verdicts are asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import nn

from companion._state import alone
from companion.data import Split
from companion.training import fit

Builder = Callable[[], nn.Module]


@dataclass(frozen=True)
class Question:
    """Two variants that are held against each other.

    Attributes:
        first: name of the one.
        second: name of the other.
        margin: the largest difference, in points of accuracy, that counts as none.
    """

    first: str
    second: str
    margin: float


@dataclass(frozen=True, kw_only=True)
class Study:
    """Variants that are tuned alike and then compared on the same pictures, from the same seeds.

    Attributes:
        name: of its file of results.
        pictures: what it is trained on, for a sentence: "1,000 handwritten digits of 8 × 8".
        variants: for each name a function that builds the model.
        split: the pictures for a seed: training, validation and test part. The last two are the same for all seeds.
        input_size: (1, C, H, W) of a picture.
        questions: the pairs whose verdicts are asked for.
        epochs: how often each picture is seen.
        batch_size: most pictures in a batch.
        weight_decay: AdamW's decoupled decay.
        also: what else is measured of a trained model: for each name a function of the model and the pictures.
        classes: how many there are: a guess among them has a loss of ln(classes).
    """

    name: str
    pictures: str
    variants: Mapping[str, Builder]
    split: Callable[[int], Split]
    input_size: tuple[int, int, int, int]
    questions: tuple[Question, ...]
    epochs: int
    batch_size: int
    weight_decay: float = 0.0
    also: Mapping[str, Callable[[nn.Module, Split], float]] | None = None
    classes: int = 10

    def __post_init__(self):
        asked = {name for q in self.questions for name in (q.first, q.second)}
        if unknown := asked - set(self.variants):
            raise ValueError(f"questions must be about variants, got {sorted(unknown)}")

    @property
    def settings(self) -> dict:
        """What every training has in common, as `companion.training.fit` takes it."""
        return {"epochs": self.epochs, "batch_size": self.batch_size, "weight_decay": self.weight_decay}


def fingerprint(study: Study, variant: str) -> dict:
    """Return what a variant's results depend on: settings, shapes of parameters, and the loss after two steps.

    A moved line or a comment changes nothing of it; another layer, start, order of pictures or optimiser does.
    """
    split = study.split(0)
    train = (part[: 2 * study.batch_size] for part in (split.train_x, split.train_y))
    few = Split(*train, split.test_x[:1], split.test_y[:1])
    with alone(0):
        model = study.variants[variant]()
        history = fit(model, few, seed=0, lr=0.01, **study.settings | {"epochs": 1})
        shapes = [list(parameter.shape) for parameter in model.parameters()]
    return {"settings": study.settings, "shapes": shapes, "loss": round(history.losses[0], 6)}


def is_stale(recorded: Mapping, now: Mapping) -> bool:
    """Return whether two fingerprints differ; the loss may, by a relative 1e-3, as processors round differently."""
    exact = ("settings", "shapes")
    if any(recorded[key] != now[key] for key in exact):
        return True
    return abs(recorded["loss"] - now["loss"]) > 1e-3 * abs(now["loss"])
