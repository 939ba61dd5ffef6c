"""Squeeze and excitation: each channel is multiplied by a gate, computed from the means of all channels.

Hu et al., "Squeeze-and-Excitation Networks", arXiv 1709.01507. The block is that of section 3, with the fully
connected layers written as 1x1 convolutions; ``squeeze=False`` is the variant "NoSqueeze" of section 7.1. The
functions read the gates of a network, as section 7.2 does, and replace them.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from companion import _checks
from companion._state import mode


class SqueezeExcitation(nn.Module):
    """Multiply each channel by a gate: mean over space, 1x1 to C / r, activation, 1x1 back, sigmoid.

    It has 2 C^2 / r weights and, with biases, C / r + C of those.

    Args:
        channels: C, of input and output.
        reduction: r, which must divide ``channels``, so that the formula above is exact.
        act_layer: type of the activation between the two convolutions.
        gate_layer: type of the function that turns the result into gates; the sigmoid gives 0 to 1.
        squeeze: whether the channels are averaged over space first. Without, each position computes gates from
            its own values alone: the weights are the same, and the MACs grow by H * W.
        bias: whether the convolutions have biases. The paper's ablations leave them out.

    Shape:
        (N, C, H, W) -> (N, C, H, W)

    Raises:
        TypeError: if ``channels`` or ``reduction`` is not an int, or ``squeeze`` or ``bias`` not a bool.
        ValueError: if a number is below one, or ``reduction`` does not divide ``channels``; in use, if the input
            is not (N, C, H, W).

    >>> block = SqueezeExcitation(64, reduction=16)
    >>> sum(p.numel() for p in block.parameters()) == 2 * 64**2 // 16 + 64 // 16 + 64
    True
    >>> block.gates(torch.randn(2, 64, 7, 7)).shape
    torch.Size([2, 64, 1, 1])
    """

    def __init__(
        self,
        channels: int,
        reduction: int = 16,
        *,
        act_layer: type[nn.Module] = nn.ReLU,
        gate_layer: type[nn.Module] = nn.Sigmoid,
        squeeze: bool = True,
        bias: bool = True,
    ):
        super().__init__()
        _checks.integer("channels", channels)
        _checks.integer("reduction", reduction)
        if channels % reduction:
            raise ValueError(f"reduction must divide channels, got reduction={reduction} and channels={channels}")
        _checks.flag("squeeze", squeeze)
        _checks.flag("bias", bias)
        self.squeeze = nn.AdaptiveAvgPool2d(1) if squeeze else nn.Identity()
        self.reduce = nn.Conv2d(channels, channels // reduction, kernel_size=1, bias=bias)
        self.activation = act_layer()
        self.expand = nn.Conv2d(channels // reduction, channels, kernel_size=1, bias=bias)
        self.gate = gate_layer()

    def gates(self, x: Tensor) -> Tensor:
        """Return what the channels of x (N, C, H, W) are multiplied by.

        Returns:
            (N, C, 1, 1), or (N, C, H, W) without the squeeze.
        """
        _checks.tensor("x", x, "(N, C, H, W)")  # nn.Conv2d would also take (C, H, W)
        return self.gate(self.expand(self.activation(self.reduce(self.squeeze(x)))))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gates(x)  # with the squeeze, one gate for all positions of a channel


@torch.no_grad()
def gates_of(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Return the gates of every block of a model, in evaluation mode; its modules are then as they were.

    Args:
        model: any module that takes ``x`` and holds ``SqueezeExcitation`` blocks, each called once.
        x: pictures (N, C, H, W).

    Returns:
        For each block, by its name in ``model``, in the order of the calls, its gates (N, C, 1, 1).

    Raises:
        ValueError: if ``model`` holds no block.
    """
    gates: dict[str, Tensor] = {}
    with ExitStack() as stack:
        stack.enter_context(mode(model, training=False))
        for name, block in _blocks(model).items():
            # The block's own gate layer tells, whatever the block is made of: nothing is computed twice.
            handle = block.gate.register_forward_hook(
                lambda module, args, result, name=name: gates.update({name: result})
            )
            stack.callback(handle.remove)
        model(x)
    return gates


@contextmanager
def replaced_gates(model: nn.Module, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Replace the gates that the blocks of a model compute, within a ``with`` statement.

    Args:
        model: holds ``SqueezeExcitation`` blocks.
        change: takes the gates (N, C, 1, 1) of a batch, returns those to use, of a shape that goes with them.

    Raises:
        ValueError: if ``model`` holds no block.

    >>> block, x = SqueezeExcitation(4, reduction=2), torch.randn(3, 4, 5, 5)
    >>> with replaced_gates(block, torch.ones_like):
    ...     torch.equal(block(x), x)
    True
    """
    with ExitStack() as stack:
        for block in _blocks(model).values():
            handle = block.gate.register_forward_hook(lambda module, args, result: change(result))
            stack.callback(handle.remove)
        yield


def _blocks(model: nn.Module) -> dict[str, SqueezeExcitation]:
    blocks = {name: module for name, module in model.named_modules() if isinstance(module, SqueezeExcitation)}
    if not blocks:
        raise ValueError("model must hold a SqueezeExcitation block, got none")
    return blocks


def explained_by_class(values: Tensor, labels: Tensor) -> Tensor:
    """Return the share of the variance of ``values`` over the pictures that lies between the classes.

    It is 1 if all pictures of a class have the same values, and 0 if the classes have the same means. Labels
    independent of the values get about (K - 1) / (N - 1), for K classes.

    Args:
        values: (N, C), or (N, C, 1, 1) as gates are; sums over the channels are compared.
        labels: classes (N,).

    Returns:
        A number from 0 to 1, in a tensor without axes.

    Raises:
        TypeError: if ``values`` or ``labels`` is not a tensor.
        ValueError: if one is of another shape, or the values don't vary.
        IndexError: from torch, if there are more or fewer labels than pictures.

    >>> gates = torch.tensor([[0.1, 0.5], [0.1, 0.5], [0.9, 0.5], [0.9, 0.5]])
    >>> [round(explained_by_class(gates, torch.tensor(y)).item(), 3) for y in ([0, 0, 1, 1], [0, 1, 0, 1])]
    [1.0, 0.0]
    """
    _checks.tensor("labels", labels, "(N,)")
    as_gates = isinstance(values, Tensor) and values.dim() == 4
    values = _checks.tensor("values", values, "(N, C, 1, 1)" if as_gates else "(N, C)").flatten(1).double()
    values = values - values[:1]  # the mean of equal numbers need not be exact; that of zeros is
    values = values - values.mean(dim=0)
    total = values.square().sum()
    if not total > 0:
        raise ValueError("values must vary from picture to picture, got no variance")
    classes = [values[labels == label] for label in labels.unique()]
    between = sum(len(members) * members.mean(dim=0).square().sum() for members in classes)
    return between / total
