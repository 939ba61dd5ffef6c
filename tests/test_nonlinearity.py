"""Stacks of 1x1 convolutions, and the one matrix that some of them are."""

import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import nonlinearity
from tests.refusals import refusals


def linear(*channels):
    return nonlinearity.stack(channels, act_layer=nn.Identity).double()


def trained_norm(channels, **options):
    """A batch normalisation in evaluation mode whose numbers are all its own."""
    norm = nn.BatchNorm2d(channels, **options).double()
    for name, value in norm.state_dict().items():
        if value.is_floating_point():
            nn.init.uniform_(norm.get_buffer(name) if "running" in name else norm.get_parameter(name), 0.5, 2)
    return norm.eval()


def test_a_stack_has_an_activation_between_two_convolutions_and_none_at_the_end():
    torch.manual_seed(0)
    net = nonlinearity.stack([3, 5, 4, 2], act_layer=nn.Tanh).double()
    x = torch.randn(2, 3, 4, 6, dtype=torch.float64)
    y = x
    for index, layer in enumerate((net[0], net[2], net[4])):
        assert (layer.kernel_size, layer.bias is None) == ((1, 1), False)
        y = F.conv2d(y.tanh() if index else y, layer.weight, layer.bias)
    torch.testing.assert_close(net(x), y)
    assert [type(layer) for layer in net] == [nn.Conv2d, nn.Tanh, nn.Conv2d, nn.Tanh, nn.Conv2d]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(0, 99))
def test_the_one_layer_does_what_the_stack_does_and_has_the_rank_of_its_thinnest_width(channels, seed):
    torch.manual_seed(seed)
    layers, x = linear(*channels), torch.randn(2, channels[0], 3, 4, dtype=torch.float64)
    single = nonlinearity.collapse(*layers)
    torch.testing.assert_close(single(x), layers(x))
    assert single.weight.shape == (channels[-1], channels[0], 1, 1)
    assert torch.linalg.matrix_rank(single.weight[:, :, 0, 0]) <= min(channels)


@pytest.mark.parametrize("options", [{}, {"affine": False}, {"eps": 0.1}])
def test_batch_normalisation_folds_in_before_between_and_after(options):
    torch.manual_seed(0)
    layers = nn.Sequential(
        trained_norm(3, **options),
        nn.Conv2d(3, 4, 1, bias=False).double(),
        trained_norm(4, **options),
        nn.Conv2d(4, 2, 1, bias=False).double(),
        trained_norm(2, **options),
    )
    x = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    torch.testing.assert_close(nonlinearity.collapse(*layers)(x), layers(x))


def test_groups_become_zeros_and_biases_only_come_from_biases():
    torch.manual_seed(0)
    grouped, mixed = nn.Conv2d(6, 4, 1, groups=2, bias=False), nn.Conv2d(4, 3, 1, bias=False)
    x = torch.randn(1, 6, 2, 2)
    torch.testing.assert_close(nonlinearity.collapse(grouped, nn.Identity(), mixed)(x), mixed(grouped(x)))
    alone = nonlinearity.collapse(grouped)
    assert (alone.weight[:2, 3:] == 0).all()
    assert alone.groups == 1
    assert alone.bias is None
    assert nonlinearity.collapse(grouped, nn.Conv2d(4, 3, 1)).bias is not None
    assert nonlinearity.collapse(nn.Conv2d(6, 4, 1), mixed).bias is not None
    assert nonlinearity.collapse(trained_norm(6).float(), grouped, mixed).bias is not None


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_product_is_computed_in_float64_and_comes_back_in_the_dtype_of_the_layers(dtype):
    torch.manual_seed(0)
    layers = nonlinearity.stack([64, 64, 64], act_layer=nn.Identity).to(dtype)
    exact = nonlinearity.collapse(*copy.deepcopy(layers).double())
    single = nonlinearity.collapse(*layers)
    assert single.weight.dtype == single.bias.dtype == dtype
    torch.testing.assert_close(single.weight, exact.weight.to(dtype), rtol=0, atol=0)
    torch.testing.assert_close(single.bias, exact.bias.to(dtype), rtol=0, atol=0)


def test_string_paddings_that_pad_nothing_are_allowed():
    for padding in ("same", "valid"):
        layer = nn.Conv2d(3, 2, 1, padding=padding)
        assert torch.equal(nonlinearity.collapse(layer).weight, layer.weight)


def collapse(*layers):
    return lambda: nonlinearity.collapse(*layers)


CONV, DOUBLE, NORM = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1).double(), nn.BatchNorm2d(2)
test_bad_input_is_named = refusals(
    (lambda: nonlinearity.stack([3]), r"channels must be at least two, C_in and C_out, got \[3\]"),
    (lambda: nonlinearity.stack([3, 0, 2]), r"channels\[1\] must be at least 1, got 0"),
    (lambda: nonlinearity.stack(3), "channels must be a sequence of ints, got int", TypeError),
    (lambda: nonlinearity.stack([3, 2.0]), r"channels\[1\] must be an int, got float", TypeError),
    (collapse(CONV, nn.ReLU()), r"layers\[1\] must be an nn.Conv2d or nn.BatchNorm2d, got ReLU", TypeError),
    (collapse(nn.ConvTranspose2d(2, 2, 1)), r"layers\[0\] must .* got ConvTranspose2d", TypeError),
    (collapse(nn.Conv2d(2, 2, 3, padding=1)), r"layers\[0\] must be a 1x1 convolution"),
    (collapse(nn.Conv2d(2, 2, 1, stride=2)), r"with stride 1 and .*stride=\(2, 2\)"),
    (collapse(nn.Conv2d(2, 2, 1, padding=1)), r"and no padding, got .*padding=\(1, 1\)"),
    (collapse(NORM), r"layers\[0\] must be in evaluation mode"),
    (collapse(nn.BatchNorm2d(2, track_running_stats=False).eval()), "running statistics"),
    (collapse(CONV, nn.Conv2d(3, 2, 1)), r"layers\[1\] must read 2 channels, got 3"),
    (collapse(CONV, DOUBLE), r"one dtype, got \['torch.float32', 'torch.float64'\]", TypeError),
    (collapse(nn.Conv2d(2, 2, 1, dtype=torch.complex64)), "must be of a floating dtype, .*complex64", TypeError),
    (collapse(nn.Identity()), "layers must hold a convolution or a normalisation, got none"),
)
