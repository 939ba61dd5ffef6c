"""The gate of a squeeze-and-excitation block on a picture with a lamp: means, hidden units, gates."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from companion.widgets._widget import Widget


def se_gate(
    x: object, weights: Mapping[str, object], *, names: Sequence[str] = ("red", "green", "blue"), lamp: int = 2
) -> Widget:
    """Let the reader switch a lamp on, move it and dim it, and follow the numbers through the block to the gates.

    The lamp is one column of one channel. Without the squeeze the same weights compute gates at each pixel.

    Args:
        x: the picture without the lamp (3, H, W), values in [0, 1].
        weights: those of ``companion.squeeze_excitation.SqueezeExcitation(3, ...)``, as its ``state_dict`` names
            them: "reduce.weight" (3 / r, 3, 1, 1), "reduce.bias" (3 / r,), "expand.weight" (3, 3 / r, 1, 1) and
            "expand.bias" (3,).
        names: of the three channels.
        lamp: channel of the lamp to begin with.

    Raises:
        ValueError: if ``x`` is not (3, H, W) or leaves [0, 1], if the weights do not fit each other, or there are
            not three names, or ``lamp`` is none of the channels.
    """
    x = np.asarray(x, dtype=float)
    if x.ndim != 3 or len(x) != 3 or not x.size:
        raise ValueError(f"x must have shape (3, H, W), got {x.shape}")
    if not (x.min() >= 0 and x.max() <= 1):
        raise ValueError(f"x must lie in [0, 1], got {x.min():g} to {x.max():g}")
    if len(names) != 3:
        raise ValueError(f"names must be three, got {len(names)}")
    if lamp not in range(3):
        raise ValueError(f"lamp must be 0, 1 or 2, got {lamp}")
    parts = {name: np.asarray(value, dtype=float) for name, value in weights.items()}
    units = parts["reduce.bias"].size if "reduce.bias" in parts else 0
    wanted = {
        "reduce.weight": (units, 3, 1, 1),
        "reduce.bias": (units,),
        "expand.weight": (3, units, 1, 1),
        "expand.bias": (3,),
    }
    if {name: part.shape for name, part in parts.items()} != wanted or not units:
        given = {name: part.shape for name, part in parts.items()}
        raise ValueError(f"weights must have the names and shapes of SqueezeExcitation(3), got {given}")
    layers = {
        layer: {"weight": parts[f"{layer}.weight"][:, :, 0, 0].tolist(), "bias": parts[f"{layer}.bias"].tolist()}
        for layer in ("reduce", "expand")
    }
    rows = []
    for state, strength in (("off", 0.0), ("on", 1.0)):
        lit = x.copy()
        lit[lamp, :, 0] = np.maximum(lit[lamp, :, 0], strength)
        cells = "".join(f"<td>{gate:.2f}</td>" for gate in _gates(lit, parts))
        rows.append(f"<tr><th>{escape(names[lamp])} lamp {state}</th>{cells}</tr>")
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    fallback = f"<table><caption>Gates</caption><tr><td></td>{head}</tr>{''.join(rows)}</table>"
    settings = {"x": x.round(4).tolist(), **layers, "names": list(names), "lamp": lamp}
    size = " × ".join(map(str, x.shape[1:]))
    return Widget("se-gate", settings, fallback, f"Gate of a picture of {size} pixels with a {names[lamp]} lamp")


def _gates(x: np.ndarray, parts: Mapping[str, np.ndarray]) -> np.ndarray:
    hidden = np.maximum(parts["reduce.weight"][:, :, 0, 0] @ x.mean(axis=(1, 2)) + parts["reduce.bias"], 0)
    return 1 / (1 + np.exp(-(parts["expand.weight"][:, :, 0, 0] @ hidden + parts["expand.bias"])))
