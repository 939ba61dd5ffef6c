"""What the studies build and measure beside accuracy: exchanged gates, added means, and layers that are cut."""

from functools import partial

import pytest
import torch
from torch import nn

from companion import data, separable
from companion.squeeze_excitation import SqueezeExcitation
from companion.studies import gate_kinds, lamps, separable_layer
from companion.training import evaluate


@pytest.fixture(scope="module")
def split():
    return data.lamp_digits(train_size=20)


@pytest.fixture(scope="module")
def digits():
    return data.digits(train_size=20)


def gated():
    torch.manual_seed(0)
    return lamps.network(partial(SqueezeExcitation, reduction=1)).eval()


def test_with_gates_at_one_a_network_does_what_it_does_without_a_gate(split):
    net = gated()
    without = nn.Sequential(nn.Identity(), *list(net)[1:])
    wanted = evaluate(without, split.test_x, split.test_y)
    assert gate_kinds.TAMPERED["gates at one"](net, split) == wanted
    assert gate_kinds.TAMPERED["mean gates"](without, split) == wanted, "nothing to exchange"


def test_swapped_and_mean_gates_are_gates_of_the_batch():
    gates = torch.rand(50, 3, 1, 1)
    other = gate_kinds.swapped(gates)
    assert sorted(other.flatten(1).tolist()) == sorted(gates.flatten(1).tolist())
    assert (other != gates).flatten(1).any(dim=1).sum() > 45
    assert torch.equal(other, gate_kinds.swapped(gates)), "always the same ones"
    torch.testing.assert_close(gate_kinds.mean(gates)[0], gates.mean(dim=0))


def test_an_opened_gate_lets_the_maps_pass_at_the_start():
    torch.manual_seed(0)
    gates = gate_kinds.opened(32).gates(torch.rand(4, 32, 8, 8))
    assert 0.7 < gates.min() < gates.max() < 1.3


def test_added_means_move_all_positions_of_a_channel_alike():
    torch.manual_seed(0)
    x = torch.rand(2, 3, 8, 8)
    offsets = (lamps.MeansAdded(3)(x) - x).flatten(2)
    assert offsets.std(dim=2).max() < 1e-6
    assert offsets.mean(dim=2).std() > 1e-3


def test_a_layer_cut_to_all_nine_kernels_is_itself_and_keeps_its_weights(digits):
    torch.manual_seed(0)
    net = separable_layer.full().eval()
    before = separable_layer.kernel_of(net).clone()
    own = evaluate(net, digits.test_x, digits.test_y)
    assert separable_layer.cut_accuracy(9, net, digits) == pytest.approx(own, abs=0.5)
    separable_layer.cut_accuracy(1, net, digits)
    assert torch.equal(separable_layer.kernel_of(net), before)


def test_the_kernel_of_a_pair_does_what_the_pair_does():
    torch.manual_seed(0)
    net, x = separable_layer.pair(), torch.randn(2, 32, 4, 4)
    kernel, middle = separable_layer.kernel_of(net), net[3]
    assert isinstance(middle, separable.DepthwiseSeparable)
    through = middle(x) - middle(torch.zeros_like(x))  # without the biases, which meet the border alike
    torch.testing.assert_close(nn.functional.conv2d(x, kernel, padding=1), through, rtol=1e-4, atol=1e-5)
