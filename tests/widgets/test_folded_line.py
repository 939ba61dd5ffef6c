"""The folded line: its values, pieces and weights are those of ``nonlinearity.folding``."""

import itertools

import numpy as np
import pytest
import torch

from companion import cost, nonlinearity, widgets
from companion.widgets._folded_line import FOLDED_LIMITS
from tests.refusals import refusals
from tests.widgets import in_javascript, settings_of

CASES = list(itertools.product(range(1, FOLDED_LIMITS["depth"] + 1), range(2, FOLDED_LIMITS["folds"] + 1)))


@pytest.mark.parametrize("folds", range(2, FOLDED_LIMITS["folds"] + 1))
def test_the_values_are_those_behind_each_layer_of_the_network(folds):
    points = [*np.random.default_rng(folds).random(20).tolist(), 0, 1]
    got = in_javascript("folded-line", "Element.through(...value)", [[x, 6, folds] for x in points])
    x = torch.tensor(points, dtype=torch.float64)[:, None, None, None]
    with torch.no_grad():
        wanted = [x.flatten(), *(nonlinearity.folding(depth, folds)(x).flatten() for depth in range(1, 7))]
    torch.testing.assert_close(torch.tensor(got, dtype=torch.float64).T, torch.stack(wanted), rtol=0, atol=1e-9)


def test_the_counts_are_those_of_the_network():
    got = in_javascript("folded-line", "Element.count(...value)", CASES)
    for (depth, folds), count in zip(CASES, got, strict=True):
        net = nonlinearity.folding(depth, folds)
        walk = nonlinearity.walk(net, torch.zeros(1), torch.ones(1))
        total = cost.count(net, (1, 1, 1, 1)).total
        one_layer = nonlinearity.stack([1, depth * folds, 1])
        assert count == {
            "units": total.biases,  # one for each unit, none behind the last layer
            "weights": total.weights,
            "pieces": walk.pieces,
            "one_layer": one_layer[0].out_channels + 1,
        }


def test_the_kinks_lie_where_they_are_drawn_alternately_at_the_bottom_and_at_the_top():
    for depth, folds in CASES:
        walk = nonlinearity.walk(nonlinearity.folding(depth, folds), torch.zeros(1), torch.ones(1))
        even = torch.arange(folds**depth + 1, dtype=torch.float64)
        torch.testing.assert_close(walk.knots, even / folds**depth, rtol=0, atol=1e-9)
        torch.testing.assert_close(walk.values[:, 0], even % 2, rtol=0, atol=1e-6)


def test_the_fallback_is_the_table():
    widget = widgets.folded_line(depth=np.int64(3), folds=3)
    assert repr(widget) == "Folded line: 3 layers of 3 units, 27 pieces"
    assert settings_of(widget) == {"depth": 3, "folds": 3, "most_depth": 6, "most_folds": 4}
    assert widget.fallback.count("<tr>") == 1 + 6
    for depth in range(1, 7):
        weights = cost.count(nonlinearity.folding(depth, 3), (1, 1, 1, 1)).total.weights
        assert f"<tr><td>{depth}</td><td>{weights}</td><td>{3**depth}</td></tr>" in widget.fallback


def line(**given):
    return lambda: widgets.folded_line(**given)


test_bad_input_is_named = refusals(
    (line(depth=0), "depth must be at least 1, got 0"),
    (line(depth=7), "depth must be at most 6, got 7"),
    (line(depth=1, folds=1), "folds must be at least 2, got 1"),
    (line(depth=1, folds=5), "folds must be at most 4, got 5"),
    (line(depth=2.0), "depth must be an int, got float", TypeError),
)
