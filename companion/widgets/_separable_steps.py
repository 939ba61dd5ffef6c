"""The steps of a depthwise separable convolution, beside those of the full convolution that it equals."""

import numpy as np

from companion._checks import integer
from companion.widgets._widget import Widget


def separable_steps(
    x: object, depthwise: object, pointwise: object, *, out_channels: int, fallback: str = ""
) -> Widget:
    """Let the reader compute a depthwise separable convolution value by value and count the multiplications.

    The picture is padded with zeros so that the output keeps its size. The full convolution beside it has the
    kernel that ``companion.separable.compose`` gives, and so the same outputs.

    Args:
        x: (C_in, H, W), small whole numbers.
        depthwise: (C_in, k, k), whole numbers, k odd: a kernel for each channel.
        pointwise: (C_out, C_in), whole numbers; as many outputs can be chosen.
        out_channels: how many outputs are chosen at first, 1 to C_out.
        fallback: HTML of what stands there without scripts, in place of a sentence with the counts.

    Raises:
        TypeError: if ``out_channels`` is not an int.
        ValueError: if a shape does not fit, a number is not whole, or ``out_channels`` is out of range.
    """
    x, depthwise, pointwise = np.asarray(x), np.asarray(depthwise), np.asarray(pointwise)
    if x.ndim != 3 or not x.size:
        raise ValueError(f"x must have shape (C_in, H, W), got {x.shape}")
    channels, height, width = x.shape
    k = depthwise.shape[-1] if depthwise.ndim else 0
    if depthwise.shape != (channels, k, k) or k % 2 == 0:
        raise ValueError(f"depthwise must have shape ({channels}, k, k), k odd, got {depthwise.shape}")
    if pointwise.ndim != 2 or pointwise.shape[1] != channels or not pointwise.size:
        raise ValueError(f"pointwise must have shape (C_out, {channels}), got {pointwise.shape}")
    if integer("out_channels", out_channels) > len(pointwise):
        raise ValueError(f"out_channels must be at most {len(pointwise)}, got {out_channels}")
    settings = {}
    for name, value in (("x", x), ("depthwise", depthwise), ("pointwise", pointwise)):
        if not (value == np.round(value)).all():
            raise ValueError(f"{name} must be whole numbers, got {value[value != np.round(value)][0]}")
        settings[name] = value.astype(int).tolist()
    pair, full = channels * (k * k + out_channels), channels * out_channels * k * k
    fallback = fallback or (
        f"<p>At each of {height * width} pixels the {k}×{k} depthwise convolution takes {k * k} products in each "
        f"of {channels} channels, and each of {out_channels} outputs another {channels}: {channels * k * k} + "
        f"{channels * out_channels} = {pair} multiplications. The full {k}×{k} convolution takes {full}, "
        f"{full / pair:.1f} times as many.</p>"
    )
    settings["out_channels"] = int(out_channels)
    shape = f"{channels} channels of {height} × {width}, {out_channels} outputs"
    return Widget("separable-steps", settings, fallback, f"Separable steps: {shape}, {pair} against {full} a pixel")
