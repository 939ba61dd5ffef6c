"""List the 1x1 convolutions of famous networks that the kernels are measured on."""

from dataclasses import dataclass

from companion._checks import integer


def harmonic_mean(in_channels: int, out_channels: int) -> float:
    """Return h = 2 * C_in * C_out / (C_in + C_out), which the speed of a 1x1 convolution depends on.

    For each pixel a layer reads C_in numbers, writes C_out, and does C_in * C_out multiply-adds. So with b bytes a
    number and many pixels its arithmetic intensity is h / b FLOP per byte: h / 4 in float32.

    Raises:
        TypeError: if an argument is not an int.
        ValueError: if one is below 1.

    >>> harmonic_mean(64, 64), harmonic_mean(16, 96)
    (64.0, 27.428571428571427)
    """
    in_channels, out_channels = integer("in_channels", in_channels), integer("out_channels", out_channels)
    return 2 * in_channels * out_channels / (in_channels + out_channels)


@dataclass(frozen=True)
class NetworkLayer:
    """A 1x1 convolution where it stands in its network, for pictures of 224 x 224.

    Attributes:
        network: the network.
        name: its place there, and what it does.
        in_channels: C_in.
        out_channels: C_out.
        size: H = W of its input and output.
    """

    network: str
    name: str
    in_channels: int
    out_channels: int
    size: int

    @property
    def h(self) -> float:
        """The harmonic mean of the numbers of channels."""
        return harmonic_mean(self.in_channels, self.out_channels)

    @property
    def label(self) -> str:
        """For example "64→256 @ 56²"."""
        return f"{self.in_channels}→{self.out_channels} @ {self.size}²"

    def flops(self, batch: int) -> int:
        """Return the FLOPs, 2 x MACs, of a batch."""
        return 2 * batch * self.size**2 * self.in_channels * self.out_channels

    def bytes(self, batch: int, bytes_per_element: int = 4) -> int:
        """Return the bytes that must move: input and weights are read once, the output is written once."""
        columns, (c_in, c_out) = batch * self.size**2, (self.in_channels, self.out_channels)
        return bytes_per_element * (columns * (c_in + c_out) + c_in * c_out)

    def intensity(self, batch: int, bytes_per_element: int = 4) -> float:
        """Return the arithmetic intensity in FLOP per byte, with the weights: below h / bytes_per_element.

        >>> round(NetworkLayer("ResNet-50", "", 64, 256, 56).intensity(256), 1)
        25.6
        """
        return self.flops(batch) / self.bytes(batch, bytes_per_element)


def _rows(network: str, *rows: tuple[str, int, int, int]) -> tuple[NetworkLayer, ...]:
    return tuple(NetworkLayer(network, *row) for row in rows)


LAYERS = (
    *_rows(
        "GoogLeNet",
        ("conv2, reduce", 64, 64, 56),
        ("3a, 1x1", 192, 64, 28),
        ("3a, reduce for 3x3", 192, 96, 28),
        ("3a, reduce for 5x5", 192, 16, 28),
        ("3a, after pooling", 192, 32, 28),
        ("3b, 1x1", 256, 128, 28),
        ("3b, reduce for 5x5", 256, 32, 28),
    ),
    *_rows(
        "ResNet-50",
        ("conv2_x, reduce", 256, 64, 56),
        ("conv2_x, expand", 64, 256, 56),
        ("conv3_x, expand", 128, 512, 28),
        ("conv4_x, expand", 256, 1024, 14),
        ("conv5_x, reduce", 2048, 512, 7),
        ("conv5_x, expand", 512, 2048, 7),
    ),
    *_rows(
        "MobileNetV1",
        ("conv2_1", 32, 64, 112),
        ("conv3_1", 64, 128, 56),
        ("conv4_1", 128, 256, 28),
        ("conv5_2 to conv5_6", 512, 512, 14),
        ("conv6_2", 1024, 1024, 7),
    ),
    *_rows(
        "MobileNetV2",
        ("first expand", 16, 96, 112),
        ("first project", 96, 24, 56),
        ("expand", 32, 192, 28),
        ("project", 576, 96, 14),
        ("head", 320, 1280, 7),
    ),
    *_rows("SE-ResNet-50", ("conv5_x, squeeze", 2048, 128, 1), ("conv5_x, excite", 128, 2048, 1)),
)
"""Thin and wide, large and small. Those of MobileNetV2 stand in table 2 of its paper, arXiv 1801.04381."""
