"""The small trainings that the ledger runs itself, each once per process; the others are recorded studies."""

from functools import cache, partial

import torch
from torch import nn

from companion import data, pitfalls, squeeze_excitation, studies, training


def _deep(initialisation: str, layers: int = 30, channels: int = 24) -> nn.Sequential:
    stem = nn.Conv2d(1, channels, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    stack = pitfalls.initialise(pitfalls.pointwise_stack(channels, layers), initialisation)
    return nn.Sequential(*stem, stack, nn.Flatten(), nn.Linear(channels * 16, 10))


@cache
def starts() -> training.Comparison:
    """Train thirty 1x1 convolutions in a row from two kinds of first weights (A13)."""
    variants = {name: partial(_deep, name) for name in ("PyTorch", "He")}
    few = data.digits(train_size=400)
    return training.compare(variants, few, epochs=8, lr=0.005, batch_size=100, progress=False)


@cache
def gates() -> tuple[tuple[float, ...], tuple[float, ...], float]:
    """Train a network with gates from five seeds (A9c).

    Returns:
        Its accuracies in percent, those with the mean gates of all test pictures in place of each picture's own,
        and the standard deviation over the pictures of the gate that varies most, as a mean over the seeds.
    """
    split = data.digits(train_size=300)
    variant = {"gate": studies.STUDIES["gate-digits-300"].variants["gate"]}
    runs = training.compare(variant, split, epochs=12, batch_size=32, keep_models=True, progress=False)
    shared, spreads = [], []
    for net in runs.models("gate"):
        with squeeze_excitation.replaced_gates(net, lambda gates: gates.mean(dim=0, keepdim=True)):
            shared.append(_accuracy(net, split))
        spreads.append(
            max(g.std(dim=0).max().item() for g in squeeze_excitation.gates_of(net, split.test_x).values())
        )
    return runs.accuracies("gate"), tuple(shared), sum(spreads) / len(spreads)


@torch.no_grad()
def _accuracy(net: nn.Module, split: data.Split) -> float:
    """Return the accuracy on all test pictures in one batch, so that their mean gates are one and the same."""
    return 100 * (net(split.test_x).argmax(dim=1) == split.test_y).float().mean().item()
