"""Train a network by gradient descent and record loss, gradient and dead class maps at every step."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from companion import _checks
from companion._state import alone, mode
from companion.data import labelled
from companion.network_in_network._layers import GlobalAveragePooling


@dataclass(frozen=True)
class Trace:
    """What ``watch`` recorded: one entry per step, from before the step changed the weights.

    Attributes:
        losses: cross-entropy in nats.
        dead: share, from 0 to 1, of class maps that are zero at every pixel of every picture.
        gradients: Euclidean norm of the gradient of all parameters together.
    """

    losses: tuple[float, ...]
    dead: tuple[float, ...]
    gradients: tuple[float, ...]


def watch(model: nn.Sequential, x: Tensor, y: Tensor, *, steps: int, lr: float, momentum: float = 0.0) -> Trace:
    """Train ``model`` in place by gradient descent on all pictures at once, and record every step.

    Where all class maps are zero for all pictures, so is the gradient, exactly: only momentum can move a weight.

    Args:
        model: layers that end in ``GlobalAveragePooling``; what enters it are the class maps.
        x: pictures (N, C, H, W).
        y: their classes (N,), int64.
        steps: number of steps.
        lr: learning rate.
        momentum: as in ``torch.optim.SGD``.

    Returns:
        Trace of the steps.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if ``model`` is of another form, shapes don't fit, or a number is out of range.
    """
    if not isinstance(model, nn.Sequential) or not any(isinstance(m, GlobalAveragePooling) for m in model[-1:]):
        raise ValueError(f"model must be an nn.Sequential that ends in GlobalAveragePooling, got {model}")
    labelled("x", x, "y", y)
    _checks.integer("steps", steps)
    if not 0 < lr < math.inf:
        raise ValueError(f"lr must be above 0 and finite, got {lr}")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must be at least 0 and below 1, got {momentum}")

    x = x.to(memory_format=torch.channels_last)  # as in companion.training: the same values, and faster
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum, fused=True)
    seen = []
    with alone(0), mode(model, training=True):
        for _ in range(steps):
            maps = model[:-1](x)  # (N, K, H, W)
            loss = F.cross_entropy(model[-1](maps), y)
            optimizer.zero_grad()
            loss.backward()
            dead = maps.eq(0).all(dim=(0, 2, 3))  # (K,)
            gradient = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
            seen.append((loss.item(), dead.float().mean().item(), gradient.norm().item()))
            optimizer.step()
    return Trace(*zip(*seen, strict=True))
