"""Initialisations: the variances of the papers, and what a deep stack makes of signal and gradient."""

import math

import pytest
import torch
from torch import nn

from companion import pitfalls
from tests.refusals import refusals


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def stack_of(name, channels, layers, seed=0):
    torch.manual_seed(seed)
    return pitfalls.initialise(pitfalls.pointwise_stack(channels, layers), name).double()


@pytest.mark.parametrize("name", pitfalls.INITIALISATIONS)
@pytest.mark.parametrize(("c_in", "c_out", "k", "groups"), [(64, 128, 1, 1), (64, 128, 1, 8), (16, 32, 3, 1)])
def test_the_variances_are_those_of_the_papers(name, c_in, c_out, k, groups):
    torch.manual_seed(0)
    conv = pitfalls.initialise(nn.Conv2d(c_in, c_out, k, groups=groups), name)
    n = c_in // groups * k**2
    wanted = {"N(0, 0.01²)": 1e-4, "Xavier": 2 / (n + c_out * k**2), "He": 2 / n, "PyTorch": 1 / (3 * n)}
    assert conv.weight.var().item() == pytest.approx(wanted[name], rel=0.15)
    assert abs(conv.weight.mean().item()) < 5 * math.sqrt(wanted[name] / conv.weight.numel())
    assert not conv.bias.any()
    assert pitfalls.fan_in(conv) == n


def test_the_one_called_pytorch_is_the_default_and_a_whole_module_is_drawn_anew():
    torch.manual_seed(3)
    conv = nn.Conv2d(16, 8, 3)
    torch.manual_seed(3)
    assert torch.equal(pitfalls.INITIALISATIONS["PyTorch"](torch.empty(8, 16, 3, 3)), conv.weight)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.Conv2d(4, 4, 1, bias=False)), nn.Linear(4, 2))
    before = [parameter.clone() for parameter in net.parameters()]
    assert pitfalls.initialise(net, "He") is net
    changed = [not torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True)]
    assert changed == [True, True, True, False, False]


@pytest.mark.parametrize(("slope", "act"), [(0.0, nn.ReLU()), (0.2, nn.LeakyReLU(0.2)), (1.0, nn.Identity())])
def test_the_factor_is_what_one_layer_does_to_symmetric_maps(slope, act):
    x, weight = gaussian(4000, 64), 0.3 * gaussian(64, 64, seed=1)
    y = act(x) @ weight.T
    ratio = (y.square().mean() / x.square().mean()).item()
    assert ratio == pytest.approx(pitfalls.moment_factor(64, 0.09, negative_slope=slope), rel=0.1)


def test_a_stack_is_1x1_convolutions_with_an_activation_after_each():
    stack = pitfalls.pointwise_stack(6, 3, bias=False, act_layer=nn.Tanh)
    assert [type(layer) for layer in stack] == [nn.Conv2d, nn.Tanh] * 3
    assert sum(parameter.numel() for parameter in stack.parameters()) == 3 * 36
    assert [layer.kernel_size for layer in stack[::2]] == [(1, 1)] * 3
    assert pitfalls.pointwise_stack(6, 1)[0].bias is not None


def test_layer_moments_agree_with_a_walk_by_hand():
    stack, x = stack_of("He", 5, 3), gaussian(4, 5, 3, 2)
    torch.manual_seed(1)
    found = pitfalls.layer_moments(stack, x)
    outputs, maps = [], x
    for layer in stack:
        maps = layer(maps)
        outputs += [maps] if isinstance(layer, nn.Conv2d) else []
    torch.manual_seed(1)
    gradient = torch.randn_like(maps)  # at the end of the stack
    for i in (2, 1, 0):
        gradient = gradient * (outputs[i] > 0)  # back through the ReLU
        torch.testing.assert_close(found["gradient"][i], gradient.square().mean())
        gradient = torch.einsum("oi,nohw->nihw", stack[2 * i].weight[:, :, 0, 0], gradient)
        y = outputs[i].detach()
        torch.testing.assert_close(found["second moment"][i], (y**2).mean())
        torch.testing.assert_close(found["variance"][i], ((y - y.mean(dim=(0, 2, 3), keepdim=True)) ** 2).mean())
        assert found["dead"][i] == sum(not (y[:, c] > 0).any() for c in range(5)) / 5


def test_an_activation_in_place_changes_no_moment():
    plain, x = stack_of("He", 5, 3), gaussian(4, 5, 3, 2)
    in_place = nn.Sequential(*(nn.ReLU(inplace=True) if isinstance(layer, nn.ReLU) else layer for layer in plain))
    found = []
    for stack in (plain, in_place):
        torch.manual_seed(1)
        found.append(pitfalls.layer_moments(stack, x))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_dead_channels_are_counted():
    stack = nn.Sequential(nn.Conv2d(1, 4, 1), nn.ReLU())
    nn.init.zeros_(stack[0].weight)
    stack[0].bias.data = torch.tensor([-1.0, 0.0, 1.0, 2.0])
    found = pitfalls.layer_moments(stack, torch.randn(2, 1, 3, 3))
    assert found["dead"].tolist() == [0.5]
    assert (found["second moment"].item(), found["variance"].item()) == (1.5, 0.0)


@pytest.mark.parametrize(("name", "factor"), [("He", 1), ("Xavier", 1 / 2), ("PyTorch", 1 / 6)])
def test_the_factors_of_a_deep_stack(name, factor):
    x = gaussian(2, 192, 2, 2)
    logs = []
    for seed in range(3):
        found = pitfalls.layer_moments(stack_of(name, 192, 10, seed), x)
        logs += [(found["second moment"][-1] / found["second moment"][0]).log() / 9]
        logs += [(found["gradient"][0] / found["gradient"][-1]).log() / 9]
    assert math.exp(sum(logs) / len(logs)) == pytest.approx(factor, rel=0.1)


def measured(stack, *shape):
    return pitfalls.layer_moments(stack, torch.zeros(shape))


test_bad_input_is_named = refusals(
    (lambda: pitfalls.fan_in(nn.ConvTranspose2d(2, 2, 1)), "layer must be an nn.Conv2d, got ConvTr", TypeError),
    (lambda: pitfalls.moment_factor(0, 1.0), "fan_in must be at least 1, got 0"),
    (lambda: pitfalls.moment_factor(2, -1.0), "variance must be at least 0 and finite, got -1.0"),
    (lambda: pitfalls.moment_factor(2, math.nan), "variance must be.*got nan"),
    (lambda: pitfalls.moment_factor(2, 1.0, negative_slope=math.inf), "negative_slope.*got inf"),
    (lambda: pitfalls.initialise(nn.ReLU(), "Kaiming"), r"one of \[.*'He'.*\], got 'Kaiming'"),
    (lambda: pitfalls.pointwise_stack(0, 3), "channels must be at least 1, got 0"),
    (lambda: pitfalls.pointwise_stack(3, 0), "layers must be at least 1, got 0"),
    (lambda: pitfalls.pointwise_stack(3, 1, bias=0), "bias must be a bool, got int", TypeError),
    (lambda: measured(nn.Sequential(nn.ReLU()), 1, 1, 1, 1), "at least one nn.Conv2d, got none"),
    (lambda: measured(pitfalls.pointwise_stack(2, 1), 2, 1, 1), r"\(N, C, H, W\)"),
    (lambda: measured(pitfalls.pointwise_stack(2, 1), 0, 2, 1, 1), "x must hold at least one"),
)
