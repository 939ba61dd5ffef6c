"""The dot product: its arithmetic is a convolution's."""

import numpy as np
import pytest
import torch

from companion import widgets
from tests.widgets import KERNELS, PICTURE, in_javascript


@pytest.mark.parametrize("name", KERNELS)
def test_the_dot_product_is_a_convolution(name):
    kernels = torch.tensor(KERNELS[name], dtype=torch.float64)
    y = torch.nn.functional.conv2d(torch.tensor(PICTURE).double()[None], kernels, padding="same")[0]
    places = [[o, i, j] for o in range(2) for i in range(2) for j in range(3)]
    values = [[PICTURE, KERNELS[name][o], i, j] for o, i, j in places]
    assert in_javascript("dot-product", "Element.value(...value)", values) == [y[tuple(at)].item() for at in places]
    terms = in_javascript("dot-product", "Element.terms(...value)", values[:1])[0]
    assert len(terms) == kernels[0].numel()


def test_the_dot_product_takes_what_fits():
    widget = widgets.dot_product(PICTURE, KERNELS, fallback="<p>static</p>")
    assert repr(widget) == "Dot product: x of 2 × 2 × 3, kernels 1×1, 3×3"
    assert widget.settings == {"x": PICTURE, "kernels": KERNELS}
    for x, kernels, message in (
        ([[1, 2]], KERNELS, r"x must have shape \(C_in, H, W\), got \(1, 2\)"),
        (PICTURE, {}, "kernels must be at least one, got none"),
        (PICTURE, {"a": np.ones((2, 3, 1, 1))}, r"got \(2, 3, 1, 1\) for 'a'"),
        (PICTURE, {"a": np.ones((2, 2, 2, 2))}, r"k odd, with one C_out, got \(2, 2, 2, 2\) for 'a'"),
        (PICTURE, {"a": np.ones((2, 2, 1, 1)), "b": np.ones((1, 2, 1, 1))}, r"one C_out, got \(2, 2, 1, 1\)"),
    ):
        with pytest.raises(ValueError, match=message):
            widgets.dot_product(x, kernels, fallback="")
