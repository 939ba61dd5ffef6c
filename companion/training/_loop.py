"""The training loop, and the accuracy of a trained model."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from companion import _checks
from companion._state import alone, mode
from companion.data import Split, labelled

# A pixel's channels side by side in memory: small networks train a tenth to a third faster so on a CPU. The
# values are the same, and torch passes the layout on from layer to layer. What needs the other layout (a .view, a
# kernel of one's own) has to call .contiguous() first.
_LAYOUT = torch.channels_last


@dataclass(frozen=True)
class History:
    """The losses that ``fit`` measured while it trained.

    Attributes:
        losses: mean cross-entropy of each epoch, in nats; NaN or infinite from where training blew up.
    """

    losses: tuple[float, ...]


def fit(
    model: nn.Module,
    split: Split,
    *,
    epochs: int = 15,
    lr: float = 0.01,
    batch_size: int = 64,
    weight_decay: float = 0.0,
    seed: int = 0,
) -> History:
    """Train ``model`` in place on the training pictures of ``split``, by cross-entropy.

    The optimiser is AdamW (arXiv 1711.05101). Its learning rate rises from 0 to ``lr`` and falls back to 0
    along half a sine, which small networks take well with and without normalisation.

    A loss that is not finite raises nothing: a run that blows up is a result too, and ``History`` shows it.
    Training uses one torch thread, and the CPU's random numbers: the model belongs on the CPU. Batches come in
    the channels-last memory format, so that a model should ``flatten`` and not ``view``; so do those of
    ``evaluate``. The number of threads, the random state of torch and the modes of the model's modules are
    afterwards as they were.

    Args:
        model: maps (N, C, H, W) to scores (N, K), K at least ``split.num_classes``.
        split: the pictures; only the training part is learned from.
        epochs: how often each picture is seen.
        lr: highest learning rate.
        batch_size: most pictures in a batch; an epoch is cut into batches as equal as can be.
        weight_decay: AdamW's decoupled decay.
        seed: of the order of the pictures, and of dropout.

    Returns:
        History of the losses.

    Raises:
        TypeError: if ``epochs`` or ``batch_size`` is not an int.
        ValueError: if ``epochs``, ``batch_size`` or ``lr`` is out of range, the model has nothing to train, or its
            scores have the wrong shape.

    >>> from companion.data import digits
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    >>> history = fit(model, digits(), epochs=5)
    >>> history.losses[-1] < history.losses[0] / 2
    True
    """
    epochs, batch_size = _checks.integer("epochs", epochs), _checks.integer("batch_size", batch_size)
    if not 0 < lr < math.inf:
        raise ValueError(f"lr must be above 0 and finite, got {lr}")
    if not 0 <= weight_decay < math.inf:
        raise ValueError(f"weight_decay must be at least 0 and finite, got {weight_decay}")
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    x, y = split.train_x, split.train_y
    batches = math.ceil(len(x) / batch_size)
    order = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(trainable, lr=lr, weight_decay=weight_decay, fused=True)
    steps = epochs * batches
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: math.sin(math.pi * (step + 0.5) / steps))
    losses = []
    with alone(seed), mode(model, training=True):
        for _ in range(epochs):
            total = 0.0
            for batch in torch.randperm(len(x), generator=order).tensor_split(batches):
                scores = _scores(model, x[batch].to(memory_format=_LAYOUT), split.num_classes)
                loss = F.cross_entropy(scores, y[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                total += loss.item() * len(batch)
            losses.append(total / len(x))
    return History(tuple(losses))


@torch.no_grad()
def evaluate(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Return the accuracy of ``model`` in percent, in evaluation mode; its modes are then as they were.

    Scores that are not numbers count as class 0, as ``torch.argmax`` has it.

    Args:
        model: maps (N, C, H, W) to scores (N, K), K above the largest class.
        x: pictures (N, C, H, W).
        y: their classes (N,), int64.

    Raises:
        TypeError: if ``x`` is not a tensor or ``y`` not of int64.
        ValueError: if the shapes don't fit each other or the scores.
    """
    labelled("x", x, "y", y)
    num_classes = int(y.max()) + 1
    with mode(model, training=False):
        pieces = zip(x.split(512), y.split(512), strict=True)  # 512: all of it at once could fill the memory
        right = sum(
            int((_scores(model, a.to(memory_format=_LAYOUT), num_classes).argmax(1) == b).sum()) for a, b in pieces
        )
    return 100 * right / len(y)


def _scores(model: nn.Module, x: Tensor, num_classes: int) -> Tensor:
    scores = model(x)
    if scores.dim() != 2 or len(scores) != len(x) or scores.shape[1] < num_classes:
        raise ValueError(
            f"model must return scores ({len(x)}, K) with K at least {num_classes}, one per class, "
            f"got {tuple(scores.shape)}"
        )
    return scores
