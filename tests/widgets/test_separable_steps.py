"""Separable steps: the values are those of torch's convolutions, the counts those of ``companion.cost``."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from companion import cost, separable, widgets
from tests.refusals import refusals
from tests.widgets import DEPTHWISE, PICTURE, POINTWISE, in_javascript, paired, settings_of


def drawn(seed, channels, outputs, size, k):
    """A picture (C, H, W), depthwise kernels (C, k, k) and a matrix (C_out, C) of small whole numbers."""
    generator = torch.Generator().manual_seed(seed)
    shapes = (channels, *size), (channels, k, k), (outputs, channels)
    return [torch.randint(-4, 5, shape, generator=generator) for shape in shapes]


@pytest.mark.parametrize(
    "given", [(0, 3, 4, (5, 5), 3), (1, 1, 1, (2, 7), 3), (2, 2, 5, (4, 3), 5), (3, 4, 2, (3, 3), 1)]
)
def test_the_values_are_those_of_torch_s_convolutions(given):
    x, depthwise, pointwise = drawn(*given)
    wide, deep, weights = x.double()[None], depthwise.double()[:, None], pointwise.double()[:, :, None, None]
    middle = F.conv2d(wide, deep, padding="same", groups=len(x))
    outputs = F.conv2d(middle, weights)
    full = F.conv2d(wide, separable.compose(deep, weights), padding="same")
    arrays = {"x": x.tolist(), "depthwise": depthwise.tolist(), "pointwise": pointwise.tolist()}
    pixels = [[arrays, i, j] for i, j in np.ndindex(*x.shape[1:])]
    sums = "Element.{}(...value).map((terms) => Element.sum(terms))"
    for way, wanted in (("separable", torch.cat([middle, outputs], dim=1)), ("full", full)):
        got = in_javascript("separable-steps", sums.format(way), pixels)  # (H * W, values)
        assert torch.equal(torch.tensor(got).double().T, wanted[0].flatten(1))


def test_the_multiplications_are_those_that_the_package_counts():
    cases = [[1, 1, 3], [3, 4, 3], [3, 6, 1], [2, 5, 7], [16, 64, 5]]
    for (c, outputs, k), got in paired("separable-steps", "Element.multiplications(...value)", cases):
        padding, size = k // 2, (1, c, 1, 1)
        pair = cost.count(separable.DepthwiseSeparable(c, outputs, k), size).total.macs
        full = cost.count(torch.nn.Conv2d(c, outputs, k, padding=padding), size).total.macs
        assert got == {"separable": pair, "full": full}


def test_as_many_terms_are_shown_as_multiplications_are_counted():
    arrays = settings_of(widgets.separable_steps(PICTURE, DEPTHWISE, POINTWISE, out_channels=3))
    for way in ("separable", "full"):
        values = in_javascript("separable-steps", f"Element.{way}(value, 0, 0)", [arrays])[0]
        counted = in_javascript("separable-steps", "Element.multiplications(2, 4, 3)", [0])[0][way]
        assert sum(map(len, values)) == counted


def test_the_fallback_has_the_counts_and_can_be_another():
    widget = widgets.separable_steps(PICTURE, DEPTHWISE, POINTWISE, out_channels=np.int64(3))
    assert "18 + 6 = 24 multiplications. The full 3×3 convolution takes 54, 2.2 times as many." in widget.fallback
    assert repr(widget) == "Separable steps: 2 channels of 2 × 3, 3 outputs, 24 against 54 a pixel"
    assert settings_of(widget) == {"x": PICTURE, "depthwise": DEPTHWISE, "pointwise": POINTWISE, "out_channels": 3}
    other = widgets.separable_steps(PICTURE, DEPTHWISE, POINTWISE, out_channels=1, fallback="<p>a</p>")
    assert other.fallback == "<p>a</p>"


def steps(**bad):
    good = {"x": PICTURE, "depthwise": DEPTHWISE, "pointwise": POINTWISE, "out_channels": 1}
    return lambda: widgets.separable_steps(**good | bad)


test_bad_input_is_named = refusals(
    (steps(x=[[1, 2]]), r"x must have shape \(C_in, H, W\), got \(1, 2\)"),
    (steps(x=np.zeros((2, 0, 3))), r"x must have shape \(C_in, H, W\), got \(2, 0, 3\)"),
    (steps(depthwise=DEPTHWISE[:1]), r"depthwise must have shape \(2, k, k\), k odd, got \(1, 3, 3\)"),
    (steps(depthwise=1), r"depthwise must have shape \(2, k, k\), k odd, got \(\)"),
    (steps(depthwise=np.ones((2, 2, 2))), r"k odd, got \(2, 2, 2\)"),
    (steps(pointwise=[[1, 2, 3]]), r"pointwise must have shape \(C_out, 2\), got \(1, 3\)"),
    (steps(pointwise=np.ones((0, 2))), r"pointwise must have shape \(C_out, 2\), got \(0, 2\)"),
    (steps(pointwise=[[1, 0.5]]), "pointwise must be whole numbers, got 0.5"),
    (steps(x=np.full((2, 2, 2), np.nan)), "x must be whole numbers, got nan"),
    (steps(out_channels=5), "out_channels must be at most 4, got 5"),
    (steps(out_channels=0), "out_channels must be at least 1, got 0"),
    (steps(out_channels=1.0), "out_channels must be an int, got float", TypeError),
)
