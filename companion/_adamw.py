"""torch's AdamW, without the compiler that ``torch.optim.AdamW`` loads first."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.optim.adamw import adamw


class AdamW:
    """AdamW (arXiv 1711.05101) for parameters on the CPU, to the bit as ``torch.optim.AdamW(fused=True)``.

    That class imports torch's compiler, which isn't used here and takes about two seconds in every process that
    trains: longer than many a training in this book. This one hands its state to torch's own function.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], *, weight_decay: float):
        self.parameters = list(parameters)
        self.weight_decay = weight_decay
        self._means = [torch.zeros_like(p) for p in self.parameters]
        self._squares = [torch.zeros_like(p) for p in self.parameters]
        self._steps = [torch.zeros(()) for _ in self.parameters]

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Move every parameter that has a gradient."""
        state = zip(self.parameters, self._means, self._squares, self._steps, strict=True)
        moved = [(p, p.grad, mean, square, step) for p, mean, square, step in state if p.grad is not None]
        if moved:
            params, grads, exp_avgs, exp_avg_sqs, state_steps = map(list, zip(*moved, strict=True))
            settings = {"lr": lr, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": self.weight_decay}
            adamw(
                params, grads, exp_avgs, exp_avg_sqs, [], state_steps,
                fused=True, amsgrad=False, maximize=False, **settings,
            )  # fmt: skip
