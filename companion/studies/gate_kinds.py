"""Gates of other reductions and with other functions at their end, and what is left of them with other gates."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from companion.data import Split
from companion.squeeze_excitation import SqueezeExcitation, replaced_gates
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS
from companion.studies.squeeze_excitation import network
from companion.training import evaluate


def opened(channels: int) -> SqueezeExcitation:
    """Return a block with a ReLU gate that is about one at the start."""
    block = SqueezeExcitation(channels, 4, gate_layer=nn.ReLU)
    nn.init.ones_(block.expand.bias)
    return block


def mean(gates: Tensor) -> Tensor:
    """Return the mean gates (1, C, 1, 1) of all pictures of a batch."""
    return gates.mean(dim=0, keepdim=True)


def swapped(gates: Tensor) -> Tensor:
    """Return the gates of another picture of the batch for each, always the same one."""
    return gates[torch.randperm(len(gates), generator=torch.Generator().manual_seed(0))]


def tampered(change: Callable[[Tensor], Tensor], model: nn.Module, split: Split) -> float:
    """Return the test accuracy in percent with changed gates; without a gate in the model it is its own."""
    if not any(isinstance(module, SqueezeExcitation) for module in model.modules()):
        return evaluate(model, split.test_x, split.test_y)
    with replaced_gates(model, change):
        return evaluate(model, split.test_x, split.test_y)


CHANGES = {"mean gates": mean, "another's gates": swapped, "gates at one": torch.ones_like}
TAMPERED = {name: partial(tampered, change) for name, change in CHANGES.items()}


def studies() -> list[Study]:
    """Return the study of the chapter on gates: 300 digits, the network of gate-digits-300 and half its epochs."""
    blocks = {f"r = {r}": partial(SqueezeExcitation, reduction=r) for r in (4, 32)}
    blocks["tanh"] = partial(SqueezeExcitation, reduction=4, gate_layer=nn.Tanh)
    blocks["ReLU"] = partial(SqueezeExcitation, reduction=4, gate_layer=nn.ReLU)
    blocks["ReLU, opened"] = opened
    variants = {name: partial(network, DIGITS, block) for name, block in blocks.items()}
    questions = [Question(name, "r = 4", margin=0.5) for name in blocks if name != "r = 4"]
    questions += [Question("ReLU, opened", "ReLU", margin=0.5)]
    return [DIGITS.study("gate-kinds", 300, variants, questions, epochs=12, batch_size=32, also=TAMPERED)]
