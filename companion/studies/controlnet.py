"""A locked network with a branch that reads a hint, connected by zero convolutions or by random ones."""

import dataclasses
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from companion import beyond
from companion.data import Split, digits
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS
from companion.training import evaluate, fit


def trained() -> nn.Sequential:
    """Return a small network trained on whole digits, from torch's current seed."""
    stem = nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    stage = nn.Conv2d(16, 32, 3, padding=1), nn.ReLU()
    model = nn.Sequential(*stem, *stage, nn.Flatten(), nn.Linear(32 * 16, 10))
    fit(model, digits(), epochs=6, lr=0.008, batch_size=128, seed=torch.initial_seed() % 2**32)
    return model


class Hinted(nn.Module):
    """A locked network whose second stage is controlled by a hint: (N, 2, 8, 8), picture and hint -> (N, 10).

    Args:
        model: as ``trained`` makes it.
        connect: the layer that ties the branch to the network, from the channels in and out.
        blind: whether the hint is left empty.
    """

    def __init__(self, model: nn.Sequential, connect: Callable[[int, int], nn.Module], blind: bool = False):
        super().__init__()
        model.requires_grad_(False)
        self.stem, self.rest, self.blind = model[:3], model[5:], blind
        self.block = beyond.Controlled(model[3:5], 16, 32, 4, connect=connect)

    def forward(self, both: Tensor) -> Tensor:
        hint = F.pixel_unshuffle(both[:, 1:] * (not self.blind), 2)  # (N, 4, 4, 4)
        return self.rest(self.block(self.stem(both[:, :1]), hint))


def he_conv(in_channels: int, out_channels: int) -> nn.Conv2d:
    """Return a 1x1 convolution that starts as He et al. have it (arXiv 1502.01852), with a bias of zero."""
    conv = nn.Conv2d(in_channels, out_channels, kernel_size=1)
    nn.init.kaiming_normal_(conv.weight)
    nn.init.zeros_(conv.bias)
    return conv


def hinted(connect: Callable[[int, int], nn.Module], blind: bool = False) -> Hinted:
    """Return a trained network with a fresh branch."""
    return Hinted(trained(), connect, blind)


def halved(pictures: Tensor) -> Tensor:
    """Return upper half and lower half of digits as two channels: (N, 1, 8, 8) -> (N, 2, 8, 8)."""
    upper, lower = pictures.clone(), pictures.clone()
    upper[:, :, 4:], lower[:, :, :4] = 0, 0
    return torch.cat([upper, lower], dim=1)


def new_job(seed: int) -> Split:
    """Return 100 digits to learn from, another draw for each seed, the upper half as picture, the lower as hint."""
    split = DIGITS.split(100, seed)
    parts = {name: halved(getattr(split, name)) for name in ("train_x", "val_x", "test_x")}
    return dataclasses.replace(split, **parts)


def old_accuracy(model: nn.Module, split: Split) -> float:
    """Return the accuracy in percent on whole digits without a hint: what the locked network was trained for."""
    whole = split.test_x.sum(dim=1, keepdim=True)
    return evaluate(model, torch.cat([whole, torch.zeros_like(whole)], dim=1), split.test_y)


def _study(epochs: int) -> Study:
    return Study(
        name=f"controlnet-digits-{epochs}",
        pictures="100 halved handwritten digits of 8 × 8",
        variants={
            "zero": partial(hinted, beyond.ZeroConv),
            "random": partial(hinted, he_conv),
            "zero, no hint": partial(hinted, beyond.ZeroConv, blind=True),
        },
        split=new_job,
        input_size=(1, 2, 8, 8),
        questions=(Question("zero", "random", margin=1.0), Question("zero", "zero, no hint", margin=1.0)),
        epochs=epochs,
        batch_size=25,
        also={"old": old_accuracy},
    )


def studies() -> list[Study]:
    """Return the studies of the chapter: a short and a long budget."""
    return [_study(5), _study(20)]
