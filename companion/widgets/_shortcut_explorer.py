"""The shortcut explorer: which inputs each kind of shortcut reads."""

from companion._checks import integer
from companion.widgets._widget import Widget

# (least, most) of each argument: what can be drawn.
SHORTCUT_LIMITS = {"size": (2, 16), "in_channels": (1, 8), "out_channels": (1, 16), "stride": (2, 4)}


def shortcut_explorer(*, size: int = 8, in_channels: int = 4, out_channels: int = 8, stride: int = 2) -> Widget:
    """Let the reader choose an output of a shortcut and see which pixels and channels of the input it reads.

    The kinds are those of ``companion.residual``, and a 3x3 convolution, with which the main path begins. Each
    is shown where a stage begins, with these channels and this stride, and inside a stage, where shapes agree.

    Args:
        size: height and width of the input, 2 to 16.
        in_channels: channels of the input, 1 to 8.
        out_channels: channels of the output, at least those of the input, at most 16.
        stride: 2 to 4, at most ``size``.

    Raises:
        TypeError: if an argument is not an int.
        ValueError: if one is out of range.
    """
    values = {"size": size, "in_channels": in_channels, "out_channels": out_channels, "stride": stride}
    for name, value in values.items():
        least, most = SHORTCUT_LIMITS[name]
        if not least <= integer(name, value) <= most:
            raise ValueError(f"{name} must be from {least} to {most}, got {value}")
    values = {name: int(value) for name, value in values.items()}
    if out_channels < in_channels:
        raise ValueError(f"out_channels must be at least in_channels = {in_channels}, got {out_channels}")
    if stride > size:
        raise ValueError(f"stride must be at most size = {size}, got {stride}")
    matrix = in_channels * out_channels
    rows = [
        ("A: the stride, and zeros", 0, _share(size, stride, reach=0)),
        ("B and C: 1×1 with the stride", matrix, _share(size, stride, reach=0)),
        ("D: average, then 1×1", matrix, 1),
        ("main path: 3×3 with the stride", 9 * matrix, _share(size, stride, reach=1)),
    ]
    body = "".join(
        f"<tr><th>{name}</th><td>{weights}</td><td>{share:.0%}</td></tr>" for name, weights, share in rows
    )
    shape = f"{in_channels} to {out_channels} channels, stride {stride}, {size} × {size} pixels"
    head = "<tr><td></td><th>weights</th><th>pixels read</th></tr>"
    fallback = f"<table><caption>{shape}</caption>{head}{body}</table>"
    return Widget("shortcut-explorer", values, fallback, f"Shortcut explorer: {shape}")


def _share(size: int, stride: int, reach: int) -> float:
    """Return the share of the pixels that lie at most ``reach`` rows and columns from a multiple of the stride."""
    read = {at for centre in range(0, size, stride) for at in range(centre - reach, centre + reach + 1)}
    return (len(read & set(range(size))) / size) ** 2
