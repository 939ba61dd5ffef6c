"""The ladder of kernels once more in WGSL, for whatever GPU the reader's browser has."""

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from companion._checks import integer
from companion.widgets._widget import Widget

GPU_LADDER: Mapping[str, str | tuple[int, int]] = MappingProxyType(
    {"naive": "naive", "coalesced": "coalesced", "shared_tile": (16, 16), "register_tile": (64, 128)}
)
"""Each step, and what ``companion.kernels.asked_intensity`` counts it by: its tile where a block has one."""

# (least, most) of each slider. No array is then larger than 128 MiB, which is what every adapter can bind.
GPU_LADDER_LIMITS = {"in_channels": (1, 512), "out_channels": (1, 512), "size": (1, 56), "batch": (1, 16)}


def gpu_ladder(
    cuda: Mapping[str, str],
    asked: Mapping[str, float],
    *,
    in_channels: int,
    out_channels: int,
    size: int,
    batch: int = 1,
    recorded: Mapping[str, float] | None = None,
    recorded_on: str = "",
) -> Widget:
    """Let the reader check and time the first four kernels on the GPU at hand, through WebGPU.

    Nothing runs before a click. Then each step is held against sums in float64 on a ragged layer, before any speed
    is shown; a copy and a chain of multiply-adds measure the roof; and the steps are timed at the sizes that the
    reader has set. Each time is a submission of at least twenty dispatches, after others have warmed the GPU up;
    median and quartiles are over seven submissions. No limit beyond those of the standard is asked for: a block has
    at most 256 threads and 16 KiB of shared memory.

    Args:
        cuda: the CUDA source of each step of ``GPU_LADDER``, which is shown beside the WGSL; a comment in front of
            the code is left out.
        asked: FLOP per byte that each step asks memory for at these sizes, for readers who run no script.
        in_channels: channels of the input, 1 to 512.
        out_channels: channels of the output, 1 to 512.
        size: height and width of the maps, 1 to 56.
        batch: number of pictures, 1 to 16.
        recorded: GFLOP/s of each step as measured elsewhere, shown where nothing can be measured; None where there
            are none.
        recorded_on: what they were measured on, and when; wanted with them.

    Raises:
        TypeError: if a size is not an int.
        ValueError: if a slider can't be set to it, a step is missing or unknown, or one of the last two is given
            without the other.
    """
    values = {"in_channels": in_channels, "out_channels": out_channels, "size": size, "batch": batch}
    for name, value in values.items():
        least, most = GPU_LADDER_LIMITS[name]
        if not least <= integer(name, value) <= most:
            raise ValueError(f"{name} must be from {least} to {most}, got {value}")
    if (recorded is None) != (not recorded_on):
        raise ValueError(f"recorded and recorded_on must be given together, got {recorded} and {recorded_on!r}")
    for name, given in (
        ("cuda", cuda),
        ("asked", asked),
        ("recorded", GPU_LADDER if recorded is None else recorded),
    ):
        if set(given) != set(GPU_LADDER):
            raise ValueError(
                f"{name} must have the steps {', '.join(GPU_LADDER)}, got {', '.join(given) or 'none'}"
            )
    values = {name: int(value) for name, value in values.items()}
    shape = f"{batch} × {in_channels} × {size} × {size} to {out_channels} channels"
    words = "<p>With scripts and WebGPU these kernels run on your own GPU. What they ask for is known without:</p>"
    fallback = words + _table(f"Maps of {shape}, float32", "FLOP per byte asked for", asked, ".3g")
    settings = {"cuda": {step: _code(cuda[step]) for step in GPU_LADDER}, "values": values}
    settings |= {"limits": GPU_LADDER_LIMITS}
    if recorded is not None:
        table = _table(f"Recorded on {recorded_on}", "GFLOP/s", recorded, ",.0f")
        fallback += f'<div slot="recorded">{table}</div>'
    return Widget("gpu-ladder", settings, fallback, f"Kernel ladder in WGSL: {shape}")


def _code(listing: str) -> str:
    """Return the listing from its first line that is no comment."""
    lines = listing.splitlines()
    first = next((i for i, line in enumerate(lines) if line and not line.startswith("//")), 0)
    return "\n".join(lines[first:])


def _table(caption: str, unit: str, values: Mapping[str, float], form: str) -> str:
    body = "".join(
        f'<tr><th scope="row">{step.replace("_", " ")}</th><td>{values[step]:{form}}</td></tr>'
        for step in GPU_LADDER
    )
    head = f'<tr><td></td><th scope="col" style="text-align: inherit">{unit}</th></tr>'
    return f'<table style="width: 100%; text-align: right"><caption>{escape(caption)}</caption>{head}{body}</table>'
