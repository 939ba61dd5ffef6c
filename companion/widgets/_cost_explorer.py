"""The cost explorer: a k x k convolution beside what takes its place, in weights, MACs, bytes and intensity."""

from companion._checks import integer
from companion.widgets._widget import Widget

# (least, most, step) of each slider; the script reads them from the settings.
EXPLORER_LIMITS = {
    "size": (1, 112, 1),
    "in_channels": (1, 1024, 1),
    "middle_channels": (1, 512, 1),
    "out_channels": (1, 1024, 1),
    "kernel_size": (1, 7, 2),
    "batch": (1, 128, 1),
}

EXPLORER_KINDS = {
    "reduced": "1×1 reduction, then k×k",
    "bottleneck": "1×1, k×k, 1×1 as in ResNet",
    "separable": "depthwise separable",
    "grouped": "grouped",
}

_NAMES = ("size", "in_channels", "middle_channels", "out_channels", "kernel_size", "groups", "kind")
EXPLORER_PRESETS = {
    name: dict(zip(_NAMES, values, strict=True))
    for name, values in {
        "GoogLeNet 3a, its 5×5": (28, 192, 16, 32, 5, 1, "reduced"),
        "ResNet-50, conv2": (56, 256, 64, 256, 3, 1, "bottleneck"),
        "MobileNet, 512 to 512": (14, 512, 128, 512, 3, 1, "separable"),
        "AlexNet, conv2": (27, 96, 32, 256, 5, 2, "grouped"),
        "VGG-16, if it had a reduction": (56, 256, 64, 256, 3, 1, "reduced"),
    }.items()
}


def cost_explorer(
    *,
    size: int,
    in_channels: int,
    middle_channels: int,
    out_channels: int,
    kernel_size: int,
    batch: int = 1,
    groups: int = 1,
    kind: str = "reduced",
) -> Widget:
    """Let the reader compare a k x k convolution with a cheaper kind from as many channels to as many.

    The arithmetic of the script is ``companion.cost``'s, in float32 and without biases: each layer reads its input
    and its weights once and writes its output once.

    Args:
        size: height and width of the maps, 1 to 112; all layers keep it.
        in_channels: channels of the input, 1 to 1024.
        middle_channels: channels between the layers of a reduction or a bottleneck, 1 to 512.
        out_channels: channels of the output, 1 to 1024.
        kernel_size: height and width of the large kernel: 1, 3, 5 or 7.
        batch: number of pictures, 1 to 128.
        groups: of the grouped kind, a divisor of ``in_channels`` and ``out_channels``.
        kind: what is compared with the full convolution, a key of ``EXPLORER_KINDS``.

    Raises:
        TypeError: if a number is not an int.
        ValueError: if a slider can't be set to it, ``groups`` does not divide the channels, or there is no such
            ``kind``.
    """
    values = {
        "size": size,
        "in_channels": in_channels,
        "middle_channels": middle_channels,
        "out_channels": out_channels,
        "kernel_size": kernel_size,
        "batch": batch,
    }
    for name, value in values.items():
        least, most, step = EXPLORER_LIMITS[name]
        if integer(name, value) not in range(least, most + 1, step):
            odd = "odd and " if step == 2 else ""
            raise ValueError(f"{name} must be {odd}from {least} to {most}, got {value}")
    if in_channels % integer("groups", groups) or out_channels % groups:
        channels = f"in_channels={in_channels} and out_channels={out_channels}"
        raise ValueError(f"groups must divide in_channels and out_channels, got groups={groups}, {channels}")
    if kind not in EXPLORER_KINDS:
        raise ValueError(f"kind must be one of {', '.join(EXPLORER_KINDS)}, got {kind!r}")
    values = {name: int(value) for name, value in (values | {"groups": groups}).items()}
    settings = {"values": values, "kind": kind, "limits": EXPLORER_LIMITS}
    settings |= {"kinds": EXPLORER_KINDS, "presets": EXPLORER_PRESETS}
    text = ", ".join(f"{name} = {value}" for name, value in values.items())
    summary = f"Cost explorer: {text}, kind = {kind}"
    return Widget("cost-explorer", settings, _fallback(values, kind), summary)


def _fallback(values: dict, kind: str) -> str:
    """Both convolutions in a table, for readers who run no script."""
    shape = f"{values['batch']} × {values['in_channels']} × {values['size']} × {values['size']}"
    k, rows = values["kernel_size"], []
    for name, layers in (("full", _layers(values, "full")), (EXPLORER_KINDS[kind], _layers(values, kind))):
        weights = sum(k * k * before * after // groups for before, after, k, groups in layers)
        pixels = values["batch"] * values["size"] ** 2
        moved = 4 * (weights + pixels * sum(before + after for before, after, _, _ in layers))
        figures = f"{weights:,}", f"{pixels * weights:,}", f"{moved:,}", f"{2 * pixels * weights / moved:.1f}"
        cells = "".join(f"<td>{figure}</td>" for figure in figures)
        rows.append(f'<tr><th scope="row">{name.replace("k×k", f"{k}×{k}")}</th>{cells}</tr>')
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("weights", "MACs", "bytes", "FLOP per byte"))
    caption = f"A {k}×{k} convolution of maps ({shape}) to {values['out_channels']} channels, float32"
    return f"<table><caption>{caption}</caption><tr><td></td>{heads}</tr>{''.join(rows)}</table>"


def _layers(values: dict, kind: str) -> list[tuple[int, int, int, int]]:
    """(channels in, channels out, kernel size, groups) of each layer."""
    before, middle, after = (values[f"{name}_channels"] for name in ("in", "middle", "out"))
    k = values["kernel_size"]
    return {
        "full": [(before, after, k, 1)],
        "reduced": [(before, middle, 1, 1), (middle, after, k, 1)],
        "bottleneck": [(before, middle, 1, 1), (middle, middle, k, 1), (middle, after, 1, 1)],
        "separable": [(before, before, k, before), (before, after, 1, 1)],
        "grouped": [(before, after, k, values["groups"])],
    }[kind]
