"""Two ReLU lines that the reader moves until they solve the exclusive or."""

import math
from collections.abc import Sequence

from companion.widgets._widget import Widget


def xor_lines(*lines: Sequence[float]) -> Widget:
    """Let the reader move two ReLU units until a weighted sum of them tells the corners of XOR apart.

    A unit is ReLU(x1 cos a + x2 sin a - b): the distance from a line, on one of its sides. The script finds the
    best output weights for the four corners (±1, ±1) as ``companion.nonlinearity.best_cut`` does.

    Args:
        *lines: the two lines at first, each (angle a in degrees, -180 to 180 in steps of 5; offset b, -1.5 to 1.5
            in steps of 0.05). By default each unit reads one channel, which does not solve it.

    Raises:
        ValueError: if there are lines, but not two, or a slider can't be set to one.
    """
    lines = lines or ((0, 0), (90, 0))
    if len(lines) != 2 or any(len(line) != 2 for line in lines):
        raise ValueError(f"lines must be two pairs of angle and offset, got {lines}")
    for name, values, most, step in (
        ("angle", [a for a, _ in lines], 180, 5),
        ("offset", [b for _, b in lines], 1.5, 0.05),
    ):
        for value in values:
            if not abs(value) <= most or not math.isclose(value / step, round(value / step), abs_tol=1e-6):
                raise ValueError(f"{name} must be from {-most} to {most} in steps of {step}, got {value}")
    settings = {"lines": [{"angle": float(angle), "offset": float(offset)} for angle, offset in lines]}
    fallback = (
        "<p>With JavaScript you can move two ReLU units here. One pair that solves XOR is ReLU(x₁ − x₂) and "
        "ReLU(x₂ − x₁): their sum is 2 at the two corners where one channel is bright, and 0 at the other two.</p>"
    )
    text = ", ".join(f"{angle:g}° at {offset:g}" for angle, offset in lines)
    return Widget("xor-lines", settings, fallback, f"Two ReLU lines: {text}")
