"""The colour matrices, the channel shuffle, and which output channel can depend on which input channel."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from companion import channel_mixing, pointwise
from companion.channel_mixing import ChannelShuffle, inverse, reach, shuffle_order
from tests.refusals import refusals


def test_the_way_back_is_the_one_printed_for_jpeg_files():
    weight, bias = inverse(*channel_mixing.ycbcr())
    printed = [[1, 0, 1.402], [1, -0.34414, -0.71414], [1, 1.772, 0]]
    torch.testing.assert_close(weight, torch.tensor(printed, dtype=torch.float64), rtol=0, atol=5e-6)
    torch.testing.assert_close(bias, -weight[:, 1:].sum(dim=1) / 2)  # Cb and Cr are read less one half


def test_ycbcr_agrees_with_pillow_to_the_last_of_256_levels():
    levels = torch.randint(256, (16, 16, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    theirs = torch.tensor(list(Image.fromarray(levels.numpy()).convert("YCbCr").tobytes())).reshape(16, 16, 3)
    pixels = levels.double().movedim(-1, 0)[None] / 255
    weight, bias = channel_mixing.ycbcr()
    ours = 255 * pointwise.conv2d(pixels, weight, bias)[0].movedim(0, -1)
    offset = torch.tensor([0, 0.5, 0.5])  # JFIF's zero is level 128, the middle of [0, 1] is 127.5
    assert (ours + offset - theirs).abs().max() <= 1.01


def test_sepia_is_the_matrix_of_css():
    printed = "0.393 0.769 0.189 0.349 0.686 0.168 0.272 0.534 0.131"
    assert [weight for row in channel_mixing.SEPIA for weight in row] == [float(word) for word in printed.split()]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(0, 99), st.booleans())
def test_the_inverse_brings_every_pixel_back(channels, seed, with_bias):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.linalg.qr(torch.randn(channels, channels, generator=generator, dtype=torch.float64))[0]
    weight = weight * torch.linspace(1, 3, channels, dtype=torch.float64)
    bias = torch.randn(channels, generator=generator, dtype=torch.float64) if with_bias else None
    x = torch.randn(2, channels, 3, 2, generator=generator, dtype=torch.float64)
    there = pointwise.conv2d(x, weight, bias)
    torch.testing.assert_close(pointwise.conv2d(there, *inverse(weight, bias)), x)


@pytest.mark.parametrize(("channels", "groups"), [(1, 1), (6, 2), (6, 3), (12, 4), (8, 8), (5, 1)])
def test_the_shuffle_is_that_of_pytorch(channels, groups):
    x = torch.randn(2, channels, 3, 5)
    torch.testing.assert_close(ChannelShuffle(groups)(x), nn.ChannelShuffle(groups)(x), rtol=0, atol=0)
    assert repr(ChannelShuffle(groups)) == repr(nn.ChannelShuffle(groups))


def test_the_shuffle_is_a_1x1_convolution_with_a_permutation_matrix():
    x, order = torch.randn(2, 12, 3, 5), shuffle_order(12, groups=3)
    torch.testing.assert_close(ChannelShuffle(3)(x), pointwise.conv2d(x, torch.eye(12)[order]), rtol=0, atol=0)


def dependence(layers, channels):
    """The slow way: change one input channel of the real layers and see which outputs move."""
    changed = torch.eye(channels, dtype=torch.float64)[:, :, None, None]
    return (layers(changed) != layers(0 * changed)).flatten(1).T


@pytest.mark.parametrize(
    ("groups", "between", "wanted"), [(3, False, 4), (3, True, 12), (2, True, 12), (6, True, 4)]
)
def test_reach_is_what_changing_an_input_channel_shows(groups, between, wanted):
    torch.manual_seed(0)
    first, second = (nn.Conv2d(12, 12, 1, groups=groups, bias=False).double() for _ in range(2))
    shuffle = [ChannelShuffle(groups)] if between else []
    matrices = [pointwise.block_diagonal(layer.weight.detach()[:, :, 0, 0], groups) for layer in (first, second)]
    matrices[1:1] = [torch.eye(12)[shuffle_order(12, groups)]] * between
    found = reach(*matrices)
    assert found.dtype == torch.bool
    assert torch.equal(found, dependence(nn.Sequential(first, *shuffle, second), 12))
    assert set(found.sum(dim=1).tolist()) == {wanted}


def test_reach_follows_the_layers_counts_paths_that_cancel_and_does_not_overflow():
    first = torch.tensor([[1.0, 0, 0], [0, -2, 0]])  # three channels to two: none depends on the third
    second = torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [5.0, 0.0]])
    wanted = [[False, True, False], [True, True, False], [False, False, False], [True, False, False]]
    assert reach(first, second).tolist() == wanted
    cancel = torch.tensor([[1.0], [1.0]]), torch.tensor([[1.0, -1.0]])
    assert not (cancel[1] @ cancel[0]).any()
    assert reach(*cancel).all()
    assert reach(*[torch.full((16, 16), 1e-30)] * 300, torch.eye(16)).all()


test_bad_input_is_named = refusals(
    (lambda: shuffle_order(6, 4), "groups must divide channels, got groups=4 and channels=6"),
    (lambda: shuffle_order(6, 0), "groups must be at least 1, got 0"),
    (lambda: shuffle_order(6.0, 2), "channels must be an int, got float", TypeError),
    (lambda: ChannelShuffle(4)(torch.ones(1, 6, 2, 2)), "got groups=4 and channels=6"),
    (lambda: ChannelShuffle(2)(torch.ones(6, 2, 2)), r"x must have shape \(N, C, H, W\)"),
    (lambda: reach(), "weights must be at least one, got none"),
    (lambda: reach(torch.ones(2)), r"weights\[0\] must have shape \(C_out, C_in\), got \(2,\)"),
    (lambda: inverse(torch.ones(3, 3)), "weight must have rank 3 to have an inverse, got rank 1"),
    (lambda: inverse(torch.eye(3), torch.eye(3)), r"bias must have shape \(C,\), got \(3, 3\)"),
)


def test_a_matrix_that_is_singular_but_for_rounding_has_no_inverse():
    weight = torch.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]], dtype=torch.float64)
    torch.linalg.inv(weight)  # without a word
    with pytest.raises(ValueError, match="weight must have rank 3 to have an inverse, got rank 2"):
        inverse(weight)
