"""What counters of MACs say of ten small modules whose MACs a formula gives. It needs no GPU.

    python -m venv elsewhere && elsewhere/bin/pip install -e . fvcore thop ptflops torchinfo calflops transformers
    elsewhere/bin/python -m benchmarks.counters

writes ``results/counters.json``, and the table made of it into ``book/api.md``. It takes under a minute.
"""

import contextlib
import copy
import io
import re
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks._record import RESULTS, Record, versions
from companion import cost
from tools.files import replace

PAGE = Path(__file__).resolve().parent.parent / "book" / "api.md"
PACKAGES = ("fvcore", "thop", "ptflops", "torchinfo", "calflops")


class Weighted(nn.Module):
    """Calls a function with its input and a weight of its own."""

    def __init__(self, shape: tuple[int, ...], function: Callable):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape))
        self.function = function

    def forward(self, x):
        return self.function(x, self.weight)


class Heads(nn.Module):
    """Two linear layers, each of which is called a given number of times."""

    def __init__(self, *calls: int):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(64, 64, bias=False) for _ in calls)
        self.calls = calls

    def forward(self, x):
        for layer, calls in zip(self.layers, self.calls, strict=True):
            for _ in range(calls):
                x = layer(x)
        return x


# name: the module, the shape of its input, its MACs. None has biases, activations or normalisations.
CASES = {
    "1×1 convolution": (nn.Conv2d(64, 128, 1, bias=False), (1, 64, 28, 28), 28 * 28 * 64 * 128),
    "depthwise convolution": (
        nn.Conv2d(64, 64, 3, padding=1, groups=64, bias=False),
        (1, 64, 28, 28),
        28 * 28 * 9 * 64,
    ),
    "transposed convolution": (
        nn.ConvTranspose2d(64, 32, 2, 2, bias=False),
        (1, 64, 28, 28),
        28 * 28 * 4 * 64 * 32,
    ),
    "F.linear with a parameter": (Weighted((128, 64), lambda x, w: F.linear(x, w)), (1, 49, 64), 49 * 64 * 128),
    "x @ matrix": (Weighted((64, 128), lambda x, w: x @ w), (1, 49, 64), 49 * 64 * 128),
    "x @ vector": (Weighted((64,), lambda x, w: x @ w), (1, 49, 64), 49 * 64),
    "torch.einsum": (
        Weighted((128, 64), lambda x, w: torch.einsum("nchw,dc->ndhw", x, w)),
        (1, 64, 28, 28),
        28 * 28 * 64 * 128,
    ),
    "attention of 8 heads": (
        Weighted((1,), lambda x, w: F.scaled_dot_product_attention(x, x, x)),
        (1, 8, 49, 32),
        2 * 8 * 49 * 49 * 32,
    ),
    "layer called twice, another never": (Heads(2, 0), (1, 64), 2 * 64 * 64),
    "nn.LSTM": (nn.LSTM(64, 32, bias=False, batch_first=True), (1, 10, 64), 10 * 4 * 32 * (64 + 32)),
}


def companion(module: nn.Module, size: tuple[int, ...]) -> int:
    """Ask this package."""
    return cost.count(module, size).total.macs


def torch_(module: nn.Module, size: tuple[int, ...]) -> int:
    """Ask torch, which counts two FLOPs per MAC."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(torch.ones(size))
    return counter.get_total_flops() // 2


def fvcore(module: nn.Module, size: tuple[int, ...]) -> int:
    """Ask fvcore, whose flops are MACs."""
    from fvcore.nn import FlopCountAnalysis

    return FlopCountAnalysis(module, torch.ones(size)).total()


def thop(module: nn.Module, size: tuple[int, ...]) -> int:
    """Ask thop."""
    from thop import profile

    return profile(module, inputs=(torch.ones(size),), verbose=False)[0]


def ptflops(module: nn.Module, size: tuple[int, ...]) -> int:
    """Ask ptflops."""
    from ptflops import get_model_complexity_info

    return get_model_complexity_info(module, size[1:], print_per_layer_stat=False, as_strings=False)[0]


def torchinfo(module: nn.Module, size: tuple[int, ...]) -> int:
    """Ask torchinfo."""
    from torchinfo import summary

    return summary(module, input_size=size, verbose=0).total_mult_adds


def calflops(module: nn.Module, size: tuple[int, ...]) -> int:
    """Ask calflops."""
    from calflops import calculate_flops

    return calculate_flops(module, input_shape=size, output_as_string=False, print_results=False)[1]


COUNTERS = {f.__name__.rstrip("_"): f for f in (companion, torch_, fvcore, thop, ptflops, torchinfo, calflops)}


def answers(name: str) -> list[int | str]:
    """Return what a counter says of each case: MACs, or the name of the error that it raises."""
    found: list[int | str] = []
    for module, size, _ in CASES.values():
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                found.append(int(COUNTERS[name](copy.deepcopy(module).eval(), size)))
            except Exception as error:  # whatever it raises is its answer
                found.append(type(error).__name__)
    return found


def markdown(data: dict) -> str:
    """Return the recorded answers as a table in Markdown."""
    lines = [["case", "MACs", *COUNTERS], ["---", *["---:"] * (len(COUNTERS) + 1)]]
    right = dict.fromkeys(COUNTERS, 0)
    for row in data["rows"]:
        line = [row["case"], f"{row['exact']:,}"]
        for name, said in row["said"].items():
            right[name] += said == row["exact"]
            line.append("right" if said == row["exact"] else said if isinstance(said, str) else f"{said:,}")
        lines.append(line)
    lines.append(["**right**", f"**{len(data['rows'])}**", *(f"**{n}**" for n in right.values())])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(path: Path = RESULTS / "counters.json", page: Path = PAGE) -> None:
    """Ask every counter and write the file and the table, or end with a sentence that says what is missing."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        sys.exit(f"Nothing was recorded: {', '.join(missing)} can't be imported.")
    said = {}
    for name in COUNTERS:  # each in a process of its own, since some replace functions of torch
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            said[name] = pool.submit(answers, name).result()
    record = Record(path, versions=versions("torch", *PACKAGES))
    cases = enumerate(CASES.items())
    rows = [
        {"case": case, "exact": exact, "said": {name: said[name][i] for name in COUNTERS}}
        for i, (case, (_, _, exact)) in cases
    ]
    record.add("rows", rows)
    table = markdown(record.data)
    replace(page, re.sub(r"(?m)^\| case \| MACs(.*\n\|.*)*\n", lambda _: table, page.read_text("utf-8")))
    print(table)


if __name__ == "__main__":
    main()
