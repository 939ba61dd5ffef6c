"""Shares by kind of layer: its part of a network's weights, MACs, bytes and time."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter

import torch
from torch import nn

from companion import _checks, cost
from companion._state import mode
from companion.tables import Table, Tabular

KINDS = ("1×1", "depthwise", "other convolutions", "fully connected", "rest")


@dataclass(frozen=True, repr=False)
class Shares(Tabular):
    """What each kind of layer holds of a network.

    Attributes:
        costs: the sum of the layers of each of `KINDS`.
        seconds: the time of each kind; empty if it was not measured.
        caption: what was counted.
    """

    costs: Mapping[str, cost.Cost]
    seconds: Mapping[str, float]
    caption: str = ""

    def parts(self, measure: str) -> dict[str, float]:
        """Return the parts, 0 to 1, of "weights", "macs", "bytes", "seconds" or another measure of a cost.

        Raises:
            ValueError: if nothing of it was counted, or the time was not measured.
        """
        values = self.seconds if measure == "seconds" else {k: getattr(c, measure) for k, c in self.costs.items()}
        total = sum(values.values())
        if not total:
            raise ValueError(f"measure must be one that was counted, got {measure!r}")
        return {kind: value / total for kind, value in values.items()}

    def _table(self) -> Table:
        measures = {"weights": "weights", "MACs": "macs", "bytes moved": "bytes"}
        measures |= {"time": "seconds"} if self.seconds else {}
        columns = [{kind: f"{part:.2%}" for kind, part in self.parts(m).items()} for m in measures.values()]
        rows = [[kind, *(column[kind] for column in columns)] for kind in KINDS]
        return Table(["layers", *measures], rows, self.caption)


def by_kind(layers: Iterable[cost.LayerCost]) -> dict[str, cost.Cost]:
    """Add up counted layers by kind, in the order of `KINDS`.

    A convolution is "1×1" if its kernel covers one position, wherever it stands: those of a squeeze and excitation
    block, which see maps of 1 x 1, are among them. It is "depthwise" if each output channel reads one input
    channel.

    Args:
        layers: a `companion.cost.CostTable`, or some of its rows.

    >>> from companion.separable import DepthwiseSeparable
    >>> parts = by_kind(cost.count(DepthwiseSeparable(32, 64), (1, 32, 14, 14)))
    >>> [(kind, part.weights) for kind, part in parts.items() if part.weights]
    [('1×1', 2048), ('depthwise', 288)]
    """
    costs = dict.fromkeys(KINDS, cost.Cost())
    for layer in layers:
        costs[_kind(layer)] += layer
    return costs


def shares(network: nn.Module, input_size: tuple[int, ...], *, runs: int = 0) -> Shares:
    """Count a network by kinds of layers and, if asked, measure its time by kind, too.

    Time is measured on the CPU, in evaluation mode, without gradients and on one thread, as the median of ``runs``
    after one more to warm up. Hooks around each layer stop the clock. What happens between the layers (residual
    sums, concatenation, the products of gates, and the hooks themselves) is "rest", as are normalisations,
    activations and poolings. The bytes of functions that are not layers are in no row: see `companion.cost.count`.

    Args:
        network: any module that takes one tensor; its parameters must hold data if time is to be measured.
        input_size: (N, C, H, W).
        runs: how often it is run; 0 for no time.

    Raises:
        TypeError: if ``runs`` is not an int, or as `companion.cost.count`.
        ValueError: if ``runs`` is negative, or as `companion.cost.count`.
    """
    runs = _checks.integer("runs", runs, at_least=0)
    table = cost.count(network, input_size)
    seconds = {}
    if runs:
        kinds = {layer.name: _kind(layer) for layer in table}
        measured = [_one_run(network, input_size, kinds) for _ in range(runs + 1)][1:]
        seconds = {kind: median(run[kind] for run in measured) for kind in KINDS}
    return Shares(by_kind(table), seconds, table.caption)


def _kind(layer: cost.LayerCost) -> str:
    if layer.kernel_size is None:
        return "fully connected" if layer.kind.removeprefix("Parametrized") == "Linear" else "rest"
    if layer.is_pointwise:
        return "1×1"
    return "depthwise" if layer.groups > 1 and layer.channels_read == 1 else "other convolutions"


class _Clock:
    """Gives the time between two calls to the innermost layer that is running, or to the rest."""

    def __init__(self):
        self.seconds = dict.fromkeys(KINDS, 0.0)
        self.running = ["rest"]
        self.since = 0.0

    def book(self) -> None:
        now = perf_counter()
        self.seconds[self.running[-1]] += now - self.since
        self.since = now

    def start(self, kind: str, *_) -> None:
        self.book()
        self.running.append(kind)

    def stop(self, *_) -> None:
        self.book()
        self.running.pop()


def _one_run(network: nn.Module, input_size: tuple[int, ...], kinds: Mapping[str, str]) -> dict[str, float]:
    """Run a network once, on random pictures, and return the seconds of each kind."""
    threads = torch.get_num_threads()
    with ExitStack() as stack:
        stack.callback(torch.set_num_threads, threads)
        torch.set_num_threads(1)
        stack.enter_context(mode(network, training=False))
        stack.enter_context(torch.inference_mode())
        dtype = next((p.dtype for p in network.parameters() if p.is_floating_point()), None)
        x = torch.randn(input_size, generator=torch.Generator().manual_seed(0), dtype=dtype)
        clock = _Clock()
        for name, layer in network.named_modules():
            if kinds.get(name, "rest") != "rest":
                stack.callback(layer.register_forward_pre_hook(partial(clock.start, kinds[name])).remove)
                stack.callback(layer.register_forward_hook(clock.stop, always_call=True).remove)
        clock.since = perf_counter()
        network(x)
        clock.book()
    return clock.seconds
