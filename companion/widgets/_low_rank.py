"""Feature maps rebuilt from r directions: the best that a bottleneck of r channels can do."""

from base64 import b64encode
from collections.abc import Mapping, Sequence

import numpy as np

from companion._checks import integer
from companion.widgets._widget import Widget


def low_rank(sources: Mapping[str, object], *, rank: int, pictures: Mapping[str, int]) -> Widget:
    """Let the reader send maps through the best bottleneck of r channels and see what is lost.

    The directions are those of ``companion.bottleneck.best_pair``, the curve is ``lost_energy``'s: both are of all
    the maps that are given. Only the directions and the maps of a few pictures are handed to the script.

    Args:
        sources: name -> feature maps (N, C, H, W); the curves of those with as many channels are drawn together.
        rank: r at first, from 1 to the channels of the first source.
        pictures: name -> which of the N pictures it is; these can be chosen.

    Raises:
        TypeError: if ``rank`` or the place of a picture is not an int.
        ValueError: if there is no source or no picture, maps have another shape, are not finite or zero everywhere,
            or ``rank`` or a picture is out of range.
    """
    for name, given in (("sources", sources), ("pictures", pictures)):
        if not given:
            raise ValueError(f"{name} must be at least one, got none")
    places = [integer(f"pictures[{name!r}]", place, at_least=0) for name, place in pictures.items()]
    packed, tables = {}, []
    for name, maps in sources.items():
        maps = _checked(name, np.asarray(maps), places)
        lost, directions = _principal(maps)
        tables.append(lost)
        packed[name] = {
            "channels": maps.shape[1],
            "size": list(maps.shape[2:]),
            "count": len(maps),
            "lost": _packed(lost, np.uint16),
            "directions": _packed(directions, np.uint16),
            "pictures": [_packed(maps[i], np.uint8) for i in places],
        }
    channels = len(tables[0]) - 1
    if integer("rank", rank) > channels:
        raise ValueError(f"rank must be at most C = {channels}, got {rank}")
    rows = "".join(
        f"<tr><td>{r}</td><td>≈ {100 - 100 * tables[0][r]:.1f}</td><td>{2 * channels * r:,}</td></tr>"
        for r in sorted({max(1, channels // part) for part in (8, 4, 2, 1)})
    )
    fallback = (
        f"<table><tr><th>channels r of {channels}</th><th>energy kept, %</th><th>weights of the pair</th></tr>"
        f"{rows}</table>"
    )
    settings = {"sources": packed, "pictures": list(pictures), "rank": int(rank)}
    return Widget("low-rank", settings, fallback, f"Low rank: {', '.join(sources)}; r = {rank} of {channels}")


def _checked(name: str, maps: np.ndarray, places: Sequence[int]) -> np.ndarray:
    if maps.ndim != 4 or not maps.size:
        raise ValueError(f"sources must have shape (N, C, H, W), got {maps.shape} for {name!r}")
    if not np.isfinite(maps).all() or not maps.any():
        raise ValueError(f"sources must be finite and not zero everywhere, got others for {name!r}")
    if max(places) >= len(maps):
        raise ValueError(f"pictures must be below N = {len(maps)} of {name!r}, got {max(places)}")
    return maps


def _principal(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of the energy that is lost with r = 0 to C channels, and the directions, each a column."""
    pixels = np.moveaxis(maps.astype(np.float64), 1, 0).reshape(maps.shape[1], -1)  # (C, N*H*W)
    energy, directions = np.linalg.eigh(pixels @ pixels.T)  # ascending
    lost = np.append(energy.clip(min=0).cumsum()[::-1], 0)
    return lost / lost[0], directions[:, ::-1]


def _packed(values: np.ndarray, dtype: type[np.unsignedinteger]) -> str:
    """Return values in few bytes, as a data URL: low and step in float32, then codes, value = low + step * code."""
    low = values.min()
    step = (values.max() - low) / np.iinfo(dtype).max or 1
    codes = ((values - low) / step).round().astype(np.dtype(dtype).newbyteorder("<"))
    data = np.array([low, step], "<f4").tobytes() + codes.tobytes()
    return f"data:application/octet-stream;base64,{b64encode(data).decode()}"
