"""A network of two mlpconv layers that stalls at the loss of a guess, ln 10, from several starts."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import nn
from torch.nn import functional as F

from companion import _checks, data
from companion._state import alone
from companion.network_in_network._layers import GlobalAveragePooling, MlpConv
from companion.network_in_network._trace import Trace

PICTURES = 20  # two of each class


@dataclass(frozen=True)
class Start:
    """How a training of `stalling` begins, and what stands in the network.

    Attributes:
        std: standard deviation of the first weights; None for He's, the root of 2 / (C_in k k) for each layer.
        lr: learning rate.
        last_activation: whether a ReLU stands on the class maps, as in the paper.
        batch_norm: whether each activation has a batch normalisation before it.
    """

    std: float | None
    lr: float = 0.03
    last_activation: bool = True
    batch_norm: bool = False


STARTS: Mapping[str, Start] = MappingProxyType(
    {
        "std 0.01": Start(0.01),
        "He": Start(None),
        "He, no last ReLU": Start(None, last_activation=False),
        "He, batch norm": Start(None, batch_norm=True),
        "std 0.01, no last ReLU": Start(0.01, last_activation=False),
        "std 0.01, batch norm": Start(0.01, batch_norm=True),
        "He, rate / 10": Start(None, lr=0.003),
        "He, rate × 10": Start(None, lr=0.3),
    }
)
"""The starts that are recorded in ``benchmarks/results/stall.json``."""


def stalling(start: Start) -> nn.Sequential:
    """Return a network of two mlpconv layers, the second with ten class maps: (N, 1, H, W) -> (N, 10).

    Its first weights are normal, its first biases zero.
    """
    options = {"norm_layer": nn.BatchNorm2d if _checks.flag("batch_norm", start.batch_norm) else None}
    last = MlpConv(12, 10, 3, hidden_channels=(12, 12), last_activation=start.last_activation, **options)
    net = nn.Sequential(MlpConv(1, 12, 3, **options), nn.MaxPool2d(2), last, GlobalAveragePooling())
    for conv in net.modules():
        if isinstance(conv, nn.Conv2d):
            he = math.sqrt(2 / conv.weight[0].numel())
            nn.init.normal_(conv.weight, std=he if start.std is None else start.std)
            if conv.bias is not None:
                nn.init.zeros_(conv.bias)
    return net


def watch_stalling(start: Start, seeds: Iterable[int], steps: int) -> list[Trace]:
    """Train `stalling` from several seeds on twenty digits, all in every step, and record each step.

    The networks are trained side by side by ``torch.func.vmap``, each as ``watch`` trains it, with momentum 0.9.

    Returns:
        One trace for each seed.

    Raises:
        TypeError: if ``steps`` is not an int, or ``start.batch_norm`` or ``start.last_activation`` not a bool.
        ValueError: if there is no seed, or ``steps`` is below one.
    """
    nets, seen = [_seeded(start, seed) for seed in seeds], []
    if not nets:
        raise ValueError("seeds must be at least one, got none")
    _checks.integer("steps", steps)
    digits = data.digits()
    x, y = digits.train_x[:PICTURES], digits.train_y[:PICTURES]
    x, everyones = (x - x.mean()) / x.std(), y.repeat(len(nets), 1)  # (S, N)
    parameters, buffers = torch.func.stack_module_state([net[:-1] for net in nets])
    to_maps = torch.func.vmap(lambda *state: torch.func.functional_call(nets[0][:-1], state, (x,)))
    optimizer = torch.optim.SGD(parameters.values(), lr=start.lr, momentum=0.9, fused=True)
    with alone(0):
        for _ in range(steps):
            maps = to_maps(parameters, buffers)  # (S, N, 10, H, W)
            scores = maps.mean(dim=(3, 4))
            losses = F.cross_entropy(scores.movedim(2, 1), everyones, reduction="none").mean(dim=1)  # (S,)
            optimizer.zero_grad()
            losses.sum().backward()
            dead = maps.eq(0).all(dim=4).all(dim=3).all(dim=1).float().mean(dim=1)
            gradients = torch.cat([p.grad.flatten(1) for p in parameters.values()], dim=1).norm(dim=1)
            seen.append((losses.tolist(), dead.tolist(), gradients.tolist()))
            optimizer.step()
    columns = zip(*seen, strict=True)  # losses, dead, gradients: each (steps, S)
    return [Trace(*each) for each in zip(*(zip(*column, strict=True) for column in columns), strict=True)]


def _seeded(start: Start, seed: int) -> nn.Sequential:
    with alone(seed):
        return stalling(start)
