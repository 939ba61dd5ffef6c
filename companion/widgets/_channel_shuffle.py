"""Groups and shuffle: which input channels reach an output through grouped 1x1 convolutions."""

import numpy as np

from companion._checks import integer
from companion.widgets._widget import Widget

MOST_LAYERS = 3
MOST_CHANNELS = 24


def channel_shuffle(*, channels: int, groups: int) -> Widget:
    """Let the reader trace an output channel back through one to three grouped 1x1 convolutions.

    Two networks stand side by side, one with a channel shuffle between its layers. The arithmetic of the script is
    that of ``companion.channel_mixing.shuffle_order`` and ``reach``.

    Args:
        channels: number of channels of every layer C, 2 to 24.
        groups: number of groups g to begin with, a divisor of C.

    Raises:
        TypeError: if an argument is not an int.
        ValueError: if ``channels`` is out of range, or ``groups`` does not divide it.
    """
    if not 2 <= integer("channels", channels) <= MOST_CHANNELS:
        raise ValueError(f"channels must be from 2 to {MOST_CHANNELS}, got {channels}")
    if channels % integer("groups", groups):
        raise ValueError(f"groups must divide channels, got groups={groups} and channels={channels}")
    settings = {"channels": int(channels), "groups": int(groups), "layers": MOST_LAYERS, "most": MOST_CHANNELS}
    summary = f"Groups and shuffle: {channels} channels in {groups} groups"
    return Widget("channel-shuffle", settings, _fallback(channels, groups), summary)


def _fallback(channels: int, groups: int) -> str:
    """How many inputs each output depends on, in a table, for readers who run no script."""
    layer = np.kron(np.eye(groups, dtype=int), np.ones((channels // groups,) * 2, dtype=int))  # (C, C)
    deal = np.eye(channels, dtype=int)[np.arange(channels).reshape(groups, -1).T.ravel()]  # (C, C), a permutation
    rows, alone, dealt = [], layer, layer
    for count in range(1, MOST_LAYERS + 1):
        if count > 1:
            alone, dealt = (layer @ alone > 0).astype(int), (layer @ deal @ dealt > 0).astype(int)
        cells = (f"<td>{reached.sum(axis=1).min()} of {channels}</td>" for reached in (alone, dealt))
        rows.append(f'<tr><th scope="row">{count}</th>{"".join(cells)}</tr>')
    caption = f"Inputs that an output depends on at least: 1×1 layers of {channels} channels in {groups} groups"
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("layers", "without shuffle", "with shuffle"))
    return f"<table><caption>{caption}</caption><tr>{heads}</tr>{''.join(rows)}</table>"
