"""A convolutional network with gates, without, and with the same weights spent otherwise."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from companion.squeeze_excitation import SqueezeExcitation
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS, FASHION, Pictures, head


class Added(nn.Module):
    """The two 1x1 convolutions of a gate, at every pixel, added to the input: no mean, no product."""

    def __init__(self, channels: int, reduction: int):
        super().__init__()
        hidden = channels // reduction
        self.pair = nn.Sequential(
            nn.Conv2d(channels, hidden, kernel_size=1), nn.ReLU(), nn.Conv2d(hidden, channels, kernel_size=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.pair(x)


def network(
    pictures: Pictures, block: Callable[[int], nn.Module] | None, channels: int = 32, depth: int = 3
) -> nn.Sequential:
    """Return 3x3 convolutions with normalisation and ReLU, a block behind each, pooling after the first two."""
    layers = pictures.stem(channels)
    for place in range(depth):
        if place:
            conv = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
            layers += [conv, nn.BatchNorm2d(channels), nn.ReLU()]
        layers += [] if block is None else [block(channels)]
        layers += [nn.MaxPool2d(2)] if place < 2 else []
    return nn.Sequential(*layers, *head(channels))


def _study(pictures: Pictures, train_size: int, **budget: int) -> Study:
    def gate(**options):
        return lambda channels: SqueezeExcitation(channels, 4, **options)

    blocks = {
        "plain": None,
        "gate": gate(),
        "gate, no bias": gate(bias=False),
        "no squeeze": gate(squeeze=False),
        "1×1 pair, added": lambda channels: Added(channels, 4),
    }
    variants = {name: partial(network, pictures, block) for name, block in blocks.items()}
    variants["plain, wider"] = partial(network, pictures, None, channels=33)
    variants["plain, deeper"] = partial(network, pictures, None, depth=4, channels=27)
    questions = [Question("gate", name, margin=0.5) for name in variants if name != "gate"]
    questions += [Question("gate, no bias", "plain", margin=0.5)]
    return pictures.study("gate", train_size, variants, questions, **budget)


def studies() -> list[Study]:
    """Return the studies of the chapter, one for each source of pictures."""
    return [_study(DIGITS, 300, epochs=24, batch_size=32), _study(FASHION, 2_500, epochs=8, batch_size=64)]
