"""Compare recorded times with what was aimed at on an H100."""

from collections.abc import Iterator

from companion.kernels import LAYERS, NetworkLayer

BATCH = 256
LIMITS = (("64→256 @ 56²", "bfloat16", 256, 190e-6), ("2048→512 @ 7²", "ieee", 1, 12e-6))  # seconds
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
    if layer.size == 1:
        yield from _times_as_fast(times, "SE layer, batch 1", "eager", ("NCHW",), 2.0, batch=1)
        return
    thin, middle = layer.h <= 60, 60 < layer.h <= 205
    if ours := times.seconds("ours"):
        share_of_sgemm = layer.flops(BATCH) / ours / ceilings["sgemm"]
        if thin:
            yield "thin: share of the copy bandwidth", layer.bytes(BATCH) / ours / ceilings["copy"], 0.8
            expanding = layer.out_channels > layer.in_channels
            yield from _times_as_fast(times, "thin", "eager", BOTH, 2.0 if expanding else 1.3)
            yield from _times_as_fast(times, "thin", "torch.compile", BOTH, 2.0 if expanding else 1.1)
        if middle:
            yield "middle: share of the SGEMM ceiling", share_of_sgemm, 0.8
        if (layer.in_channels, layer.out_channels) == (1024, 1024):
            yield "wide: share of the SGEMM ceiling", share_of_sgemm, 0.88
    for kind, precision, wanted in (("TF32", "tf32", 0.8), ("bfloat16", "bfloat16", 0.9)):
        seconds = times.seconds("ours", precision)
        if seconds and (thin or middle):
            moved = layer.bytes(BATCH, 2 if precision == "bfloat16" else 4)
            yield f"{kind}: share of the copy bandwidth", moved / seconds / ceilings["copy"], wanted
    for rival in ("cuDNN fused", "cuBLASLt fused"):
        for kind, precision in (("float32", "ieee"), ("TF32", "tf32"), ("bfloat16", "bfloat16")):
            yield from _times_as_fast(times, kind, rival, ("channels_last",), 1.0, precision=precision)
    for label, precision, batch, limit in LIMITS:
        seconds = times.seconds("ours", precision, batch=batch)
        if layer.label == label and seconds:
            yield f"{precision}, batch {batch}: times as fast as {1e6 * limit:.0f} µs", limit / seconds, 1.0


def _times_as_fast(
    times: _Times, kind: str, name: str, layouts: tuple[str, ...], wanted: float, *, batch=BATCH, precision="ieee"
) -> Iterator[tuple[str, float, float]]:
    ours = times.seconds("ours", precision, batch=batch)
    for layout in layouts:
        theirs = times.seconds(name, precision, layout, batch)
        if ours is not None and theirs is not None:
            yield f"{kind}: times as fast as {name}, {layout}", theirs / ours, wanted
