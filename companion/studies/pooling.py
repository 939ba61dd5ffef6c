"""Four ways to make a 3x3 convolution four times cheaper: fewer channels, by 1x1 or by pooling, or fewer pixels."""

from functools import partial

from torch import Tensor, nn

from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS, Pictures
from companion.studies.bottleneck import direct, reduced

FACTOR = 4  # by which channels or pixels become fewer


class ChannelPool(nn.Module):
    """The mean or the maximum of each group of neighbouring channels: a reduction with nothing to learn.

    Shape:
        (N, C, H, W) -> (N, C / FACTOR, H, W)
    """

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        groups = x.unflatten(1, (-1, FACTOR))  # (N, C / FACTOR, FACTOR, H, W)
        return groups.mean(dim=2) if self.kind == "mean" else groups.amax(dim=2)


def pooled(pictures: Pictures, pool: nn.Module, channels: int = 32 // FACTOR) -> nn.Sequential:
    """Return the network of the study of bottlenecks with a pooling before its 3x3 convolution."""
    net = direct(pictures)
    size = pictures.maps // 2 // (1 if channels < 32 else 2)
    net[4] = nn.Sequential(pool, nn.Conv2d(channels, 64, kernel_size=3, padding=1), nn.ReLU())
    net[6] = nn.Linear(64 * size**2, 10)
    return net


def studies() -> list[Study]:
    """Return the study of the chapter on bottlenecks that sets 1x1 convolutions against poolings."""
    variants = {
        "direct": partial(direct, DIGITS),
        "1×1 to 8 channels": partial(reduced, DIGITS, 8),
        "mean of 4 channels": lambda: pooled(DIGITS, ChannelPool("mean")),
        "max of 4 channels": lambda: pooled(DIGITS, ChannelPool("max")),
        "max of 2×2 pixels": lambda: pooled(DIGITS, nn.MaxPool2d(2), channels=32),
    }
    others = ("mean of 4 channels", "max of 4 channels", "max of 2×2 pixels", "direct")
    questions = [Question("1×1 to 8 channels", name, margin=0.5) for name in others]
    return [DIGITS.study("pooling", 1_000, variants, questions, epochs=16, batch_size=64)]
