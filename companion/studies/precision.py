"""The same small network of 1x1 layers in float32 and in TF32."""

from functools import partial

from torch import Tensor, nn

from companion import kernels
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS


class Pointwise(nn.Conv2d):
    """A 1x1 convolution with ReLU by `companion.kernels.pointwise_conv`, which reads NCHW.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        precision: "ieee" or "tf32".
    """

    def __init__(self, in_channels: int, out_channels: int, precision: str):
        super().__init__(in_channels, out_channels, kernel_size=1)
        self.precision = precision

    def forward(self, x: Tensor) -> Tensor:
        options = {"activation": "relu", "precision": self.precision}
        return kernels.pointwise_conv(x.contiguous(), self.weight, self.bias, **options)


def network(precision: str) -> nn.Sequential:
    """Return a stem, two 1x1 layers and a classifier for digits: (N, 1, 8, 8) -> (N, 10)."""
    stem = nn.Conv2d(1, 32, 3, stride=2, padding=1), nn.ReLU()
    mixers = Pointwise(32, 64, precision), Pointwise(64, 64, precision)
    return nn.Sequential(*stem, *mixers, nn.Flatten(), nn.Linear(64 * 16, 10))


def studies() -> list[Study]:
    """Return the study of the chapter."""
    variants = {"float32": partial(network, "ieee"), "TF32": partial(network, "tf32")}
    questions = [Question("TF32", "float32", margin=0.5)]
    return [DIGITS.study("precision", 1_000, variants, questions, epochs=12, batch_size=64)]
