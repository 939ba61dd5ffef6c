"""Compare recorded times with what was aimed at on an H100."""

from collections.abc import Iterator

from companion.kernels import LAYERS, NetworkLayer

BATCH = 256
BOTH = ("NCHW", "channels_last")  # a whole network would not pay for changing from one to the other


def targets(rows: list[dict], ceilings: dict) -> list[dict]:
    """Return one row for each target and layer that the record has the times for.

    Args:
        rows: the record's "timings".
        ceilings: the record's "ceilings": "copy" in bytes per second, "sgemm" in FLOP per second.

    Returns:
        Rows of "target", "layer", "value", "wanted" and "met". A value is a share of a ceiling, or how many times
        as fast ours is as another.
    """
    return [
        {"target": name, "layer": layer.label, "value": round(value, 3), "wanted": wanted, "met": value >= wanted}
        for layer in LAYERS
        for name, value, wanted in _targets(layer, _Times(rows, layer), ceilings)
    ]


class _Times:
    """Median seconds of one layer, by contestant."""

    def __init__(self, rows: list[dict], layer: NetworkLayer):
        self._us = {
            (row["contestant"], row["precision"], row["layout"], row["batch"]): row["median_us"]
            for row in rows
            if row["layer"] == layer.label and row["agrees"]
        }

    def seconds(self, name: str, precision: str = "ieee", layout: str = "NCHW", batch: int = BATCH) -> float | None:
        us = self._us.get((name, precision, layout, batch))
        return None if us is None else us / 1e6


def _targets(layer: NetworkLayer, times: _Times, ceilings: dict) -> Iterator[tuple[str, float, float]]:
    ours, ours_tf32 = times.seconds("ours"), times.seconds("ours", "tf32")
    if layer.size == 1:
        yield from _times_as_fast(times, "SE layer, batch 1", "eager", ("NCHW",), 2.0, batch=1)
        return
    if ours is not None:
        rate, flops = layer.bytes(BATCH) / ours, layer.flops(BATCH) / ours
        if layer.h <= 60:
            yield "thin: share of the copy bandwidth", rate / ceilings["copy"], 0.8
            expanding = layer.out_channels > layer.in_channels
            yield from _times_as_fast(times, "thin", "eager", BOTH, 2.0 if expanding else 1.3)
            yield from _times_as_fast(times, "thin", "torch.compile", BOTH, 2.0 if expanding else 1.1)
            yield from _times_as_fast(times, "thin", "cuDNN fused", ("channels_last",), 1.0)
        elif layer.h <= 205:
            yield "middle: share of the SGEMM ceiling", flops / ceilings["sgemm"], 0.75
        if (layer.in_channels, layer.out_channels) == (1024, 1024):
            yield "wide: share of the SGEMM ceiling", flops / ceilings["sgemm"], 0.8
    if ours_tf32 is not None and layer.h <= 205:
        yield "TF32: share of the copy bandwidth", layer.bytes(BATCH) / ours_tf32 / ceilings["copy"], 0.7


def _times_as_fast(
    times: _Times, kind: str, name: str, layouts: tuple[str, ...], wanted: float, batch: int = BATCH
) -> Iterator[tuple[str, float, float]]:
    ours = times.seconds("ours", batch=batch)
    for layout in layouts:
        theirs = times.seconds(name, layout=layout, batch=batch)
        if ours is not None and theirs is not None:
            yield f"{kind}: times as fast as {name}, {layout}", theirs / ours, wanted
