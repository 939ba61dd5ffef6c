"""The feed-forward layer and the MLP-Mixer, built by hand and token by token."""

import pytest
import torch
import torch.nn.functional as F
from torch import fx, nn

from companion import beyond, cost
from tests.refusals import refusals


def randomised(module):
    """Return the module in float64 with all parameters moved away from their initial values."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.double().parameters():
            parameter += 0.5 * torch.randn_like(parameter)
    return module


def by_token(x, layer):
    """Apply a feed-forward layer to every token on its own, by matrix and vector."""
    rows = x.reshape(-1, x.shape[-1])
    hidden = [layer.activation(layer.expand.weight @ row + layer.expand.bias) for row in rows]
    return torch.stack([layer.project.weight @ h + layer.project.bias for h in hidden]).reshape(x.shape)


def test_feed_forward_treats_every_token_alone_with_the_weights_of_the_paper():
    layer, x = beyond.FeedForward(6, 10).double(), torch.randn(2, 5, 6, dtype=torch.float64)
    assert isinstance(layer.activation, nn.ReLU)
    torch.testing.assert_close(layer(x), by_token(x, layer))
    total = cost.count(beyond.FeedForward(512, 2048), (1, 10, 512)).total
    assert (total.weights, total.biases, total.macs) == (2 * 512 * 2048, 512 + 2048, 10 * 2 * 512 * 2048)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("shape", [(2, 6, 3, 4), (1, 6, 1, 1), (0, 6, 2, 2)])
def test_feed_forward_convolves_with_the_same_weights(shape, memory_format):
    layer = beyond.FeedForward(6, 10, act_layer=nn.SiLU).double()
    x = torch.randn(shape, dtype=torch.float64).contiguous(memory_format=memory_format)
    torch.testing.assert_close(layer.convolve(x), layer(x.movedim(1, -1)).movedim(-1, 1))


def test_mixer_block_agrees_with_one_built_by_hand():
    block, x = randomised(beyond.MixerBlock(5, 4, 3, 7)), torch.randn(2, 5, 4, dtype=torch.float64)
    norm = block.token_norm
    normed = F.layer_norm(x, (4,), norm.weight, norm.bias)
    columns = torch.stack([by_token(normed[:, :, c], block.token_mlp) for c in range(4)], dim=2)
    half = x + columns
    normed = F.layer_norm(half, (4,), block.channel_norm.weight, block.channel_norm.bias)
    torch.testing.assert_close(block(x), half + by_token(normed, block.channel_mlp))
    assert isinstance(block.token_mlp.activation, nn.GELU)
    assert isinstance(block.channel_mlp.activation, nn.GELU)


def test_feed_forward_convolves_under_autocast_what_the_layer_before_it_hands_on():
    layer, x = beyond.FeedForward(6, 10), torch.randn(2, 6, 3, 4)
    wanted = layer.convolve(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for given in (x, x.bfloat16()):
            assert layer.convolve(given).dtype == torch.bfloat16
            torch.testing.assert_close(layer.convolve(given).float(), wanted, rtol=0, atol=0.05)


@pytest.mark.parametrize(("hidden", "axis"), [((None, 7), 2), ((3, None), 1)])
def test_a_block_with_one_half_mixes_along_one_axis(hidden, axis):
    block = randomised(beyond.MixerBlock(5, 4, *hidden, norm_layer=nn.Identity)).requires_grad_(False)
    x = torch.randn(1, 5, 4, dtype=torch.float64)
    changed = x.clone()
    changed[0, 2, 1] += 1
    moved = (block(changed) - block(x))[0].abs() > 1e-9
    assert moved[:, 1].all() if axis == 1 else moved[2].all()
    assert moved.sum() == x.shape[axis]


def test_layers_of_a_block_are_of_the_types_asked_for():
    kinds = [type(m) for m in beyond.MixerBlock(5, 4, 3, 7, act_layer=nn.SiLU, norm_layer=nn.RMSNorm).modules()]
    assert (kinds.count(nn.SiLU), kinds.count(nn.RMSNorm)) == (2, 2)
    assert not {nn.GELU, nn.LayerNorm} & set(kinds)


def test_mixer_is_embedding_blocks_norm_mean_and_scores():
    net, x = randomised(beyond.Mixer(3, (4, 6), 2, 8, 2, 5, 9, num_classes=10)), torch.randn(2, 3, 4, 6).double()
    patches = F.unfold(x, kernel_size=2, stride=2).transpose(1, 2)  # (N, 6, 12)
    tokens = patches @ net.embed.weight.flatten(1).T + net.embed.bias
    for block in net.blocks:
        tokens = block(tokens)
    mean = F.layer_norm(tokens, (8,), net.norm.weight, net.norm.bias).mean(dim=1)
    assert len(net.blocks) == 2
    torch.testing.assert_close(net(x), mean @ net.classify.weight.T + net.classify.bias)


def mixer(size=8):
    return beyond.Mixer(1, size, 2, 4, 1, None, 4, 3)


test_bad_input_is_named = refusals(
    (lambda: beyond.MixerBlock(4, 4, None, None), "must not both be None"),
    (lambda: mixer(size=(8, 9)), r"patch_size must divide size, got 2 and \(8, 9\)"),
    (lambda: mixer(size=(9, 8)), r"patch_size must divide size, got 2 and \(9, 8\)"),
    (lambda: mixer()(torch.zeros(1, 8, 8)), r"x must have shape \(N, C, H, W\), got \(1, 8, 8\)"),
    (lambda: mixer()(torch.zeros(1, 1, 8, 9)), r"x must have size \(H, W\) = \(8, 8\), got"),
    (lambda: fx.symbolic_trace(mixer())(torch.zeros(1, 1, 8, 9)), r"x must have size \(H, W\) = \(8, 8\), got"),
    (lambda: mixer()(torch.zeros(1, 1, 4, 16)), r"x must have size \(H, W\) = \(8, 8\), got"),
)
