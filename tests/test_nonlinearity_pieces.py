"""The linear pieces of ReLU networks along a line, and the network with as many as the theory allows."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import nonlinearity, pointwise
from tests.refusals import refusals


def points(start, end, shares):
    return start.double() + shares[:, None] * (end.double() - start.double())  # (S, C)


def run(net, rows):
    """Send rows (S, C) through a network of 1x1 convolutions, each as a picture of one pixel."""
    with torch.no_grad():
        return net(rows[:, :, None, None])[:, :, 0, 0]


def patterns(net, rows):
    """Return which units are on, (S, units), by running the layers one after the other."""
    found, h = [], rows[:, :, None, None]
    with torch.no_grad():
        for layer in net:
            h = layer(h)
            if isinstance(layer, nn.ReLU):
                found.append((h > 0).flatten(1))
    return torch.cat(found, dim=1)


def random_case(depth, width, seed):
    torch.manual_seed(seed)
    net = nonlinearity.stack([3] + [width] * depth + [2]).double()
    for layer in net:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return net, *(3 * torch.randn(2, 3))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 999))
def test_the_network_is_straight_between_neighbouring_knots(depth, width, seed):
    net, start, end = random_case(depth, width, seed)
    knots, values = nonlinearity.walk(net, start, end)
    assert knots.dtype == values.dtype == torch.float64
    assert (knots[0], knots[-1]) == (0, 1)
    assert (knots.diff() > 0).all()
    torch.testing.assert_close(values, run(net, points(start, end, knots)))
    middle = run(net, points(start, end, (knots[1:] + knots[:-1]) / 2))
    torch.testing.assert_close(middle, (values[1:] + values[:-1]) / 2)


@pytest.mark.parametrize("seed", range(6))
def test_a_piece_is_where_no_unit_switches_and_every_switch_is_found(seed):
    net, start, end = random_case(3, 5, seed)
    walk = nonlinearity.walk(net, start, end)
    shares = torch.linspace(0, 1, 20_001, dtype=torch.float64)
    on = patterns(net, points(start, end, shares))
    changes = shares[1:][(on[1:] != on[:-1]).any(dim=1)]
    nearest = (changes[:, None] - walk.knots).abs().amin(dim=1)
    assert (nearest < 1e-4).all(), "each change that sampling sees lies at a knot"
    inside = walk.knots[1:-1]
    before, after = (patterns(net, points(start, end, inside + step)) for step in (-1e-7, 1e-7))
    assert (before != after).any(dim=1).all(), "at each knot a unit switches"
    assert walk.pieces == len(walk.knots) - 1 > 1


@pytest.mark.parametrize(("depth", "folds"), [(1, 2), (2, 2), (6, 2), (3, 3), (2, 5), (3, 8), (4, 8), (4, 7)])
def test_a_folding_network_has_folds_to_the_depth_equal_pieces_from_0_to_1_and_back(depth, folds):
    net = nonlinearity.folding(depth, folds)
    walk = nonlinearity.walk(net, torch.zeros(1), torch.ones(1))
    pieces = folds**depth
    assert walk.pieces == pieces
    torch.testing.assert_close(walk.knots, torch.arange(pieces + 1, dtype=torch.float64) / pieces)
    zigzag = torch.arange(pieces + 1, dtype=torch.float64) % 2
    torch.testing.assert_close(walk.values[:, 0], zigzag, rtol=0, atol=1e-9)


def test_a_folding_network_is_made_of_1x1_convolutions_of_the_width_asked_for():
    net = nonlinearity.folding(depth=3, folds=4)
    widths = [(layer.in_channels, layer.out_channels) for layer in net if isinstance(layer, nn.Conv2d)]
    assert widths == [(1, 4), (4, 4), (4, 4), (4, 1)]
    assert [type(layer) for layer in net[1::2]] == [nn.ReLU] * 3


def test_to_touch_zero_or_stay_there_is_not_to_switch_and_to_switch_together_is_one_knot():
    net = nn.Sequential(*nonlinearity.folding(depth=2), nn.ReLU())  # falls to zero in the middle, and rises again
    assert nonlinearity.walk(net, torch.zeros(1), torch.ones(1)).pieces == 4
    layer = pointwise.as_conv2d(torch.eye(1), torch.tensor([-0.5]))
    walk = nonlinearity.walk([layer, nn.ReLU(), nn.ReLU()], torch.zeros(1), torch.ones(1))
    assert walk.knots.tolist() == [0, 0.5, 1]
    assert walk.values[:, 0].tolist() == [0, 0, 0.5]
    weight, bias = torch.tensor([[3, -0.1], [-1, 0.1 / 3]], dtype=torch.float64)
    net = [pointwise.as_conv2d(weight[:, None], bias), nn.ReLU()]
    assert nonlinearity.walk(net, torch.zeros(1), torch.ones(1)).knots.tolist() == pytest.approx([0, 1 / 3, 1])


def test_layers_without_an_activation_make_one_piece_and_normalisations_are_followed():
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(4).double()
    norm(torch.randn(8, 4, 3, 3, dtype=torch.float64))
    net = nn.Sequential(nn.Conv2d(2, 4, 1).double(), norm.eval(), nn.Identity(), nn.Conv2d(4, 1, 1).double())
    start, end = torch.randn(2, 2)
    walk = nonlinearity.walk(net, start, end)
    assert walk.pieces == 1
    torch.testing.assert_close(walk.values, run(net, torch.stack([start, end]).double()))


CONV, PIXEL = nn.Conv2d(2, 2, 1), torch.zeros(2)
test_bad_input_is_named = refusals(
    (lambda: nonlinearity.walk([CONV, nn.GELU()], PIXEL, PIXEL), r"net\[1\] must be .* got GELU", TypeError),
    (lambda: nonlinearity.walk([nn.Conv2d(2, 2, 3)], PIXEL, PIXEL), r"net\[0\] must be a 1x1 conv"),
    (lambda: nonlinearity.walk([CONV], *torch.zeros(2, 3)), r"net\[0\] must read 3 .* got 2"),
    (lambda: nonlinearity.walk([CONV], PIXEL, PIXEL[None]), r"end must have .*, got \(1, 2\)"),
    (lambda: nonlinearity.folding(0, 2), "depth must be at least 1, got 0"),
    (lambda: nonlinearity.folding(1, 1), "folds must be at least 2, got 1"),
    (lambda: nonlinearity.folding(1.0, 2), "depth must be an int, got float", TypeError),
)
