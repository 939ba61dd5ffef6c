"""What the five networks share: named stages in a row, and a convolution with its normalisation."""

from collections import OrderedDict
from collections.abc import Mapping

from torch import Tensor, fx, nn

from companion import _checks


class Network(nn.Sequential):
    """Stages in a row, each under the name that its paper gives it.

    It is an ``nn.Sequential``: ``network.conv4_x`` is a stage. A slice such as ``network[:-2]`` is a plain
    ``nn.Sequential``, which takes whatever its first stage takes.

    Args:
        stages: the stages by name, in order.
        least_size: what H and W must be at least, so that every stage has something to read.

    Shape:
        (N, C, H, W) -> what the last stage returns

    Raises:
        ValueError: when called, if the input is not (N, C, H, W) or smaller than ``least_size``.
    """

    def __init__(self, stages: Mapping[str, nn.Module], *, least_size: int = 1):
        super().__init__(OrderedDict(stages))
        self.least_size = least_size

    def __getitem__(self, index: int | slice) -> nn.Module:
        if isinstance(index, slice):
            return nn.Sequential(OrderedDict(list(self.named_children())[index]))
        return super().__getitem__(index)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(picture(x, self.least_size))


@fx.wrap  # checked when a traced network runs, since there are no sizes before
def picture(x: Tensor, least_size: int) -> Tensor:
    """Return ``x`` if it is (N, C, H, W) with H and W of at least ``least_size``."""
    height, width = _checks.tensor("x", x, "(N, C, H, W)").shape[2:]
    if height < least_size or width < least_size:
        raise ValueError(f"x must have H and W of at least {least_size}, got {height} x {width}")
    return x


def conv_norm_act(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> nn.Sequential:
    """Return a convolution without bias that maps H to ceil(H / stride), a batch normalisation and a ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )
