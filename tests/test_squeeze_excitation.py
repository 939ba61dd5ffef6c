"""The gate: its wiring against fully connected layers by hand, its cost, and the tools that look into it."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import cost
from companion.squeeze_excitation import SqueezeExcitation, explained_by_class, gates_of, replaced_gates


def by_fully_connected_layers(block, x):
    """The paper's own form: two linear layers on the vector of means of each picture."""
    wanted = torch.empty_like(x)
    for n, picture in enumerate(x):
        means = torch.stack([channel.sum() / channel.numel() for channel in picture])
        hidden = F.relu(F.linear(means, block.reduce.weight.flatten(1), block.reduce.bias))
        gates = torch.sigmoid(F.linear(hidden, block.expand.weight.flatten(1), block.expand.bias))
        for c, channel in enumerate(picture):
            wanted[n, c] = channel * gates[c]
    return wanted


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.booleans(), st.integers(1, 5), st.integers(1, 4))
def test_equals_fully_connected_layers_with_the_same_weights(middle, reduction, bias, height, width):
    torch.manual_seed(0)
    block = SqueezeExcitation(middle * reduction, reduction, bias=bias).double()
    x = torch.randn(2, middle * reduction, height, width, dtype=torch.float64)
    torch.testing.assert_close(block(x), by_fully_connected_layers(block, x))


def test_gradients_equal_those_of_fully_connected_layers():
    torch.manual_seed(0)
    block = SqueezeExcitation(8, reduction=2).double()
    x = torch.randn(3, 8, 4, 5, dtype=torch.float64, requires_grad=True)
    inputs = [x, *block.parameters()]
    weight = torch.randn_like(x)
    ours = torch.autograd.grad((block(x) * weight).sum(), inputs)
    theirs = torch.autograd.grad((by_fully_connected_layers(block, x) * weight).sum(), inputs)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("squeeze", [True, False])
@pytest.mark.parametrize("size", [(0, 8, 4, 4), (1, 8, 1, 1), (3, 8, 5, 2)])
def test_any_batch_size_and_memory_format(size, squeeze, memory_format):
    torch.manual_seed(0)
    block, x = SqueezeExcitation(8, reduction=4, squeeze=squeeze), torch.randn(size)
    y = block(x.contiguous(memory_format=memory_format))
    assert y.shape == size
    torch.testing.assert_close(y, block(x))


def fill(block, reduce, expand, reduce_bias=0.0, expand_bias=0.0):
    with torch.no_grad():
        for layer, weight, bias in (
            (block.reduce, reduce, reduce_bias),
            (block.expand, expand, expand_bias),
        ):
            layer.weight.copy_(torch.tensor(weight)[:, :, None, None])
            layer.bias.fill_(bias)
    return block


def test_hand_set_weights_give_known_gates():
    # One hidden channel: the first mean minus the second, cut at zero. Means 3 and 1, then 1 and 3.
    block = fill(SqueezeExcitation(2, reduction=2), [[1.0, -1.0]], [[1.0], [-2.0]], expand_bias=0.5)
    x = torch.tensor([[[[2.0, 4.0]], [[1.0, 1.0]]], [[[1.0, 1.0]], [[2.0, 4.0]]]])  # (2, 2, 1, 2)
    gates = torch.sigmoid(torch.tensor([[2.5, -3.5], [0.5, 0.5]]))[:, :, None, None]
    torch.testing.assert_close(block.gates(x), gates)
    torch.testing.assert_close(block(x), x * gates)


def test_the_squeeze_is_the_mean_and_not_the_maximum():
    block = SqueezeExcitation(4, reduction=2)
    flat = torch.ones(1, 4, 2, 2)
    peaked = torch.zeros(1, 4, 2, 2)
    peaked[:, :, 0, 1] = 4  # the same mean, another maximum
    torch.testing.assert_close(block.gates(peaked), block.gates(flat))
    assert not torch.allclose(block.gates(2 * flat), block.gates(flat))


def test_activation_and_gate_are_where_they_belong_and_of_the_types_asked_for():
    block = fill(
        SqueezeExcitation(1, reduction=1, act_layer=nn.Tanh, gate_layer=nn.ReLU), [[1.0]], [[-2.0]], expand_bias=3.0
    )
    x = torch.full((1, 1, 1, 1), 1.5)
    assert block.gates(x).item() == pytest.approx(3 - 2 * torch.tanh(torch.tensor(1.5)).item())
    assert block.gates(-x).item() == pytest.approx(3 + 2 * torch.tanh(torch.tensor(1.5)).item())
    assert (type(block.activation), type(block.gate)) == (nn.Tanh, nn.ReLU)


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


def test_what_se_resnet_50_adds_to_resnet_50():
    stages = ((256, 3), (512, 4), (1024, 6), (2048, 3))
    blocks = [SqueezeExcitation(channels) for channels, count in stages for _ in range(count)]
    added = sum(p.numel() for block in blocks for p in block.parameters())
    assert added == 28_088_024 - 25_557_032


