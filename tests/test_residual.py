"""Shortcuts and the basic block: what is added to what, what it costs, and which pixels are never read."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import bottleneck, cost, receptive_field, residual

MATCHING = [residual.ZeroPad, residual.Projection, residual.AveragePoolProjection]
every_kind = pytest.mark.parametrize("kind", MATCHING)


def linear(kind, *shape):
    """A shortcut without normalisation, in float64."""
    torch.manual_seed(0)
    return kind(*shape, norm_layer=nn.Identity).double()


def numbers(*size):
    return torch.randn(size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_the_identity_returns_its_input_and_has_nothing_to_learn():
    shortcut, x = residual.Identity(4, 4), numbers(2, 4, 3, 3)
    assert shortcut(x) is x
    assert not list(shortcut.parameters())


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_zero_pad_keeps_every_so_many_pixels_and_fills_up_with_zeros(stride):
    shortcut, x = residual.ZeroPad(3, 5, stride), numbers(2, 3, 7, 6)
    y = shortcut(x)
    assert y.shape == (2, 5, -(-7 // stride), -(-6 // stride))
    for i in range(y.shape[2]):
        for j in range(y.shape[3]):
            assert torch.equal(y[:, :3, i, j], x[:, :, i * stride, j * stride])
    assert not y[:, 3:].any()
    assert not list(shortcut.parameters())


def test_zero_pad_is_the_identity_where_nothing_is_missing():
    x = numbers(2, 4, 3, 5)
    assert torch.equal(residual.ZeroPad(4, 4)(x), x)


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
    block = residual.BasicBlock(*shape, shortcut=residual.OPTIONS.get(option)).double().eval()
    for norm in (layer for layer in block.modules() if isinstance(layer, nn.BatchNorm2d)):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
        nn.init.normal_(norm.running_mean)
    x = numbers(2, shape[0], 7, 6)
    first, norm1, _, second, norm2 = block.residual
    y = F.relu(norm1(F.conv2d(x, first.weight, stride=shape[2], padding=1)))
    y = norm2(F.conv2d(y, second.weight, padding=1))
    if option != "plain":
        y = y + block.shortcut(x)
    torch.testing.assert_close(block(x), F.relu(y))


def test_a_plain_block_has_no_shortcut_and_a_default_one_has_option_b():
    assert residual.BasicBlock(4, 8, 2, shortcut=None).shortcut is None
    assert isinstance(residual.BasicBlock(4, 4).shortcut, residual.Identity)
    assert isinstance(residual.BasicBlock(4, 8, 2).shortcut, residual.Projection)


def test_layers_are_of_the_types_asked_for():
    block = residual.BasicBlock(4, 8, 2, norm_layer=nn.InstanceNorm2d, act_layer=nn.SiLU)
    kinds = [type(layer) for layer in block.modules()]
    assert not {nn.ReLU, nn.BatchNorm2d} & {*kinds}
    assert (kinds.count(nn.SiLU), kinds.count(nn.InstanceNorm2d)) == (2, 3)


def test_the_weights_of_resnets_blocks():
    def weights(block, channels):
        return cost.count(block, (1, channels, 14, 14)).total.weights

    assert weights(residual.BasicBlock(256, 256), 256) == 2 * 9 * 256 * 256 == 1_179_648
    assert weights(residual.BasicBlock(64, 128, 2), 64) == 9 * 64 * 128 + 9 * 128 * 128 + 64 * 128
    assert weights(bottleneck.Bottleneck(256, 64, 256), 256) == 69_632


def test_the_names_of_a_state_dict_are_stable():
    keys = [name for name in residual.BasicBlock(4, 8, 2).state_dict() if name.endswith("weight")]
    stem = [f"residual.{n}.weight" for n in (0, 1, 3, 4)]
    assert keys == [*stem, "shortcut.0.weight", "shortcut.1.weight"]
    ours = residual.BasicBlock(4, 8, 2, shortcut=residual.AveragePoolProjection).state_dict()
    assert "shortcut.1.weight" in ours


@pytest.mark.parametrize("kind", [*MATCHING, residual.BasicBlock])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(0, 4, 6, 6), (1, 4, 1, 1), (3, 4, 5, 2)])
def test_any_batch_size_and_memory_format(kind, memory_format, size):
    torch.manual_seed(0)
    module, x = kind(4, 6, 2).eval(), torch.randn(size)
    y = module(x.contiguous(memory_format=memory_format))
    assert y.shape == (size[0], 6, -(-size[2] // 2), -(-size[3] // 2))
    torch.testing.assert_close(y, module(x))


@pytest.mark.parametrize("kind", [*MATCHING, residual.BasicBlock])
def test_gradients_export_and_compile(kind):
    torch.manual_seed(0)
    module, x = kind(2, 3, 2).double().eval(), numbers(1, 2, 3, 3).requires_grad_()
    assert torch.autograd.gradcheck(module, x, fast_mode=True)
    x = x.detach()
    torch.testing.assert_close(torch.export.export(module, (x,)).module()(x), module(x).detach())
    torch.testing.assert_close(torch.compile(module, fullgraph=True, backend="aot_eager")(x), module(x))


def every_second():
    grid = torch.zeros(6, 6, dtype=torch.float64)
    grid[::2, ::2] = 1
    return grid


@pytest.mark.parametrize(
    ("kind", "share"), [*zip([*MATCHING, residual.BasicBlock], [0.25, 0.25, 1, 1], strict=True)]
)
def test_the_share_of_pixels_that_is_read(kind, share):
    grid = receptive_field.gradient_map(linear(kind, 3, 5, 2), numbers(2, 3, 6, 6))
    assert (grid > 0).double().mean() == share
    if share == 0.25:
        assert torch.equal((grid > 0).double(), every_second())


@pytest.mark.parametrize("kind", [residual.Identity, *MATCHING, residual.BasicBlock, residual.OPTIONS["B"]])
@pytest.mark.parametrize(
    ("shape", "error", "words"),
    [
        ((0, 4, 1), ValueError, "in_channels must be at least 1, got 0"),
        ((4, 2.0, 1), TypeError, "out_channels must be an int, got float"),
        ((4, 4, 0), ValueError, "stride must be at least 1, got 0"),
    ],
)
def test_bad_numbers_are_named(kind, shape, error, words):
    with pytest.raises(error, match=words):
        kind(*shape)


def test_other_bad_input_is_named():
    words = "needs out_channels equal to in_channels and stride 1, got in_channels=4, out_channels=8 and stride=1"
    with pytest.raises(ValueError, match=words):
        residual.Identity(4, 8)
    with pytest.raises(ValueError, match="got in_channels=4, out_channels=4 and stride=2"):
        residual.BasicBlock(4, 4, 2, shortcut=residual.Identity)
    with pytest.raises(ValueError, match="out_channels must be at least in_channels = 4, got 2"):
        residual.ZeroPad(4, 2)
    with pytest.raises(ValueError, match="x must have in_channels = 4 channels, got 3"):
        residual.ZeroPad(4, 8)(torch.zeros(1, 3, 4, 4))
    with pytest.raises(ValueError, match=r"x must have shape \(N, C, H, W\), got \(4, 4, 4\)"):
        residual.ZeroPad(4, 8)(torch.zeros(4, 4, 4))
    with pytest.raises(RuntimeError, match="to have 4 channels, but got 3 channels"):
        residual.BasicBlock(4, 8)(torch.zeros(1, 3, 4, 4))


def test_the_same_seed_gives_the_same_block():
    weights = []
    for _ in range(2):
        torch.manual_seed(0)
        weights.append(residual.BasicBlock(4, 8, 2).state_dict())
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
