"""The figures of one layer, of a sum of layers, and of a whole module as a table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields

from companion.tables import NotedTable, Table, Tabular

_COLUMNS = (
    *("layer", "kind", "output", "weights", "biases", "affine"),
    *("MACs", "bytes read", "bytes written", "FLOPs/byte"),
)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of a layer, or of several: costs can be added, also with ``sum``.

    Attributes:
        weights: the factors of the multiplications: entries of kernels and matrices.
        biases: what a layer with such weights adds to its output.
        affine: all other parameters, such as scale and shift of a normalisation.
        macs: multiply-accumulates.
        bytes_read: bytes of inputs and parameters.
        bytes_written: bytes of outputs.
        uncounted: names of what may multiply, too, and has no formula, so that ``macs`` leaves it out; see `count`.

    >>> from companion.cost import conv2d
    >>> reduce, conv = conv2d(256, 64, 1, bias=False), conv2d(64, 256, 3, bias=False)
    >>> (reduce + conv).weights
    163840
    """

    weights: int = 0
    biases: int = 0
    affine: int = 0
    macs: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    uncounted: tuple[str, ...] = field(default=(), repr=False)

    @property
    def parameters(self) -> int:
        """All that is learned: weights, biases and affine parameters. Buffers are not."""
        return self.weights + self.biases + self.affine

    @property
    def bytes(self) -> int:
        """Bytes read and written."""
        return self.bytes_read + self.bytes_written

    @property
    def intensity(self) -> float:
        """Arithmetic intensity: FLOPs (2 x MACs) for each byte read or written; 0 where no byte moves."""
        return 2 * self.macs / self.bytes if self.bytes else 0.0

    def __add__(self, other: "Cost") -> "Cost":
        if not isinstance(other, Cost):
            return NotImplemented
        return Cost(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Cost)})

    def __radd__(self, other: int) -> "Cost":
        return self + Cost() if other == 0 else NotImplemented  # sum() starts at 0

    def __str__(self) -> str:
        without = f" without {', '.join(dict.fromkeys(self.uncounted))}" if self.uncounted else ""
        return (
            f"{self.parameters:,} parameters ({self.weights:,} weights), {self.macs:,} MACs{without}, "
            f"{self.bytes:,} bytes, {self.intensity:,.1f} FLOPs per byte"
        )


@dataclass(frozen=True, kw_only=True)
class LayerCost(Cost):
    """One row of a `CostTable`: the cost of one layer, with its name.

    Attributes:
        name: where the layer hangs in the module, such as "layer1.0.conv1"; "" for the module itself.
        kind: name of its class.
        output_shape: shape of its (first) output at its last call; ``None`` if it was not called.
        calls: how often it was called.
        kernel_size: of the convolution that it ran; ``None`` if it ran none, or several kinds.
        groups: likewise.
        channels_read: input channels that each output channel of it reads; ``None`` if it ran none, or several
            kinds. 1 with several groups is depthwise.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...] | None = None
    calls: int = 1
    kernel_size: tuple[int, ...] | None = None
    groups: int | None = None
    channels_read: int | None = field(default=None, repr=False)

    @property
    def is_pointwise(self) -> bool:
        """Whether the layer is a convolution whose kernel covers one position: 1x1 in two dimensions."""
        return self.kernel_size is not None and set(self.kernel_size) == {1}


@dataclass(frozen=True, repr=False)
class CostTable(Tabular):
    """The costs of a module, one row per layer, as `count` returns them.

    Iterate over it, index it by position or by a layer's name, or let it print itself.

    Attributes:
        rows: one `LayerCost` each, in the order in which the module holds them.
        caption: what was counted.
    """

    rows: tuple[LayerCost, ...]
    caption: str = ""

    @property
    def total(self) -> Cost:
        """The sum of all rows; if it names something ``uncounted``, its MACs are a lower bound."""
        return sum(self.rows, Cost())

    def share(self, which: str | Callable[[LayerCost], bool], quantity: str = "macs") -> float:
        """Return the part, 0 to 1, of the total that some of the layers have.

        Args:
            which: a kind of layer such as "Conv2d", or a function that says of a `LayerCost` whether it is meant.
            quantity: what is shared out: "macs", "weights", "parameters", "bytes" or another attribute of `Cost`.

        Raises:
            TypeError: if ``which`` is neither a string nor a function.
            ValueError: if ``quantity`` is not something that adds up, or its total is 0.

        >>> from torch import nn
        >>> from companion.cost import count
        >>> net = nn.Sequential(nn.Conv2d(32, 32, 3, padding=1, groups=32), nn.Conv2d(32, 64, 1))
        >>> round(count(net, (1, 32, 14, 14)).share(lambda layer: layer.is_pointwise), 3)
        0.877
        """
        if not (isinstance(which, str) or callable(which)):
            raise TypeError(f"which must be a kind of layer or a function, got {type(which).__name__}")
        additive = [*(f.name for f in fields(Cost) if f.name != "uncounted"), "parameters", "bytes"]
        if quantity not in additive:
            raise ValueError(f"quantity must be one of {', '.join(additive)}, got {quantity!r}")
        total = getattr(self.total, quantity)
        if not total:
            raise ValueError(
                f"quantity must name something that the module has, got {quantity!r}, of which it has 0"
            )
        chosen = [row for row in self.rows if (row.kind == which if isinstance(which, str) else which(row))]
        return sum(getattr(row, quantity) for row in chosen) / total

    def __iter__(self) -> Iterator[LayerCost]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: int | str) -> LayerCost:
        if not isinstance(key, str):
            return self.rows[key]
        for row in self.rows:
            if row.name == key:
                return row
        raise KeyError(f"no layer is named {key!r}")

    def _table(self) -> NotedTable:
        table = Table(_COLUMNS, self._cells(), self.caption, total=_cells("total", "", "", self.total))
        layers: dict[str, list[str]] = {}
        for row in self.rows:
            for name in row.uncounted:
                layers.setdefault(name, []).append(row.name or "(itself)")
        return NotedTable(table, tuple(f"Not counted: {name} in {', '.join(layers[name])}" for name in layers))

    def _cells(self) -> list[list]:
        lines = []
        for row in self.rows:
            name = row.name or "(itself)"
            times = f" ×{row.calls}" if row.calls > 1 else ""
            lines.append(_cells(name + times, row.kind, str(row.output_shape) if row.calls else "not called", row))
        return lines


def _cells(name: str, kind: str, output: str, cost: Cost) -> list:
    figures = [cost.weights, cost.biases, cost.affine, cost.macs, cost.bytes_read, cost.bytes_written]
    return [name, kind, output, *figures, cost.intensity]
