"""A digit to draw: a small network's class maps, the votes of their pixels, and the scores."""

from base64 import b64encode
from collections.abc import Sequence

import numpy as np

from companion.widgets._widget import Widget

LEVELS = 16  # greys above black, as in scikit-learn's digits


def draw_digit(
    layers: Sequence[tuple[object, object]], pictures: object, labels: Sequence[int], *, network: str = "net"
) -> Widget:
    """Let the reader draw a picture and see one map of votes for each class, and the scores that these make.

    The network is a stack of convolutions with stride 1 that keep height and width by padding with zeros, with a
    ReLU after each but the last; the mean or the maximum of each of its last maps is a score. Weights are kept in
    half precision.

    Args:
        layers: for each convolution its weight (C_out, C_in, k, k), k odd, and its bias (C_out,). The first reads
            one channel; the last has a map for each class.
        pictures: (N, S, S) to choose from, values in [0, 1], kept in sixteenths; the first is shown at first.
        labels: N classes.
        network: Python that gives the network, for the lines to copy: it maps (N, 1, S, S) to scores, and its last
            layer is the mean.

    Raises:
        ValueError: if the layers do not fit each other, a weight is not finite in half precision, the pictures are
            not (N, S, S) or leave [0, 1], or there is not one label for each.
    """
    kept = _convolutions(layers)
    pictures = np.asarray(pictures, dtype=float)
    if pictures.ndim != 3 or pictures.shape[1] != pictures.shape[2] or not pictures.size:
        raise ValueError(f"pictures must have shape (N, S, S), got {pictures.shape}")
    if not (pictures.min() >= 0 and pictures.max() <= 1):
        raise ValueError(f"pictures must lie in [0, 1], got {pictures.min():g} to {pictures.max():g}")
    labels = [int(label) for label in labels]
    if len(labels) != len(pictures):
        raise ValueError(f"labels must be one for each picture, got {len(labels)} for {len(pictures)}")
    numbers = np.concatenate([part.ravel() for layer in kept for part in layer])
    with np.errstate(over="ignore"):
        halves = numbers.astype("<f2")
    if not np.isfinite(halves).all():
        raise ValueError(f"layers must be finite in half precision, got {numbers[~np.isfinite(halves)][0]:g}")
    levels = np.rint(LEVELS * pictures).astype(int)
    settings = {
        "shapes": [list(weight.shape[:3]) for weight, _ in kept],
        "weights": b64encode(halves.tobytes()).decode(),
        "pictures": ["".join("0123456789abcdefg"[level] for level in picture.ravel()) for picture in levels],
        "labels": labels,
        "network": network,
    }
    rows = []
    for label, picture in zip(labels, levels / LEVELS, strict=True):
        scores = _maps(kept, picture).mean(axis=(1, 2))
        best = int(scores.argmax())
        rows.append(f"<tr><th>a {label}</th><td>{best}</td><td>{scores[best]:.2f}</td></tr>")
    head = "<tr><td></td><th>largest score</th><th>which is</th></tr>"
    fallback = f"<table><caption>Scores: the means of the class maps</caption>{head}{''.join(rows)}</table>"
    size, classes = f"{pictures.shape[1]} × {pictures.shape[2]}", len(kept[-1][1])
    return Widget("draw-digit", settings, fallback, f"A digit to draw on {size} pixels: {classes} class maps")


def _convolutions(layers: Sequence[tuple[object, object]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return weight and bias of each layer as arrays, if each reads the channels that the one before it gives."""
    kept, channels = [], 1
    for i, (weight, bias) in enumerate(layers):
        weight, bias = np.asarray(weight, dtype=float), np.asarray(bias, dtype=float)
        fits = weight.ndim == 4 and weight.shape[1] == channels and weight.shape[2] == weight.shape[3]
        if not fits or weight.shape[2] % 2 == 0 or bias.shape != weight.shape[:1]:
            wanted = f"(C_out, {channels}, k, k), k odd, and (C_out,)"
            raise ValueError(f"layers[{i}] must have shapes {wanted}, got {weight.shape} and {bias.shape}")
        kept.append((weight, bias))
        channels = len(bias)
    if not kept:
        raise ValueError("layers must be at least one, got none")
    return kept


def _maps(layers: Sequence[tuple[np.ndarray, np.ndarray]], picture: np.ndarray) -> np.ndarray:
    maps = picture[None]
    for i, (weight, bias) in enumerate(layers):
        reach, (height, width) = weight.shape[2] // 2, picture.shape
        padded = np.pad(maps, ((0, 0), (reach, reach), (reach, reach)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(1, 2))
        maps = np.einsum("oikl,ihwkl->ohw", weight, windows[:, :height, :width]) + bias[:, None, None]
        if i < len(layers) - 1:
            maps = np.maximum(maps, 0)
    return maps