@pytest.mark.parametrize("squeeze", [True, False])
def test_passes_gradcheck_and_export(squeeze):
    torch.manual_seed(0)
    block = SqueezeExcitation(4, reduction=2, squeeze=squeeze, act_layer=nn.SiLU).double()
    x = torch.randn(2, 4, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block, x)
    program = torch.export.export(block, (x.detach(),))
    torch.testing.assert_close(program.module()(x.detach()), block(x).detach())


@pytest.mark.parametrize("squeeze", [True, False])
def test_compiles_in_one_piece(squeeze):
    torch.manual_seed(0)
    block, x = SqueezeExcitation(4, reduction=2, squeeze=squeeze), torch.randn(2, 4, 2, 2)
    compiled = torch.compile(block, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), block(x))


def test_the_names_of_the_parameters_stay():
    names = ["reduce.weight", "reduce.bias", "expand.weight", "expand.bias"]
    assert list(SqueezeExcitation(8, 2).state_dict()) == names
    assert list(SqueezeExcitation(8, 2, squeeze=False).state_dict()) == names
    assert SqueezeExcitation(32).reduce.out_channels == 2


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
    before = net(x)
    with replaced_gates(net, lambda gates: gates.mean(dim=0, keepdim=True)):
        first = net[0](x)
        frozen = first * torch.sigmoid(net[1].expand(net[1].activation(net[1].reduce(net[1].squeeze(first))))).mean(
            dim=0, keepdim=True
        )
        torch.testing.assert_close(net[1](first), frozen)
        assert not torch.allclose(net(x), before)
    torch.testing.assert_close(net(x), before)

    def fail_inside():
        with replaced_gates(net, torch.zeros_like):
            assert not net(x).any()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail_inside()
    torch.testing.assert_close(net(x), before)


def test_the_share_of_the_classes_agrees_with_sums_by_hand():
    torch.manual_seed(0)
    values, labels = torch.randn(40, 3, dtype=torch.float64), torch.randint(4, (40,))
    between = total = 0.0
    for c in range(3):
        mean = sum(values[:, c]) / 40
        for n in range(40):
            same = [values[m, c] for m in range(40) if labels[m] == labels[n]]
            between += (sum(same) / len(same) - mean) ** 2
            total += (values[n, c] - mean) ** 2
    share = explained_by_class(values, labels)
    torch.testing.assert_close(share, between / total)
    torch.testing.assert_close(explained_by_class(values[:, :, None, None].float(), labels), share)
    torch.testing.assert_close(explained_by_class(3 * values + 7, labels), share)


def test_labels_without_meaning_explain_what_chance_explains():
    generator = torch.Generator().manual_seed(0)
    values, labels = torch.randn(500, 40, generator=generator), torch.arange(500) % 10
    assert explained_by_class(values, labels).item() == pytest.approx(9 / 499, rel=0.15)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"channels": 0}, ValueError, "channels must be at least 1, got 0"),
        ({"channels": 8.0}, TypeError, "channels must be an int, got float"),
        ({"channels": 8, "reduction": 0}, ValueError, "reduction must be at least 1, got 0"),
        ({"channels": 8}, ValueError, "reduction must divide channels, got reduction=16 and channels=8"),
        ({"channels": 9, "reduction": 2}, ValueError, "got reduction=2 and channels=9"),
        ({"channels": 8, "reduction": 2, "squeeze": "mean"}, TypeError, "squeeze must be a bool, got str"),
        ({"channels": 8, "reduction": 2, "bias": 1}, TypeError, "bias must be a bool, got int"),
    ],
)
def test_bad_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        SqueezeExcitation(**arguments)


def test_other_bad_input_is_named():
    with pytest.raises(ValueError, match=r"x must have shape \(N, C, H, W\), got \(4, 3, 3\)"):
        SqueezeExcitation(4, 2)(torch.randn(4, 3, 3))
    with pytest.raises(RuntimeError, match="channels"):
        SqueezeExcitation(4, 2)(torch.randn(1, 5, 3, 3))
    with pytest.raises(ValueError, match="model must hold a SqueezeExcitation block, got none"):
        gates_of(nn.Conv2d(1, 1, 1), torch.randn(1, 1, 2, 2))
    with (
        pytest.raises(ValueError, match="model must hold a SqueezeExcitation block, got none"),
        replaced_gates(nn.ReLU(), torch.ones_like),
    ):
        pass
    with pytest.raises(ValueError, match=r"one N above 0, got \(3, 2\) and \(4,\)"):
        explained_by_class(torch.randn(3, 2), torch.zeros(4))
    with pytest.raises(ValueError, match="values must vary from picture to picture, got no variance"):
        explained_by_class(torch.ones(3, 2), torch.tensor([0, 1, 1]))
