"""Class maps: the mean that makes scores of them, the maps behind a score, and how they learn or die.

Lin et al., "Network In Network", arXiv 1312.4400, section 3.2, and Zhou et al., arXiv 1512.04150, section 2.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from companion import _checks, pointwise
from companion._state import alone, mode
from companion.data import labelled


class GlobalAveragePooling(nn.Module):
    """The mean of each map: with one map a class, all that is left of the classifier. No weights, any H and W.

    Shape:
        (N, C, H, W) -> (N, C)
    """

    def forward(self, x: Tensor) -> Tensor:
        return _checks.tensor("x", x, "(N, C, H, W)").mean(dim=(2, 3))


def class_activation_maps(features: Tensor, classifier: nn.Linear) -> Tensor:
    """Return the map of votes of each class, whose mean is its score: the classifier at every pixel, then the mean.

    A linear layer and a mean can change places. So for a network that ends in global average pooling and a linear
    layer, these maps are the layer applied to the last feature maps as a 1x1 convolution. In a network without
    that layer, such as NIN, the last maps are the class activation maps. The paper adds up over the pixels where
    this takes the mean, and leaves the bias out; here it is added at each pixel.

    Args:
        features: (N, C, H, W), the maps before the pooling.
        classifier: the layer after it, C to K.

    Returns:
        (N, K, H, W); its mean over H and W is ``classifier`` of the mean of ``features``.

    Raises:
        TypeError: if ``classifier`` is no ``nn.Linear``, or ``features`` no tensor of its dtype.
        ValueError: if the shapes don't fit each other.

    >>> features, classifier = torch.randn(2, 8, 4, 4), nn.Linear(8, 3)
    >>> maps = class_activation_maps(features, classifier)
    >>> torch.allclose(maps.mean(dim=(2, 3)), classifier(features.mean(dim=(2, 3))), atol=1e-6)
    True
    """
    if not isinstance(classifier, nn.Linear):
        raise TypeError(f"classifier must be an nn.Linear, got {type(classifier).__name__}")
    _checks.tensor("features", features, "(N, C, H, W)")
    if features.shape[1] != classifier.in_features:
        raise ValueError(
            f"features must have C = {classifier.in_features}, as classifier reads, got {features.shape[1]}"
        )
    return pointwise.conv2d(features, classifier.weight, classifier.bias)


@dataclass(frozen=True)
class Trace:
    """What ``watch`` saw: one entry a step, taken before the step moved the weights.

    Attributes:
        losses: cross-entropy in nats.
        dead: share, from 0 to 1, of class maps that are zero at every pixel of every picture.
        gradients: Euclidean norm of the gradient of all parameters together.
    """

    losses: tuple[float, ...]
    dead: tuple[float, ...]
    gradients: tuple[float, ...]


def watch(model: nn.Sequential, x: Tensor, y: Tensor, *, steps: int, lr: float, momentum: float = 0.0) -> Trace:
    """Train ``model`` in place by gradient descent on all pictures at once, and look at every step.

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
        ValueError: if ``model`` ends otherwise, shapes don't fit, or a number is out of range.
    """
    if not isinstance(model, nn.Sequential):
        raise TypeError(f"model must be an nn.Sequential, got {type(model).__name__}")
    if not len(model) or not isinstance(model[-1], GlobalAveragePooling):
        raise ValueError(f"model must end in GlobalAveragePooling, got {model[-1] if len(model) else 'no layer'}")
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
