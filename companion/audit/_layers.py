"""A network as a list of layers whose costs come from formulas, for those that the book does not build."""

from collections.abc import Callable
from dataclasses import dataclass, field

from companion.cost import Cost, conv2d, linear


@dataclass
class Layers:
    """Layers in a row, each of which reads what the one before it returns.

    Attributes:
        channels: channels of the maps that the next layer reads.
        size: their height and width.
        costs: what each layer costs, by name.
        elements: how many numbers each layer returns, by name.
    """

    channels: int
    size: int
    costs: dict[str, Cost] = field(default_factory=dict)
    elements: dict[str, int] = field(default_factory=dict)

    def conv(
        self,
        name: str,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        *,
        groups: int = 1,
        padding: int | None = None,
        bias: bool = False,
        norm: bool = True,
    ) -> None:
        """Add a convolution, padded by half its kernel; unless it has biases, a batch normalisation follows."""
        padding = kernel_size // 2 if padding is None else padding
        layer = {"size": self.size, "stride": stride, "padding": padding, "groups": groups, "bias": bias}
        affine = Cost(affine=2 * out_channels if norm and not bias else 0)  # scale and shift
        self._add(name, conv2d(self.channels, out_channels, kernel_size, **layer) + affine, out_channels)
        self.size = (self.size + 2 * padding - kernel_size) // stride + 1
        self.elements[name] = self.channels * self.size**2

    def linear(self, name: str, out_features: int) -> None:
        """Add a fully connected layer with biases that reads all numbers of the maps."""
        self._add(name, linear(self.channels * self.size**2, out_features), out_features)
        self.size = 1
        self.elements[name] = out_features

    def branch(self) -> "Layers":
        """Return a second path from here; its layers are counted with these."""
        return Layers(self.channels, self.size, self.costs, self.elements)

    def total(self, which: Callable[[str], bool] = lambda name: True) -> Cost:
        """Return the sum of the layers whose names a function picks; by default of all."""
        return sum((cost for name, cost in self.costs.items() if which(name)), Cost())

    def _add(self, name: str, cost: Cost, channels: int) -> None:
        if name in self.costs:
            raise ValueError(f"name must be new, got {name!r} again")
        self.costs[name] = cost
        self.channels = channels
