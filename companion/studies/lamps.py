"""A task made for a gate, two digits and a lamp, and what convolutions without a gate make of it."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from companion import data
from companion.squeeze_excitation import SqueezeExcitation
from companion.studies._study import Question, Study
from companion.studies.gate_kinds import TAMPERED


class MeansAdded(nn.Module):
    """The squeeze and the two 1x1 convolutions of a gate; the result is added to the channels, not multiplied."""

    def __init__(self, channels: int):
        super().__init__()
        self.offsets = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels, 1), nn.ReLU(), nn.Conv2d(channels, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.offsets(x)


def network(front: Callable[[int], nn.Module] = nn.Identity, channels: int = 32, depth: int = 1) -> nn.Sequential:
    """Return 3x3 convolutions with normalisation and ReLU behind a front, pooling, and one linear layer."""
    layers = [front(3)]
    for in_channels in (3, *[channels] * (depth - 1)):
        conv = nn.Conv2d(in_channels, channels, kernel_size=3, padding=1, bias=False)
        layers += [conv, nn.BatchNorm2d(channels), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16 * channels, 10))


def studies() -> list[Study]:
    """Return the study of the chapter on gates: 1,000 pictures with a lamp."""
    gate = partial(SqueezeExcitation, reduction=1)
    variants = {
        "no gate": network,
        "no squeeze": partial(network, partial(gate, squeeze=False)),
        "means, added": partial(network, MeansAdded),
        "two 3×3": partial(network, depth=2),
        "five of 16 channels": partial(network, channels=16, depth=5),
        "gate": partial(network, gate),
    }
    study = Study(
        name="lamp-digits-1000",
        pictures="1,000 pictures of 8 × 8 with two handwritten digits and a lamp",
        variants=variants,
        split=lambda seed: data.lamp_digits(train_size=1_000, validation=297, draw=seed),
        input_size=(1, 3, 8, 8),
        questions=(
            *(Question("gate", name, margin=1.0) for name in variants if name != "gate"),
            Question("no squeeze", "no gate", margin=1.0),
        ),
        epochs=12,
        batch_size=64,
        also=TAMPERED,
    )
    return [study]
