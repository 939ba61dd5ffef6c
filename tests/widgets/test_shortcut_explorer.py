"""The shortcut explorer: an output reads what has a gradient, and the line to copy says so too."""

import itertools
import re

import numpy as np
import pytest
import torch
from torch import nn

from companion import cost, receptive_field, residual, widgets
from tests.refusals import refusals
from tests.widgets import in_javascript

BUILD = {
    "identity": residual.Identity,
    "A": residual.OPTIONS["A"],
    "B": residual.OPTIONS["B"],
    "C": residual.OPTIONS["C"],
    "D": residual.AveragePoolProjection,
    "main": lambda a, b, stride, norm_layer: nn.Conv2d(a, b, 3, stride=stride, padding=1, bias=False),
}
SHAPES = [
    {"size": size, "in_channels": 2, "out_channels": channels, "stride": stride}
    for size, channels, stride in [(8, 4, 2), (7, 2, 2), (9, 3, 3), (5, 2, 1), (4, 3, 1), (10, 3, 4)]
]


def built(kind, shape):
    """The module and a picture for it; None for an identity that cannot be."""
    torch.manual_seed(0)
    x = torch.randn(1, shape["in_channels"], shape["size"], shape["size"])
    try:
        args = shape["in_channels"], shape["out_channels"], shape["stride"]
        return BUILD[kind](*args, norm_layer=nn.Identity), x
    except ValueError:
        return None, x


@pytest.mark.parametrize("kind", BUILD)
def test_an_output_reads_the_inputs_that_have_a_gradient(kind):
    values, wanted, ever = [], [], []
    for shape in SHAPES:
        module, x = built(kind, shape)
        side = -(-shape["size"] // shape["stride"])
        places = [(c, r, r) for c in range(shape["out_channels"]) for r in (0, side - 1)] + [(0, 0, side // 2)]
        for channel, row, column in places:
            values.append([kind, shape, channel, row, column])
            if module is None:
                wanted.append(None)
                continue
            gradient = receptive_field.input_gradient(module, x, position=(row, column), channel=channel)
            wanted.append(sorted(place[1:] for place in gradient.nonzero().tolist()))
        if module is None:
            ever.append([])
        else:
            ever.append(receptive_field.gradient_map(module, x).flatten().nonzero().flatten().tolist())
    found = in_javascript("shortcut-explorer", "Element.reads(...value)", values)
    assert [None if one is None else sorted(one) for one in found] == wanted
    pairs = [[kind, shape] for shape in SHAPES]
    assert in_javascript("shortcut-explorer", "Element.everRead(...value)", pairs) == ever
    assert any(wanted), "nothing was compared"


def test_the_weights_are_those_of_the_modules():
    cases = [(kind, shape) for kind, shape in itertools.product(BUILD, SHAPES) if built(kind, shape)[0] is not None]
    size = [(1, shape["in_channels"], shape["size"], shape["size"]) for _, shape in cases]
    wanted = [cost.count(built(*case)[0], n).total.weights for case, n in zip(cases, size, strict=True)]
    assert in_javascript("shortcut-explorer", "Element.weights(...value)", cases) == wanted
    assert max(wanted) > min(wanted) == 0


@pytest.mark.parametrize("kind", BUILD)
def test_the_line_to_copy_counts_in_the_package_what_the_script_counts(kind):
    shape = SHAPES[3] if kind == "identity" else SHAPES[0]
    value = [kind, shape, 1, 2, 0]
    both = "[Element.line(...value), Element.reads(...value)]"
    line, reads = in_javascript("shortcut-explorer", both, [value])[0]
    names = {"torch": torch, "residual": residual, "receptive_field": receptive_field}
    assignment, question = line.splitlines()
    exec(assignment, names)
    assert eval(question, names).item() == len(reads) > 0


@pytest.mark.parametrize(("size", "stride"), [(8, 2), (9, 3), (10, 4), (16, 4), (5, 4)])
def test_without_a_script_there_is_a_table_of_weights_and_pixels(size, stride):
    widget = widgets.shortcut_explorer(size=np.int64(size), in_channels=2, out_channels=3, stride=stride)
    assert widget.settings == {"size": size, "in_channels": 2, "out_channels": 3, "stride": stride}
    rows = re.findall(r"<td>(\d+)</td><td>(\d+%)</td>", widget.fallback)
    wanted = []
    for kind in ("A", "C", "D", "main"):
        module, x = built(kind, widget.settings)
        read = (receptive_field.gradient_map(module, x) > 0).double().mean().item()
        wanted.append((str(cost.count(module, tuple(x.shape)).total.weights), f"{read:.0%}"))
    assert rows == wanted


def test_it_says_its_shapes():
    assert repr(widgets.shortcut_explorer()) == "Shortcut explorer: 4 to 8 channels, stride 2, 8 × 8 pixels"


def settings(**changed):
    return lambda: widgets.shortcut_explorer(**changed)


test_bad_input_is_refused = refusals(
    (settings(size=17), "size must be from 2 to 16, got 17"),
    (settings(in_channels=0), "in_channels must be at least 1, got 0"),
    (settings(in_channels=9, out_channels=9), "in_channels must be from 1 to 8, got 9"),
    (settings(out_channels=17), "out_channels must be from 1 to 16, got 17"),
    (settings(out_channels=3), "out_channels must be at least in_channels = 4, got 3"),
    (settings(stride=1), "stride must be from 2 to 4, got 1"),
    (settings(size=2, stride=3), "stride must be at most size = 2, got 3"),
    (settings(stride=2.0), "stride must be an int, got float", TypeError),
)
