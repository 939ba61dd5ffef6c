"""What the networks of the studies have in common: a stem for the pictures, a head for ten classes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from torch import nn

from companion import data
from companion.data import Split
from companion.studies._study import Study


@dataclass(frozen=True)
class Pictures:
    """A source of pictures for studies.

    Attributes:
        name: "digits" or "fashion".
        words: what they are, for a sentence.
        size: H = W.
        split: the parts for a number of training pictures and a draw of these.
        stride: of the stem, so that the maps behind it are 8 × 8 or 14 × 14.
    """

    name: str
    words: str
    size: int
    split: Callable[[int, int], Split]
    stride: int

    @property
    def maps(self) -> int:
        """Height and width of the maps behind the stem."""
        return self.size // self.stride

    def draws(self, train_size: int) -> Callable[[int], Split]:
        """Return the split for each seed: of up to 1,000 training pictures another draw, of more the same ones."""
        return lambda seed: self.split(train_size, seed if train_size <= 1_000 else 0)

    def stem(self, channels: int) -> list[nn.Module]:
        """Return a 3x3 convolution with normalisation and ReLU: (N, 1, H, W) -> (N, channels, maps, maps)."""
        conv = nn.Conv2d(1, channels, kernel_size=3, stride=self.stride, padding=1, bias=False)
        return [conv, nn.BatchNorm2d(channels), nn.ReLU()]

    def study(self, topic: str, train_size: int, variants: Mapping, questions: Iterable, **options) -> Study:
        """Return a study of variants on so many of these pictures; options are other arguments of `Study`."""
        about = {"name": f"{topic}-{self.name}-{train_size}", "pictures": f"{train_size:,} {self.words}"}
        about |= {"split": self.draws(train_size), "input_size": (1, 1, self.size, self.size)}
        return Study(variants=variants, questions=tuple(questions), **about | options)


def head(channels: int) -> list[nn.Module]:
    """Return global average pooling and a linear layer: (N, channels, H, W) -> (N, 10)."""
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]


@lru_cache(maxsize=2)
def _digits(train_size: int, draw: int) -> Split:
    return data.digits(train_size=train_size, validation=297, draw=draw)


@lru_cache(maxsize=2)
def _fashion(train_size: int, draw: int) -> Split:
    return data.fashion_mnist(train_size=train_size, validation=5_000, draw=draw)


DIGITS = Pictures("digits", "handwritten digits of 8 × 8", 8, _digits, stride=1)
FASHION = Pictures("fashion", "Fashion-MNIST pictures of 28 × 28", 28, _fashion, stride=2)
