"""The checkpoints of the MobileNets: V1 is the book's own, V2 by formula."""

from companion.audit._counted import part, table
from companion.audit._formulas import mobilenet_v2

V1 = {
    f"{name}_{size}": (float(name), size)
    for name in ("1.0", "0.75", "0.50", "0.25")
    for size in (224, 192, 160, 128)
}
V2 = {f"{width}_{size}": (width, size) for width in (1.0, 0.75, 0.5, 0.35) for size in (224, 192, 160, 128, 96)}
V2 |= {f"{width}_224": (width, 224) for width in (1.4, 1.3)}


def _v1(name):
    width, size = V1[name]
    return table("mobilenet_v1", size, width_multiplier=width)


def computed():
    """Return the value of each figure of ``tensorflow_models.toml``."""
    first = {name: _v1(name).total for name in V1}
    second = {name: mobilenet_v2(*V2[name]).total() for name in V2}
    return {
        "mobilenet_v1.md": {name: [total.macs, total.parameters] for name, total in first.items()},
        "mobilenet/README.md": {name: [total.macs, total.weights] for name, total in second.items()},
    }


def otherwise():
    """Return what the reasons of ``tensorflow_models.toml`` count."""
    rows = {}
    for name in V1:
        net = _v1(name)
        without_first = net.total.macs - part(net, "conv1").macs
        # Slim has a 1001st class, for the background, and keeps shift, mean and variance of each channel.
        fc = net["fc"]
        kept = net.total.weights + fc.weights // 1000 + fc.biases + 1 + 3 * net.total.affine // 2
        rows[name] = [
            without_first if name.startswith("0.75") else None,
            kept if name.startswith(("1.0", "0.50")) else None,
        ]
    return {"mobilenet_v1.md": rows}
