"""Shortcuts and the basic block: what is added to what, what it costs, and which pixels are never read."""

import pytest
import torch
import torch.fx
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import cost, receptive_field, residual
from tests.refusals import refusals
from tests.test_blocks import evaluated

MATCHING = [residual.ZeroPad, residual.Projection, residual.AveragePoolProjection]
every_kind = pytest.mark.parametrize("kind", MATCHING)


def linear(kind, *shape):
    """A shortcut without normalisation, in float64."""
    torch.manual_seed(0)
    return kind(*shape, norm_layer=nn.Identity).double()


def numbers(*size):
    return torch.randn(size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_the_identity_returns_its_input_and_option_b_is_the_default():
    x = numbers(2, 4, 3, 3)
    assert residual.Identity(4, 4)(x) is x
    assert isinstance(residual.BasicBlock(4, 4).shortcut, residual.Identity)
    assert isinstance(residual.BasicBlock(4, 8, 2).shortcut, residual.Projection)


BUILDERS = [residual.Identity, *MATCHING, residual.where_needed(residual.Projection), residual.BasicBlock]


@pytest.mark.parametrize("build", BUILDERS)
def test_the_stride_is_one_unless_given_and_what_follows_it_is_by_keyword_only(build):
    x = numbers(2, 4, 5, 5).float()
    assert build(4, 4)(x).shape == x.shape
    with pytest.raises(TypeError, match="positional arguments but"):
        build(4, 4, 1, nn.BatchNorm2d)


def test_zero_pad_is_traced_and_still_refuses_other_channels_when_it_runs():
    traced = torch.fx.symbolic_trace(residual.ZeroPad(4, 6, 2))
    x = numbers(1, 4, 5, 5)
    torch.testing.assert_close(traced(x), residual.ZeroPad(4, 6, 2)(x))
    for other in (3, 5):
        with pytest.raises(ValueError, match=f"x must have in_channels = 4 channels, got {other}"):
            traced(numbers(1, other, 5, 5))


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_zero_pad_keeps_every_so_many_pixels_and_fills_up_with_zeros(stride):
    shortcut, x = residual.ZeroPad(3, 5, stride), numbers(2, 3, 7, 6)
    y = shortcut(x)
    assert y.shape == (2, 5, -(-7 // stride), -(-6 // stride))
    for i in range(y.shape[2]):
        for j in range(y.shape[3]):
            assert torch.equal(y[:, :3, i, j], x[:, :, i * stride, j * stride])
    assert not y[:, 3:].any()
    assert repr(shortcut) == f"ZeroPad(3, 5, stride={stride})"


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_projection_is_one_matrix_on_every_so_manyth_pixel(stride):
    shortcut, x = linear(residual.Projection, 3, 5, stride), numbers(2, 3, 7, 6)
    wanted = torch.einsum("oc,nchw->nohw", shortcut[0].weight[:, :, 0, 0], x[:, :, ::stride, ::stride])
    torch.testing.assert_close(shortcut(x), wanted)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_average_pool_projection_is_one_matrix_on_the_mean_of_each_window(stride):
    shortcut, x = linear(residual.AveragePoolProjection, 3, 5, stride), numbers(2, 3, 7, 5)
    rows, columns = (range(0, side, stride) for side in (7, 5))
    means = [[x[:, :, i : i + stride, j : j + stride].mean((2, 3)) for j in columns] for i in rows]
    means = torch.stack([torch.stack(row, dim=-1) for row in means], dim=-2)  # windows at the edge are smaller
    wanted = torch.einsum("oc,nchw->nohw", shortcut[1].weight[:, :, 0, 0], means)
    torch.testing.assert_close(shortcut(x), wanted)


@pytest.mark.parametrize("kind", [residual.Projection, residual.AveragePoolProjection])
def test_a_normalisation_follows_the_1x1_convolution(kind):
    shortcut = kind(3, 5, 2)
    assert [type(layer) for layer in shortcut][-2:] == [nn.Conv2d, nn.BatchNorm2d]
    assert shortcut[-2].bias is None
    assert [type(layer) for layer in kind(3, 5, norm_layer=nn.InstanceNorm2d)][-1] is nn.InstanceNorm2d


@every_kind
@settings(max_examples=10, deadline=None)
@given(st.integers(1, 6), st.integers(0, 5), st.integers(1, 4), st.integers(1, 9), st.integers(1, 9))
def test_every_kind_matches_the_main_path(kind, channels, more, stride, height, width):
    x = torch.zeros(2, channels, height, width)
    block = residual.BasicBlock(channels, channels + more, stride, shortcut=kind).eval()
    wanted = (2, channels + more, -(-height // stride), -(-width // stride))
    assert block.shortcut(x).shape == block.residual(x).shape == wanted


@pytest.mark.parametrize(("kind", "weights"), [*zip(MATCHING, [0, 64 * 128, 64 * 128], strict=True)])
def test_what_a_shortcut_costs(kind, weights):
    total = cost.count(kind(64, 128, 2), (1, 64, 56, 56)).total
    assert (total.weights, total.macs) == (weights, weights * 28 * 28)


def test_the_options_of_the_paper_differ_where_the_shapes_do_not():
    kept = {name: build(8, 8) for name, build in residual.OPTIONS.items()}
    changed = {name: build(8, 16, 2) for name, build in residual.OPTIONS.items()}
    assert [type(module) for module in kept.values()] == [residual.ZeroPad, residual.Identity, residual.Projection]
    assert [type(module) for module in changed.values()] == [residual.ZeroPad, *[residual.Projection] * 2]
    assert list(residual.OPTIONS) == ["A", "B", "C"]


@pytest.mark.parametrize("shape", [(8, 16, 1), (8, 8, 2)])
def test_where_needed_hands_everything_on(shape):
    built = residual.where_needed(residual.AveragePoolProjection)(*shape, norm_layer=nn.InstanceNorm2d)
    assert type(built) is residual.AveragePoolProjection
    assert (built[1].in_channels, built[1].out_channels, built[0].kernel_size) == shape
    assert isinstance(built[2], nn.InstanceNorm2d)


@pytest.mark.parametrize("shape", [(6, 6, 1), (6, 9, 1), (6, 6, 2), (4, 8, 3)])
@pytest.mark.parametrize("option", ["plain", "A", "B", "C"])
def test_a_basic_block_agrees_with_one_built_by_hand(shape, option):
    torch.manual_seed(0)
    block = evaluated(residual.BasicBlock(*shape, shortcut=residual.OPTIONS.get(option)))
    x = numbers(2, shape[0], 7, 6)
    first, norm1, _, second, norm2 = block.residual
    y = F.relu(norm1(F.conv2d(x, first.weight, stride=shape[2], padding=1)))
    y = norm2(F.conv2d(y, second.weight, padding=1))
    if option != "plain":
        y = y + block.shortcut(x)
    torch.testing.assert_close(block(x), F.relu(y))


def test_layers_are_of_the_types_asked_for():
    block = residual.BasicBlock(4, 8, 2, norm_layer=nn.InstanceNorm2d, act_layer=nn.SiLU)
    kinds = [type(layer) for layer in block.modules()]
    assert not {nn.ReLU, nn.BatchNorm2d} & {*kinds}
    assert (kinds.count(nn.SiLU), kinds.count(nn.InstanceNorm2d)) == (2, 3)


@pytest.mark.parametrize(
    ("kind", "share"), [*zip([*MATCHING, residual.BasicBlock], [0.25, 0.25, 1, 1], strict=True)]
)
def test_the_share_of_pixels_that_is_read(kind, share):
    read = receptive_field.gradient_map(linear(kind, 3, 5, 2), numbers(2, 3, 6, 6)) > 0
    assert read.double().mean() == share
    assert read[::2, ::2].all()


test_bad_input_is_named = refusals(
    (lambda: residual.Identity(4, 8), "got in_channels=4, out_channels=8 and stride=1"),
    (lambda: residual.Identity(4, 4, 2), "needs out_channels equal to in_channels and stride 1, got"),
    (lambda: residual.ZeroPad(4, 2), "out_channels must be at least in_channels = 4, got 2"),
    (lambda: residual.ZeroPad(4, 8)(torch.zeros(1, 3, 4, 4)), "x must have in_channels = 4 channels, got 3"),
    (lambda: residual.ZeroPad(4, 8)(torch.zeros(4, 4, 4)), r"x must have shape \(N, C, H, W\), got"),
)
