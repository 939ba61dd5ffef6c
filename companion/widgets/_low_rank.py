"""Feature maps rebuilt from r directions: the best that a bottleneck of r channels can do."""

from base64 import b64encode
from collections.abc import Mapping, Sequence

import numpy as np

from companion._checks import integer
from companion.widgets._widget import Widget


def low_rank(sources: Mapping[str, object], *, rank: int, pictures: Mapping[str, int]) -> Widget:
    """Let the reader send maps through the best bottleneck of r channels and see what is lost.

    The directions are those of ``companion.bottleneck.best_waist``, the curve is ``lost_energy``'s: both are of all
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
    packed = {name: _source(name, np.asarray(maps), places) for name, maps in sources.items()}
    first = next(iter(packed.values()))
    channels, lost = first["channels"], first["lost"]
    if integer("rank", rank) > channels:
        raise ValueError(f"rank must be at most C = {channels}, got {rank}")
    ranks = sorted({max(1, channels // part) for part in (8, 4, 2, 1)})
    rows = "".join(
        f"<tr><td>{r}</td><td>{100 - 100 * lost[r]:.1f}</td><td>{2 * channels * r:,}</td></tr>" for r in ranks
    )
    fallback = (
        f"<table><tr><th>channels r of {channels}</th><th>energy kept, %</th><th>weights of the pair</th></tr>"
        f"{rows}</table>"
    )
    text = f"Low rank: {', '.join(sources)}; r = {rank} of {channels} keeps {100 - 100 * lost[rank]:.1f} %"
    settings = {"sources": packed, "pictures": list(pictures), "rank": int(rank)}
    return Widget("low-rank", settings, fallback, text)


def _source(name: str, maps: np.ndarray, pictures: Sequence[int]) -> dict:
    """Return what the script needs of maps (N, C, H, W)."""
    if maps.ndim != 4 or not maps.size:
        raise ValueError(f"sources must have shape (N, C, H, W), got {maps.shape} for {name!r}")
    if not np.isfinite(maps).all() or not maps.any():
        raise ValueError(f"sources must be finite and not zero everywhere, got others for {name!r}")
    if max(pictures) >= len(maps):
        raise ValueError(f"pictures must be below N = {len(maps)} of {name!r}, got {max(pictures)}")
    channels = maps.shape[1]
    pixels = np.moveaxis(maps.astype(np.float64), 1, 0).reshape(channels, -1)  # (C, N*H*W)
    energy, directions = np.linalg.eigh(pixels @ pixels.T)  # ascending; a direction is a column
    lost = np.append(energy.clip(min=0).cumsum()[::-1], 0)  # from the smallest: no share is rounded away
    return {
        "channels": channels,
        "size": list(maps.shape[2:]),
        "count": len(maps),
        "lost": [float(f"{share:.4g}") for share in lost / lost[0]],
        "directions": _packed(directions[:, ::-1], np.uint16),
        "pictures": [_packed(maps[i], np.uint8) for i in pictures],
    }


def _packed(values: np.ndarray, dtype: type[np.unsignedinteger]) -> dict:
    """Return values as whole numbers of few bytes, in base64: value = low + step * number."""
    low = float(values.min())
    step = float(values.max() - low) / np.iinfo(dtype).max or 1.0
    codes = ((values - low) / step).round().astype(np.dtype(dtype).newbyteorder("<"))
    return {"data": b64encode(codes.tobytes()).decode(), "low": low, "step": step, "bytes": codes.itemsize}
