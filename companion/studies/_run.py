"""One trial of a study: build, train, judge."""

import math
from time import perf_counter

import torch
from torch import nn

from companion._state import alone
from companion.data import Split
from companion.studies._plan import Trial
from companion.studies._study import Study
from companion.training import evaluate, fit


def run(study: Study, trial: Trial) -> dict:
    """Train one variant once and return what is recorded of it.

    The test pictures are looked at by trials of the kind "final" alone.

    Returns:
        The trial's fields, "train" and "val" (accuracy in percent), "loss" (mean cross-entropy in nats of the last
        epoch; None where it is not finite), "seconds" (of training), and for a final trial "test", and what
        ``study.also`` measures.
    """
    split = study.split(trial.seed)
    settings = study.settings
    if trial.kind == "long":
        settings["epochs"] *= 2
    with alone(trial.seed):
        model: nn.Module = study.variants[trial.variant]()
        start = perf_counter()
        history = fit(model, split, lr=trial.lr, seed=trial.seed, **settings)
        seconds = perf_counter() - start
        found = {
            "kind": trial.kind,
            "variant": trial.variant,
            "lr": trial.lr,
            "seed": trial.seed,
            "train": _accuracy(model, split, "train"),
            "val": _accuracy(model, split, "val"),
            "loss": round(history.losses[-1], 4) if math.isfinite(history.losses[-1]) else None,
            "seconds": round(seconds, 1),
        }
        if trial.kind == "final":
            found["test"] = _accuracy(model, split, "test")
            found |= {name: round(measure(model, split), 3) for name, measure in (study.also or {}).items()}
    return found


def _accuracy(model: nn.Module, split: Split, part: str) -> float:
    with torch.no_grad():
        return round(evaluate(model, getattr(split, f"{part}_x"), getattr(split, f"{part}_y")), 3)
