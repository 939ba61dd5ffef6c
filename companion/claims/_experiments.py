"""The small training that the ledger runs itself, once per process; the others are recorded studies."""

from functools import cache

import torch
from torch import nn

from companion import data, squeeze_excitation, studies, training


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
