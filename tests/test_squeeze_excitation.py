"""The gate, compared with fully connected layers; its cost; gates read, replaced and explained."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import cost
from companion.squeeze_excitation import SqueezeExcitation, explained_by_class, gates_of, replaced_gates
from tests.refusals import refusals


def by_fully_connected_layers(block, x, activation=torch.relu, gate=torch.sigmoid):
    """The paper's own form: two linear layers on the vector of means of each picture."""
    hidden = activation(F.linear(x.mean(dim=(2, 3)), block.reduce.weight.flatten(1), block.reduce.bias))
    gates = gate(F.linear(hidden, block.expand.weight.flatten(1), block.expand.bias))
    return torch.einsum("nchw,nc->nchw", x, gates)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.booleans(), st.integers(1, 5), st.integers(1, 4))
def test_equals_fully_connected_layers_with_the_same_weights(middle, reduction, bias, height, width):
    torch.manual_seed(0)
    block = SqueezeExcitation(middle * reduction, reduction, bias=bias).double()
    x = torch.randn(2, middle * reduction, height, width, dtype=torch.float64)
    torch.testing.assert_close(block(x), by_fully_connected_layers(block, x))


def test_activation_and_gate_are_of_the_types_asked_for():
    torch.manual_seed(0)
    block, x = SqueezeExcitation(6, 2, act_layer=nn.Tanh, gate_layer=nn.Softplus), torch.randn(2, 6, 3, 4)
    torch.testing.assert_close(block(x), by_fully_connected_layers(block, x, torch.tanh, F.softplus))


def test_without_the_squeeze_each_position_is_its_own_picture():
    torch.manual_seed(0)
    block = SqueezeExcitation(6, reduction=3, squeeze=False).double()
    x = torch.randn(2, 6, 3, 4, dtype=torch.float64)
    squeezed = SqueezeExcitation(6, reduction=3).double()
    squeezed.load_state_dict(block.state_dict())
    for i in range(3):
        for j in range(4):
            pixel = x[:, :, i : i + 1, j : j + 1]
            torch.testing.assert_close(block(x)[:, :, i : i + 1, j : j + 1], squeezed(pixel))
    assert block.gates(x).shape == x.shape
    assert squeezed.gates(x).shape == (2, 6, 1, 1)


@pytest.mark.parametrize("reduction", [1, 2, 4, 8, 16, 32])
def test_weights_and_macs_follow_the_formula(reduction):
    channels, height, width = 32, 7, 5
    for squeeze, positions in ((True, 1), (False, height * width)):
        block = SqueezeExcitation(channels, reduction, squeeze=squeeze)
        total = cost.count(block, (1, channels, height, width)).total
        assert total.weights == 2 * channels**2 // reduction
        assert total.biases == channels // reduction + channels
        assert total.macs == positions * total.weights
    bare = cost.count(SqueezeExcitation(channels, reduction, bias=False), (1, channels, 7, 7)).total
    assert (bare.weights, bare.biases) == (total.weights, 0)
    assert SqueezeExcitation(32).reduce.out_channels == 2, "the default is that of the paper, 16"


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), SqueezeExcitation(4, 2), nn.Dropout(0.5), nn.Conv2d(4, 6, 3), SqueezeExcitation(6, 3)
    )


def test_gates_of_returns_the_gates_in_evaluation_mode_and_leaves_the_model_alone():
    net, x = network().train(), torch.randn(5, 1, 6, 6)
    gates = gates_of(net, x)
    first = net[0](x)
    second = net[3](net[1](first))
    assert list(gates) == ["1", "4"]
    torch.testing.assert_close(gates["1"], net[1].gates(first))
    torch.testing.assert_close(gates["4"], net[4].gates(second))
    assert all(module.training for module in net.modules())
    assert not any(value.requires_grad for value in gates.values())
    assert not net[1].gate._forward_hooks


def test_gates_are_replaced_inside_the_with_statement_alone():
    net, x = network().eval(), torch.randn(5, 1, 6, 6)
    before, first = net(x), net[0](x)
    mean = net[1].gates(first).mean(dim=0, keepdim=True)
    with replaced_gates(net, lambda gates: gates.mean(dim=0, keepdim=True)):
        torch.testing.assert_close(net[1](first), first * mean)
        assert not torch.allclose(net(x), before)
    torch.testing.assert_close(net(x), before)

    with pytest.raises(TypeError), replaced_gates(net, torch.zeros_like):
        net(None)
    torch.testing.assert_close(net(x), before)


def test_the_share_of_the_classes_agrees_with_sums_by_hand():
    torch.manual_seed(0)
    values, labels = torch.randn(40, 3, dtype=torch.float64), torch.randint(4, (40,))
    centred = values - values.mean(dim=0)
    means = torch.stack([centred[labels == label].mean(dim=0) for label in labels])  # of each picture's class
    wanted = means.square().sum() / centred.square().sum()
    torch.testing.assert_close(explained_by_class(values, labels), wanted)
    torch.testing.assert_close(explained_by_class(values[:, :, None, None].float(), labels), wanted)
    torch.testing.assert_close(explained_by_class(3 * values + 7, labels), wanted)


def test_labels_without_meaning_explain_what_chance_explains():
    generator = torch.Generator().manual_seed(0)
    values, labels = torch.randn(500, 40, generator=generator), torch.arange(500) % 10
    assert explained_by_class(values, labels).item() == pytest.approx(9 / 499, rel=0.15)


def replace_without_a_block():
    with replaced_gates(nn.ReLU(), torch.ones_like):
        pass


test_bad_input_is_named = refusals(
    (lambda: SqueezeExcitation(9, 2), "reduction must divide .* reduction=2 and channels=9"),
    (lambda: SqueezeExcitation(8, 2, squeeze="mean"), "squeeze must be a bool, got str", TypeError),
    (lambda: SqueezeExcitation(4, 2)(torch.ones(4, 3, 3)), r"x must have .* got \(4, 3, 3\)"),
    (lambda: gates_of(nn.ReLU(), torch.ones(1)), "model must hold a SqueezeExcitation block"),
    (replace_without_a_block, "model must hold a SqueezeExcitation block"),
    (lambda: explained_by_class(torch.ones(3, 2), torch.ones(3, 2)), r"labels .* got \(3, 2\)"),
    (lambda: explained_by_class(torch.ones(3, 2), torch.ones(3)), "got no variance"),
    (lambda: explained_by_class(torch.full((3, 1), 0.1, dtype=torch.float64), torch.arange(3)), "got no variance"),
    (lambda: explained_by_class([[0.0], [1.0]], torch.ones(2)), "values must be a torch.Tensor", TypeError),
    (lambda: explained_by_class(torch.ones(3), torch.ones(3)), r"values must have shape \(N, C\), got \(3,\)"),
)
