"""How an initialisation scales signal and gradient in a deep stack of 1x1 convolutions.

He et al., arXiv 1502.01852, section 2.2. All of it is about the second moment, the mean of the squares. A weight is
drawn with mean 0, so a sum of fan_in products has fan_in times the variance of one; a ReLU then keeps half of the
second moment of a symmetric distribution.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from companion import _checks

INITIALISATIONS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        "N(0, 0.01²)": lambda weight: nn.init.normal_(weight, std=0.01),
        "Xavier": lambda weight: nn.init.xavier_normal_(weight),
        "He": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
        "PyTorch": lambda weight: nn.init.kaiming_uniform_(weight, a=math.sqrt(5)),  # as nn.Conv2d does it itself
    }
)
"""Ways to draw the weights (C_out, C_in / groups, k, k) of a convolution; each fills such a tensor in place."""


def fan_in(layer: nn.Conv2d) -> int:
    """Return how many products an output value of a convolution is summed from: C_in / groups * k_h * k_w.

    >>> fan_in(nn.Conv2d(64, 32, kernel_size=3)), fan_in(nn.Conv2d(64, 32, kernel_size=1))
    (576, 64)
    """
    if not isinstance(layer, nn.Conv2d):
        raise TypeError(f"layer must be an nn.Conv2d, got {type(layer).__name__}")
    return layer.weight[0].numel()


def moment_factor(fan_in: int, variance: float, *, negative_slope: float = 0.0) -> float:
    """Return what one layer and the rectifier before it multiply the second moment by.

    For what is symmetric around zero, max(x, a x) has (1 + a²) / 2 of its second moment; a ReLU has a = 0, and
    a = 1 is no activation at all.

    Args:
        fan_in: number of products in a sum.
        variance: of the weights.
        negative_slope: a, the slope of the rectifier below zero.

    Returns:
        (1 + a²) / 2 * fan_in * variance: 1 carries a signal through any depth.

    Raises:
        TypeError: if ``fan_in`` is not an int.
        ValueError: if ``fan_in`` is below 1, ``variance`` negative or not finite, or ``negative_slope`` not finite.

    >>> moment_factor(64, variance=2 / 64), moment_factor(64, variance=1 / 64)  # He; Xavier at equal widths
    (1.0, 0.5)
    """
    _checks.integer("fan_in", fan_in)
    if not 0 <= variance < math.inf:
        raise ValueError(f"variance must be at least 0 and finite, got {variance}")
    if not math.isfinite(negative_slope):
        raise ValueError(f"negative_slope must be finite, got {negative_slope}")
    return (1 + negative_slope**2) / 2 * fan_in * variance


def initialise(module: nn.Module, initialisation: str) -> nn.Module:
    """Draw the weights of every ``nn.Conv2d`` of a module anew, and set their biases to zero.

    Args:
        module: changed in place.
        initialisation: a name in ``INITIALISATIONS``.

    Returns:
        The module.

    Raises:
        ValueError: if there is no such initialisation.

    >>> initialise(nn.Conv2d(64, 32, kernel_size=1), "He").bias.any().item()
    False
    """
    if initialisation not in INITIALISATIONS:
        raise ValueError(f"initialisation must be one of {list(INITIALISATIONS)}, got {initialisation!r}")
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d) and not layer.weight.is_meta:  # there, nothing can be drawn
            INITIALISATIONS[initialisation](layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return module


def pointwise_stack(
    channels: int, layers: int, *, bias: bool = True, act_layer: type[nn.Module] = nn.ReLU
) -> nn.Sequential:
    """Return 1x1 convolutions of one width, each with an activation after it.

    Args:
        channels: C, into and out of each convolution.
        layers: number of convolutions.
        bias: whether they have biases.
        act_layer: type of the activation.

    Shape:
        (N, channels, H, W) -> (N, channels, H, W)

    Raises:
        TypeError: if a count is not an int, or ``bias`` not a bool.
        ValueError: if a count is below 1.
    """
    _checks.integer("channels", channels)
    _checks.flag("bias", bias)
    stack = nn.Sequential()
    for _ in range(_checks.integer("layers", layers)):
        stack.extend([nn.Conv2d(channels, channels, kernel_size=1, bias=bias), act_layer()])
    return stack


def layer_moments(stack: nn.Sequential, x: Tensor) -> dict[str, Tensor]:
    """Measure the second moment, variance, dead channels and gradient at the output of each convolution of a stack.

    Maps are sent forward, and from the end of the stack a random gradient back.

    Args:
        stack: layers in a row, among them L convolutions.
        x: (N, C, H, W).

    Returns:
        Four tensors of shape (L,), one entry per convolution, for its output before the activation:

        * "second moment": the mean of its squares;
        * "variance": the same after each channel's mean over all pictures and pixels is subtracted, so what is
          left of the differences between them;
        * "dead": the share of channels that are above zero nowhere;
        * "gradient": the mean square of the gradient there, if that at the end of the stack is drawn from N(0, 1).

    Raises:
        TypeError: if ``x`` is not a tensor.
        ValueError: if ``stack`` holds no convolution, or ``x`` has not four axes or no values.
    """
    if not _checks.tensor("x", x, "(N, C, H, W)").numel():
        raise ValueError(f"x must hold at least one value, got shape {tuple(x.shape)}")
    outputs = []
    for layer in stack:
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            outputs.append(x)
            x = x.clone()  # the next layer may work in place
    if not outputs:
        raise ValueError("stack must hold at least one nn.Conv2d, got none")
    gradients = torch.autograd.grad(x, outputs, torch.randn_like(x))
    maps = [y.detach().transpose(0, 1).flatten(1) for y in outputs]  # (C, N*H*W) each
    return {
        "second moment": torch.stack([y.square().mean() for y in maps]),
        "variance": torch.stack([y.var(dim=1, correction=0).mean() for y in maps]),
        "dead": torch.stack([(y <= 0).all(dim=1).to(y.dtype).mean() for y in maps]),
        "gradient": torch.stack([gradient.square().mean() for gradient in gradients]),
    }
