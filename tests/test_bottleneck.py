"""The wiring of the two blocks, and the least that a bottleneck of r channels loses."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import bottleneck, pointwise
from tests.refusals import refusals
from tests.test_blocks import evaluated


def test_reduced_is_a_1x1_and_a_kxk_convolution_with_an_activation_after_each():
    torch.manual_seed(0)
    branch = bottleneck.Reduced(12, 4, 6, kernel_size=5).double()
    x = torch.randn(2, 12, 7, 6, dtype=torch.float64)
    middle = F.relu(F.conv2d(x, branch.reduce[0].weight, branch.reduce[0].bias))
    wanted = F.relu(F.conv2d(middle, branch.convolve[0].weight, branch.convolve[0].bias, padding=2))
    torch.testing.assert_close(branch(x), wanted)
    assert branch.reduce[0].weight.shape == (4, 12, 1, 1)
    assert branch.convolve[0].weight.shape == (6, 4, 5, 5)


def test_layers_are_of_the_types_asked_for():
    branch = bottleneck.Reduced(4, 2, 8, act_layer=nn.SiLU)
    block = bottleneck.Bottleneck(4, 2, 8, stride=2, norm_layer=nn.InstanceNorm2d, act_layer=nn.SiLU)
    kinds = [[type(layer) for layer in module.modules()] for module in (branch, block)]
    assert not {nn.ReLU, nn.BatchNorm2d} & {*kinds[0], *kinds[1]}
    assert (kinds[0].count(nn.SiLU), kinds[1].count(nn.SiLU), kinds[1].count(nn.InstanceNorm2d)) == (2, 3, 4)


@pytest.mark.parametrize("stride_in_first", [False, True])
@pytest.mark.parametrize("sizes", [(64, 16, 64, 1), (64, 16, 128, 1), (64, 16, 64, 2), (3, 5, 7, 3)])
def test_bottleneck_agrees_with_one_built_by_hand(sizes, stride_in_first):
    torch.manual_seed(0)
    block = evaluated(bottleneck.Bottleneck(*sizes, stride_in_first=stride_in_first))
    *channels, stride = sizes
    first, second = (stride, 1) if stride_in_first else (1, stride)
    convs = [layer for layer in block.residual if isinstance(layer, nn.Conv2d)]
    norms = [layer for layer in block.residual if isinstance(layer, nn.BatchNorm2d)]
    x = torch.randn(2, channels[0], 9, 8, dtype=torch.float64)
    y = F.relu(norms[0](F.conv2d(x, convs[0].weight, stride=first)))
    y = F.relu(norms[1](F.conv2d(y, convs[1].weight, stride=second, padding=1)))
    y = norms[2](F.conv2d(y, convs[2].weight))
    shortcut = x
    if channels[0] != channels[2] or stride != 1:
        shortcut = block.shortcut[1](F.conv2d(x, block.shortcut[0].weight, stride=stride))
    torch.testing.assert_close(block(x), F.relu(y + shortcut))


def test_a_gate_stands_last_on_the_residual_branch_before_the_sum():
    torch.manual_seed(0)
    block = bottleneck.Bottleneck(3, 2, 5, attn_layer=lambda channels: nn.LayerNorm([channels, 4, 4])).eval()
    nn.init.uniform_(block.residual[8].weight)
    x = torch.randn(2, 3, 4, 4)
    wanted = F.relu(block.residual[8](block.residual[:8](x)) + block.shortcut(x))
    torch.testing.assert_close(block(x), wanted)


# --- What a bottleneck loses


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 8), st.integers(0, 99), st.data())
def test_the_best_pair_loses_what_lost_energy_says(channels, seed, data):
    rank = data.draw(st.integers(1, channels))
    features = torch.randn(2, channels, 4, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    reduce, expand = bottleneck.best_pair(features, rank)
    assert (reduce.shape, expand.shape) == ((rank, channels), (channels, rank))
    rebuilt = pointwise.conv2d(pointwise.conv2d(features, reduce), expand)
    lost = (rebuilt - features).square().sum() / features.square().sum()
    torch.testing.assert_close(lost, bottleneck.lost_energy(features)[rank], rtol=1e-6, atol=1e-9)


def test_the_energies_are_the_squared_singular_values_of_the_pixels():
    features = torch.randn(3, 6, 4, 5, dtype=torch.float64)
    pixels = torch.stack([features[n, :, i, j] for n in range(3) for i in range(4) for j in range(5)])
    energy = torch.linalg.svdvals(pixels).square()
    wanted = torch.stack([energy[rank:].sum() / energy.sum() for rank in range(7)])
    torch.testing.assert_close(bottleneck.lost_energy(features), wanted)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_small_losses_are_not_lost_in_rounding(dtype):
    features = torch.diag(torch.tensor([1, 1e-2, 1e-4, 1e-6], dtype=dtype))[None, :, None]  # (1, 4, 1, 4)
    wanted = torch.tensor([1, 1e-4, 1e-8, 1e-12, 0], dtype=dtype)
    torch.testing.assert_close(bottleneck.lost_energy(features), wanted, rtol=1e-3, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_other_dtypes_are_computed_in_float64_and_come_back(dtype):
    features = torch.randn(2, 6, 4, 3).to(dtype)
    lost, (reduce, expand) = bottleneck.lost_energy(features), bottleneck.best_pair(features, 2)
    assert {lost.dtype, reduce.dtype, expand.dtype} == {dtype}
    torch.testing.assert_close(lost, bottleneck.lost_energy(features.double()).to(dtype))
    torch.testing.assert_close(expand @ reduce, (expand.double() @ reduce.double()).to(dtype))


MAPS, WIDTHS = torch.ones(1, 4, 2, 2), (4, 4, 4)
test_bad_input_is_named = refusals(
    (lambda: bottleneck.Reduced(*WIDTHS, 4), r"kernel_size must be odd.*got 4"),
    (lambda: bottleneck.Bottleneck(*WIDTHS, stride_in_first=1), "stride_in_first must be a bool", TypeError),
    (lambda: bottleneck.best_pair(MAPS, 5), "rank must be at most C = 4, got 5"),
    (lambda: bottleneck.best_pair(MAPS.long(), 2), "features must be of a floating dtype, .*int64", TypeError),
    (lambda: bottleneck.best_pair(MAPS.cfloat(), 2), "floating dtype, got torch.complex64", TypeError),
    (lambda: bottleneck.lost_energy(MAPS[0]), r"features .* \(N, C, H, W\), got \(4, 2, 2\)"),
    (lambda: bottleneck.lost_energy(MAPS[:0]), r"must not be empty, got shape \(0, 4, 2, 2\)"),
    (lambda: bottleneck.lost_energy(MAPS * math.nan), "features must be finite"),
    (lambda: bottleneck.lost_energy(0 * MAPS), "features must not be zero everywhere"),
)


@pytest.mark.parametrize(
    ("sizes", "projected"), [((8, 2, 8), 0), ((8, 2, 4), 1), ((4, 2, 8), 1), ((8, 2, 8, 2), 1)]
)
def test_the_shortcut_has_a_1x1_wherever_the_shapes_differ(sizes, projected):
    block = bottleneck.Bottleneck(*sizes)
    convs = [layer for layer in block.shortcut if isinstance(layer, torch.nn.Conv2d)]
    assert [conv.kernel_size for conv in convs] == [(1, 1)] * projected
    assert block(torch.randn(2, sizes[0], 6, 6)).shape[1] == sizes[2]
