"""The gate: its arithmetic is the package's block, with the squeeze and without."""

import numpy as np
import pytest
import torch

from companion import widgets
from companion.squeeze_excitation import SqueezeExcitation
from tests.refusals import refusals
from tests.widgets import SWITCH, Tags, in_javascript, settings_of

X, WIDER = np.zeros((3, 2, 2)), {"expand.weight": np.zeros((3, 2, 1, 1))}
WEIGHTS = {name: np.array(value, float) for name, value in SWITCH.items()}


def random_cases(count, reduction, squeeze):
    """Return blocks with random weights, each with a picture (3, 5, 4)."""
    torch.manual_seed(0)
    blocks = [SqueezeExcitation(3, reduction, squeeze=squeeze).double() for _ in range(count)]
    return [(block, torch.rand(3, 5, 4, dtype=torch.float64)) for block in blocks]


@pytest.mark.parametrize("reduction", [1, 3])
@pytest.mark.parametrize("squeeze", [True, False])
def test_the_gate_computes_what_the_block_computes(reduction, squeeze):
    cases, values = random_cases(5, reduction, squeeze), []
    for block, x in cases:
        settings = widgets.se_gate(x, block.state_dict()).settings
        values.append([x.tolist(), {layer: settings[layer] for layer in ("reduce", "expand")}, squeeze])
    for (block, x), found in zip(cases, in_javascript("se-gate", "Element.forward(...value)", values), strict=True):
        with torch.no_grad():
            y, gates, z = block(x[None])[0], block.gates(x[None])[0], block.squeeze(x[None])
            hidden = block.activation(block.reduce(z))[0]
        for name, wanted in (("z", z[0]), ("hidden", hidden), ("gates", gates)):  # a vector for each position
            torch.testing.assert_close(torch.tensor(found[name]).double(), wanted.flatten(1).T, rtol=0, atol=1e-6)
        torch.testing.assert_close(torch.tensor(found["y"]).double(), y, rtol=0, atol=1e-6)


def test_the_lamp_is_a_column_of_one_channel():
    x = np.random.default_rng(0).random((3, 5, 4))
    lit = x.copy()
    lit[1, :, 3] = np.maximum(lit[1, :, 3], 0.6)
    (found,) = in_javascript("se-gate", "Element.lit(...value)", [[x.tolist(), 1, 3, 0.6]])
    assert found == lit.tolist()


def test_the_guess_is_held_against_the_gate_that_falls_most():
    settings = settings_of(widgets.se_gate(X, WEIGHTS))
    block = {layer: settings[layer] for layer in ("reduce", "expand")}
    (red,) = in_javascript("se-gate", "Element.turnedDown(...value)", [[settings["x"], block, 2, 0]])
    assert red["channel"] == 0
    assert [red["off"], red["on"]] == pytest.approx(torch.tensor([6.0, 6 - 12 * 8 / 2]).sigmoid().tolist())
    turned = {"reduce": block["reduce"], "expand": {"weight": [[12], [-12], [0]], "bias": [-6, 6, 0]}}
    (green,) = in_javascript("se-gate", "Element.turnedDown(...value)", [[settings["x"], turned, 2, 0]])
    assert green["channel"] == 1


def test_the_formula_names_bias_weight_and_unit():
    expand = {"weight": [[-12], [12.5], [0]], "bias": [6, -6, 0]}
    value = [1.5, expand, ["red", "green", "blue"]]
    (words,) = in_javascript("se-gate", "Element.formula(...value)", [value])
    assert words == "red σ(6 − 12 · 1.50), green σ(−6 + 12.5 · 1.50), blue σ(0)"


def test_without_a_script_there_is_a_table_of_the_block_s_gates():
    x = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    block = SqueezeExcitation(3, reduction=1)
    widget = widgets.se_gate(x[0], block.state_dict(), names=("r", "<g>", "b"), lamp=1)
    lit = x.clone()
    lit[:, 1, :, 0] = 1
    with torch.no_grad():
        rows = [[f"{gate:.2f}" for gate in block.gates(picture).flatten().tolist()] for picture in (x, lit)]
    for state, row in zip(("off", "on"), rows, strict=True):
        assert f"<th>&lt;g&gt; lamp {state}</th><td>{'</td><td>'.join(row)}</td>" in widget.fallback
    assert len([tag for tag, _ in Tags(widget.fallback).seen if tag == "td"]) == 7
    assert repr(widget) == "Gate of a picture of 4 × 4 pixels with a <g> lamp"


test_bad_input_is_refused = refusals(
    (lambda: widgets.se_gate(X[None], WEIGHTS), r"x must have shape \(3, H, W\), got \(1, 3, 2, 2\)"),
    (lambda: widgets.se_gate(np.zeros((4, 2, 2)), WEIGHTS), r"x must have shape \(3, H, W\), got \(4, 2, 2\)"),
    (lambda: widgets.se_gate(np.zeros((3, 0, 2)), WEIGHTS), r"x must have shape \(3, H, W\), got \(3, 0, 2\)"),
    (lambda: widgets.se_gate(X + 1.5, WEIGHTS), r"x must lie in \[0, 1\], got 1.5 to 1.5"),
    (lambda: widgets.se_gate(X * np.nan, WEIGHTS), r"x must lie in \[0, 1\], got nan to nan"),
    (lambda: widgets.se_gate(X, WEIGHTS, names=("a", "b")), "names must be three, got 2"),
    (lambda: widgets.se_gate(X, WEIGHTS, lamp=3), "lamp must be 0, 1 or 2, got 3"),
    (lambda: widgets.se_gate(X, {}), r"names and shapes of SqueezeExcitation\(3\), got {}"),
    (lambda: widgets.se_gate(X, WEIGHTS | WIDER), r"'expand.weight': \(3, 2, 1, 1\)"),
    (lambda: widgets.se_gate(X, SqueezeExcitation(6, 3).state_dict()), r"'reduce.weight': \(2, 6, 1, 1\)"),
)
