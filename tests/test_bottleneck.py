"""The waist: wiring of the two blocks, and what a map of rank r must lose."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import bottleneck, cost, pointwise

SHAPES = [((64, 16, 64), 1), ((64, 16, 128), 1), ((64, 16, 64), 2), ((3, 5, 7), 3)]


def test_reduced_is_a_1x1_and_a_kxk_convolution_with_an_activation_after_each():
    torch.manual_seed(0)
    branch = bottleneck.Reduced(12, 4, 6, kernel_size=5).double()
    x = torch.randn(2, 12, 7, 6, dtype=torch.float64)
    waist = F.relu(F.conv2d(x, branch.reduce[0].weight, branch.reduce[0].bias))
    wanted = F.relu(F.conv2d(waist, branch.convolve[0].weight, branch.convolve[0].bias, padding=2))
    torch.testing.assert_close(branch(x), wanted)
    assert branch.reduce[0].weight.shape == (4, 12, 1, 1)
    assert branch.convolve[0].weight.shape == (6, 4, 5, 5)


def test_reduced_can_do_without_activations():
    branch = bottleneck.Reduced(3, 2, 4, act_layer=nn.Identity)
    x = torch.randn(1, 3, 5, 5)
    torch.testing.assert_close(branch(2 * x) - branch(x), branch(x) - branch(0 * x))  # affine in x


def test_layers_are_of_the_types_asked_for():
    branch = bottleneck.Reduced(4, 2, 8, act_layer=nn.SiLU)
    block = bottleneck.Bottleneck(4, 2, 8, stride=2, norm_layer=nn.InstanceNorm2d, act_layer=nn.SiLU)
    kinds = [[type(layer) for layer in module.modules()] for module in (branch, block)]
    assert not {nn.ReLU, nn.BatchNorm2d} & {*kinds[0], *kinds[1]}
    assert (kinds[0].count(nn.SiLU), kinds[1].count(nn.SiLU), kinds[1].count(nn.InstanceNorm2d)) == (2, 3, 4)


@pytest.mark.parametrize("stride_in_first", [False, True])
@pytest.mark.parametrize(("channels", "stride"), SHAPES)
def test_bottleneck_agrees_with_one_built_by_hand(channels, stride, stride_in_first):
    torch.manual_seed(0)
    block = bottleneck.Bottleneck(*channels, stride=stride, stride_in_first=stride_in_first).double().eval()
    first, second = (stride, 1) if stride_in_first else (1, stride)
    convs = [layer for layer in block.residual if isinstance(layer, nn.Conv2d)]
    norms = [layer for layer in block.residual if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.running_mean)
    x = torch.randn(2, channels[0], 9, 8, dtype=torch.float64)
    y = F.relu(norms[0](F.conv2d(x, convs[0].weight, stride=first)))
    y = F.relu(norms[1](F.conv2d(y, convs[1].weight, stride=second, padding=1)))
    y = norms[2](F.conv2d(y, convs[2].weight))
    shortcut = x
    if channels[0] != channels[2] or stride != 1:
        shortcut = block.shortcut[1](F.conv2d(x, block.shortcut[0].weight, stride=stride))
    torch.testing.assert_close(block(x), F.relu(y + shortcut))
    assert block(x).shape == (2, channels[2], -(-9 // stride), -(-8 // stride))


def test_a_gate_stands_last_on_the_residual_branch_before_the_sum():
    class Gate(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.factor = nn.Parameter(torch.arange(1.0, channels + 1)[:, None, None])

        def forward(self, x):
            return x * self.factor

    torch.manual_seed(0)
    block = bottleneck.Bottleneck(3, 2, 5, attn_layer=Gate).eval()
    plain = bottleneck.Bottleneck(3, 2, 5).eval()
    assert [*block.state_dict()] == [
        *(key for key in plain.state_dict() if key.startswith("residual")),
        "residual.8.factor",
        *(key for key in plain.state_dict() if key.startswith("shortcut")),
    ]
    plain.load_state_dict(block.state_dict(), strict=False)
    x = torch.randn(2, 3, 4, 4)
    wanted = F.relu(plain.residual(x) * torch.arange(1.0, 6)[:, None, None] + plain.shortcut(x))
    torch.testing.assert_close(block(x), wanted)


@pytest.mark.parametrize(("channels", "stride"), SHAPES)
def test_a_projection_stands_only_where_the_shapes_differ(channels, stride):
    block = bottleneck.Bottleneck(*channels, stride=stride)
    assert bool(len(block.shortcut)) == (stride != 1 or channels[0] != channels[2])


def test_the_weights_of_the_paper():
    block = bottleneck.Bottleneck(256, 64, 256)
    assert cost.count(block, (1, 256, 14, 14)).total.weights == 256 * 64 + 9 * 64 * 64 + 64 * 256 == 69_632


@pytest.mark.parametrize("build", [bottleneck.Reduced, bottleneck.Bottleneck])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(0, 8, 4, 4), (1, 8, 1, 1), (3, 8, 5, 2)])
def test_any_batch_size_and_memory_format(build, memory_format, size):
    torch.manual_seed(0)
    block, x = build(8, 4, 6).eval(), torch.randn(size)
    y = block(x.contiguous(memory_format=memory_format))
    assert y.shape == (size[0], 6, *size[2:])
    torch.testing.assert_close(y, block(x))


@pytest.mark.parametrize("build", [bottleneck.Reduced, bottleneck.Bottleneck])
def test_blocks_pass_gradcheck_and_export(build):
    torch.manual_seed(0)
    block = build(3, 2, 3).double().eval()
    x = torch.randn(1, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block, x)
    program = torch.export.export(block, (x.detach(),))
    torch.testing.assert_close(program.module()(x.detach()), block(x).detach())


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 8), st.integers(0, 99), st.data())
def test_the_best_waist_loses_what_lost_energy_says(channels, seed, data):
    rank = data.draw(st.integers(1, channels))
    features = torch.randn(2, channels, 4, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    reduce, expand = bottleneck.best_waist(features, rank)
    assert (reduce.shape, expand.shape) == ((rank, channels), (channels, rank))
    rebuilt = pointwise.conv2d(pointwise.conv2d(features, reduce), expand)
    lost = (rebuilt - features).square().sum() / features.square().sum()
    torch.testing.assert_close(lost, bottleneck.lost_energy(features)[rank], rtol=1e-6, atol=1e-9)


def test_the_singular_values_are_those_of_the_pixels():
    features = torch.randn(3, 6, 4, 5, dtype=torch.float64)
    pixels = torch.stack([features[n, :, i, j] for n in range(3) for i in range(4) for j in range(5)])
    energy = torch.linalg.svdvals(pixels).square()
    wanted = torch.stack([energy[rank:].sum() / energy.sum() for rank in range(7)])
    torch.testing.assert_close(bottleneck.lost_energy(features), wanted)


def powers_of(base, channels=4):
    """Maps whose channel c has the energy base**c, each at a pixel of its own."""
    return torch.diag(base ** (torch.arange(channels, dtype=torch.float64) / 2))[None, :, None]  # (1, C, 1, C)


def test_small_losses_are_not_lost_in_rounding():
    features = powers_of(1e-4, channels=4)
    wanted = torch.tensor([1, 1e-4, 1e-8, 1e-12, 0], dtype=torch.float64)
    torch.testing.assert_close(bottleneck.lost_energy(features), wanted, rtol=1e-3, atol=0)
    single = bottleneck.lost_energy(features.float())
    torch.testing.assert_close(single, wanted.float(), rtol=1e-3, atol=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 99))
def test_the_loss_falls_from_one_to_zero(channels, rank, seed):
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(channels, rank, generator=generator) @ torch.randn(rank, 40, generator=generator)
    lost = bottleneck.lost_energy(mix.reshape(1, channels, 5, 8))
    assert lost[0] == 1
    assert lost[-1] == 0
    assert (lost.diff() <= 0).all()
    assert (lost[rank:] < 1e-12).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_other_dtypes_are_computed_in_float64_and_come_back(dtype):
    features = torch.randn(2, 6, 4, 3).to(dtype)
    lost, (reduce, expand) = bottleneck.lost_energy(features), bottleneck.best_waist(features, 2)
    assert {lost.dtype, reduce.dtype, expand.dtype} == {dtype}
    torch.testing.assert_close(lost, bottleneck.lost_energy(features.double()).to(dtype))
    torch.testing.assert_close(expand @ reduce, (expand.double() @ reduce.double()).to(dtype))


def test_no_random_waist_is_better():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, 8, 5, 5, generator=generator, dtype=torch.float64)
    best = bottleneck.lost_energy(features)[3]
    for _ in range(50):
        basis = torch.linalg.qr(torch.randn(8, 3, generator=generator, dtype=torch.float64))[0]
        rebuilt = pointwise.conv2d(pointwise.conv2d(features, basis.T), basis)
        assert (rebuilt - features).square().sum() / features.square().sum() >= best


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((0, 4, 4), ValueError, "in_channels must be at least 1, got 0"),
        ((4, -1, 4), ValueError, "middle_channels must be at least 1, got -1"),
        ((4, 4, 2.5), TypeError, "out_channels must be an int, got float"),
    ],
)
@pytest.mark.parametrize("build", [bottleneck.Reduced, bottleneck.Bottleneck])
def test_bad_channels_are_named(build, arguments, error, words):
    with pytest.raises(error, match=words):
        build(*arguments)


def test_other_bad_input_is_named():
    with pytest.raises(ValueError, match=r"kernel_size must be odd.*got 4"):
        bottleneck.Reduced(4, 4, 4, kernel_size=4)
    with pytest.raises(ValueError, match="stride must be at least 1, got 0"):
        bottleneck.Bottleneck(4, 4, 4, stride=0)
    with pytest.raises(TypeError, match="stride_in_first must be a bool, got int"):
        bottleneck.Bottleneck(4, 4, 4, stride_in_first=1)
    with pytest.raises(ValueError, match="rank must be at most C = 4, got 5"):
        bottleneck.best_waist(torch.randn(1, 4, 2, 2), 5)
    with pytest.raises(ValueError, match=r"features must have shape \(N, C, H, W\), got \(4, 2, 2\)"):
        bottleneck.lost_energy(torch.randn(4, 2, 2))
    with pytest.raises(ValueError, match=r"features must not be empty, got shape \(0, 4, 2, 2\)"):
        bottleneck.lost_energy(torch.randn(0, 4, 2, 2))
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match="features must be finite, got NaN or infinity"):
            bottleneck.lost_energy(torch.tensor([1.0, bad]).reshape(1, 2, 1, 1))
    for dtype in (torch.int64, torch.complex64):
        with pytest.raises(TypeError, match=f"features must be of a floating dtype, got {dtype}"):
            bottleneck.best_waist(torch.ones(1, 4, 2, 2, dtype=dtype), 2)
    with pytest.raises(ValueError, match="features must not be zero everywhere"):
        bottleneck.lost_energy(torch.zeros(1, 4, 2, 2))
