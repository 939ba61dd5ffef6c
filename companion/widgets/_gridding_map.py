"""The gridding map: on how many paths three dilated convolutions read each pixel, and what the rules say."""

from collections.abc import Sequence

import numpy as np

from companion._checks import each_integer
from companion.widgets._widget import Widget

MOST_RATE = 9
GRIDDING_PRESETS = ((2, 2, 2), (1, 2, 5), (1, 2, 9), (2, 3, 5), (1, 2, 4), (2, 4, 8))


def gridding_map(rates: Sequence[int], *, presets: Sequence[Sequence[int]] = GRIDDING_PRESETS) -> Widget:
    """Let the reader set the dilation rates of three 3x3 convolutions and see which pixels one output reads.

    The arithmetic of the script is that of ``path_counts``, ``hdc_distances`` and ``first_gap`` in
    ``companion.pitfalls``.

    Args:
        rates: the three rates to begin with, from the layer nearest the input on, each 1 to 9.
        presets: other such triples, for a button each.

    Raises:
        TypeError: if a rate is not an int.
        ValueError: if there are not three of them, or one is out of range.
    """
    rates = _triple("rates", rates)
    presets = [_triple(f"presets[{i}]", preset) for i, preset in enumerate(presets)]
    settings = {"rates": rates, "presets": presets, "most": MOST_RATE}
    summary = f"Gridding map: rates {', '.join(map(str, rates))}"
    return Widget("gridding-map", settings, _fallback([rates, *presets]), summary)


def _triple(name: str, rates: Sequence[int]) -> list[int]:
    """Return three rates that the sliders can be set to."""
    rates = each_integer(name, rates)
    if len(rates) != 3 or max(rates) > MOST_RATE:
        raise ValueError(f"{name} must be three rates from 1 to {MOST_RATE}, got {rates}")
    return rates


def _fallback(triples: list[list[int]]) -> str:
    """How many pixels are read and how many not, in a table, for readers who run no script."""
    rows = []
    for rates in dict.fromkeys(map(tuple, triples)):
        reads = np.ones(1, dtype=bool)
        for rate in rates:
            taps = np.zeros(2 * rate + 1, dtype=bool)
            taps[[0, rate, 2 * rate]] = True
            reads = np.convolve(reads, taps) > 0
        read, size = reads.sum() ** 2, len(reads) ** 2
        cells = "".join(f"<td>{value}</td>" for value in (f"{len(reads)} × {len(reads)}", read, size - read))
        rows.append(f'<tr><th scope="row">{", ".join(map(str, rates))}</th>{cells}</tr>')
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("rates", "window", "pixels read", "skipped"))
    caption = "What one output pixel of three dilated 3×3 convolutions reads"
    return f"<table><caption>{caption}</caption><tr>{heads}</tr>{''.join(rows)}</table>"
