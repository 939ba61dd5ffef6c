"""MobileNetV2, by formula: MAdds are MACs, Params are weights."""

from companion.audit._counted import table
from companion.audit._formulas import MOBILENET_V2, mobilenet_v2
from companion.audit._papers import rows

CHANNELS = {  # printed in table 3, where memory is audited and not the number of channels
    112: (64, 16, 32),
    56: (128, 32, 48),
    28: (256, 64, 400),
    14: (512, 160, 800),
    7: (1024, 320, 1600),
    1: (1024, 1280, 1600),
}


def computed():
    """Return the value of each figure of ``mobilenet_v2.toml``."""
    one, small, large = mobilenet_v2(), mobilenet_v2(0.35, size=96), mobilenet_v2(1.4)
    return {
        "Table 2": _inputs(),
        "Section 4": {
            "residual bottleneck layers": _bottlenecks(),
            "primary network": _both(one.total()),
            "smallest network, 0.35 at 96": _both(small.total()),
            "largest network, 1.4 at 224": _both(large.total()),
        },
        "Table 4": {
            "MobileNetV1": _both(table("mobilenet_v1").total),
            "MobileNetV2": _both(one.total()),
            "MobileNetV2 (1.4)": _both(large.total()),
        },
        "Table 3, channels of MobileNetV2": {f"{size}x{size}": c for size, c in _widest().items()},
        "Table 3, memory": {f"{s}x{s}": [2 * s * s * c for c in channels] for s, channels in CHANNELS.items()},
    }


def otherwise():
    """Return what the reasons of ``mobilenet_v2.toml`` count."""
    return {"Section 4": {"residual bottleneck layers": _bottlenecks() + 2}}


def _both(cost):
    return [cost.macs, cost.weights]


def _bottlenecks():
    return sum(repeats for _, _, repeats, _ in MOBILENET_V2)


def _inputs():
    """Return the maps that each row of table 2 reads."""
    size, channels = 112, 32
    inputs = ["224×224×3", f"{size}×{size}×{channels}"]
    for _, channels, _, stride in MOBILENET_V2:
        size //= stride
        inputs.append(f"{size}×{size}×{channels}")
    inputs += [f"{size}×{size}×1280", "1×1×1280"]
    return dict(zip(rows("mobilenet_v2", "Table 2"), inputs, strict=True))


def _widest():
    """Return the most channels that any bottleneck returns at each size."""
    widest, size = {}, 112
    for _, channels, _, stride in MOBILENET_V2:
        size //= stride
        widest[size] = max(channels, widest.get(size, 0))
    return widest
