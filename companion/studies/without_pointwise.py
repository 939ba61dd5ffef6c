"""Two small networks with their 1x1 convolutions and without, the latter as wide as equal MACs, or time, allow."""

from functools import partial

from torch import nn

from companion.bottleneck import Bottleneck
from companion.inception import Inception, NaiveInception
from companion.residual import BasicBlock
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS, FASHION, Pictures, head


def resnet(pictures: Pictures, width: int, bottleneck: bool) -> nn.Sequential:
    """Return four residual blocks: bottlenecks with 1x1 convolutions of ``width``, or basic blocks of ``width``."""
    layers = [*pictures.stem(width), nn.MaxPool2d(2)]
    for _ in range(4):
        layers.append(Bottleneck(width, width // 4, width) if bottleneck else BasicBlock(width, width))
    return nn.Sequential(*layers, *head(width))


def inception(pictures: Pictures, *widths: int, reduced: bool) -> nn.Sequential:
    """Return two modules in a row: of Inception with its reductions, or naive ones."""
    layers, channels = [*pictures.stem(32), nn.MaxPool2d(2)], 32
    for _ in range(2):
        kind = Inception if reduced else NaiveInception
        layers.append(kind(channels, *widths, norm_layer=nn.BatchNorm2d))
        channels = layers[-1].out_channels
    return nn.Sequential(*layers, *head(channels))


def _study(pictures: Pictures, train_size: int, **budget: int) -> Study:
    variants = {
        "ResNet, bottlenecks": partial(resnet, pictures, 64, bottleneck=True),
        "ResNet, no 1×1": partial(resnet, pictures, 16, bottleneck=False),
        # on one processor as fast as the bottlenecks, or faster
        "ResNet, no 1×1, wider": partial(resnet, pictures, 32, bottleneck=False),
        "Inception": partial(inception, pictures, 16, 24, 32, 4, 8, 8, reduced=True),
        "Inception, no reductions": partial(inception, pictures, 8, 14, 4, reduced=False),
    }
    questions = (
        Question("ResNet, bottlenecks", "ResNet, no 1×1", margin=0.5),
        Question("ResNet, bottlenecks", "ResNet, no 1×1, wider", margin=0.5),
        Question("Inception", "Inception, no reductions", margin=0.5),
    )
    return pictures.study("without-pointwise", train_size, variants, questions, **budget)


def studies() -> list[Study]:
    """Return the studies of the notes' summary, one for each source of pictures."""
    return [_study(DIGITS, 1_000, epochs=16, batch_size=64), _study(FASHION, 2_500, epochs=8, batch_size=64)]
