"""Four layers that are 1x1 convolutions elsewhere: wiring by hand, exact counts, what begins and stays zero."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import beyond, cost

FLOWS = [beyond.InvertibleConv1x1, beyond.InvertibleConv1x1LU]
every_flow = pytest.mark.parametrize("kind", FLOWS)


def randomised(module):
    """Return the module in float64 with all parameters moved away from where they begin."""
    generator = torch.Generator().manual_seed(1)
    module = module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.5 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return module


def by_token(x, layer):
    """Apply a feed-forward layer to every token on its own, by matrix and vector."""
    rows = x.reshape(-1, x.shape[-1])
    hidden = [layer.activation(layer.expand.weight @ row + layer.expand.bias) for row in rows]
    return torch.stack([layer.project.weight @ h + layer.project.bias for h in hidden]).reshape(x.shape)


# The feed-forward layer


def test_feed_forward_treats_every_token_alone():
    layer, x = beyond.FeedForward(6, 10).double(), torch.randn(2, 5, 6, dtype=torch.float64)
    assert isinstance(layer.activation, nn.ReLU)
    torch.testing.assert_close(layer(x), by_token(x, layer))


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(2, 6, 3, 4), (1, 6, 1, 1), (0, 6, 2, 2)])
def test_feed_forward_convolves_with_the_same_weights(size, memory_format):
    layer = beyond.FeedForward(6, 10, act_layer=nn.SiLU).double()
    x = torch.randn(size, dtype=torch.float64).contiguous(memory_format=memory_format)
    torch.testing.assert_close(layer.convolve(x), layer(x.movedim(1, -1)).movedim(-1, 1))


def test_feed_forward_has_the_weights_of_the_paper():
    layer = beyond.FeedForward(512, 2048)
    total = cost.count(layer, (1, 10, 512)).total
    assert (total.weights, total.biases, total.macs) == (2 * 512 * 2048, 512 + 2048, 10 * 2 * 512 * 2048)


# Mixer


def test_mixer_block_agrees_with_one_built_by_hand():
    torch.manual_seed(0)
    block, x = randomised(beyond.MixerBlock(5, 4, 3, 7)), torch.randn(2, 5, 4, dtype=torch.float64)
    norm = block.token_norm
    normed = F.layer_norm(x, (4,), norm.weight, norm.bias)
    columns = torch.stack([by_token(normed[:, :, c], block.token_mlp) for c in range(4)], dim=2)
    half = x + columns
    normed = F.layer_norm(half, (4,), block.channel_norm.weight, block.channel_norm.bias)
    torch.testing.assert_close(block(x), half + by_token(normed, block.channel_mlp))
    assert isinstance(block.token_mlp.activation, nn.GELU)
    assert isinstance(block.channel_mlp.activation, nn.GELU)


def test_mixer_block_has_the_weights_of_the_formula():
    total = cost.count(beyond.MixerBlock(196, 768, 384, 3072), (1, 196, 768)).total
    assert total.weights == 2 * 196 * 384 + 2 * 768 * 3072
    assert total.macs == 768 * 2 * 196 * 384 + 196 * 2 * 768 * 3072
    assert total.affine == 2 * 2 * 768


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
    torch.manual_seed(0)
    net, x = randomised(beyond.Mixer(3, (4, 6), 2, 8, 2, 5, 9, num_classes=10)), torch.randn(2, 3, 4, 6).double()
    patches = F.unfold(x, kernel_size=2, stride=2).transpose(1, 2)  # (N, 6, 12)
    tokens = patches @ net.embed.weight.flatten(1).T + net.embed.bias
    for block in net.blocks:
        tokens = block(tokens)
    mean = F.layer_norm(tokens, (8,), net.norm.weight, net.norm.bias).mean(dim=1)
    assert len(net.blocks) == 2
    torch.testing.assert_close(net(x), mean @ net.classify.weight.T + net.classify.bias)


# Glow


def test_a_random_rotation_is_orthogonal_and_no_reflection():
    torch.manual_seed(0)
    for channels in (1, 2, 3, 8):
        for _ in range(10):
            rotation = beyond.random_rotation(channels)
            torch.testing.assert_close(rotation @ rotation.T, torch.eye(channels), atol=1e-5, rtol=0)
            assert torch.linalg.det(rotation) > 0


def test_random_rotations_prefer_no_direction():
    torch.manual_seed(0)
    rotations = torch.stack([beyond.random_rotation(3) for _ in range(300)])
    assert rotations.mean(dim=0).abs().max() < 0.17  # five standard errors, sqrt(1 / 3 / 300) each
    torch.testing.assert_close(rotations.square().mean(dim=0), torch.full((3, 3), 1 / 3), atol=0.1, rtol=0)


@every_flow
def test_a_flow_begins_as_a_rotation(kind):
    torch.manual_seed(0)
    layer = kind(5)
    torch.testing.assert_close(layer.matrix() @ layer.matrix().T, torch.eye(5), atol=1e-5, rtol=0)
    _, log_det = layer(torch.randn(1, 5, 3, 3))
    assert log_det.shape == ()
    assert abs(log_det.item()) < 1e-4


@every_flow
@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 99))
def test_the_log_determinant_is_that_of_autograds_jacobian(kind, channels, height, width, seed):
    torch.manual_seed(seed)
    layer = randomised(kind(channels))
    x = torch.randn(1, channels, height, width, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: layer(x)[0], x).reshape(x.numel(), x.numel())
    torch.testing.assert_close(layer(x)[1], torch.linalg.slogdet(jacobian).logabsdet)


def test_the_log_determinant_has_the_gradient_of_the_formula():
    torch.manual_seed(0)
    dense, lu = randomised(beyond.InvertibleConv1x1(4)), randomised(beyond.InvertibleConv1x1LU(4))
    x = torch.zeros(1, 4, 3, 5, dtype=torch.float64)
    dense(x)[1].backward()
    torch.testing.assert_close(dense.weight.grad, 3 * 5 * torch.linalg.inv(dense.weight).T)
    lu(x)[1].backward()
    torch.testing.assert_close(lu.log_s.grad, torch.full((4,), 3.0 * 5, dtype=torch.float64))


@every_flow
@pytest.mark.parametrize("size", [(2, 4, 3, 5), (1, 4, 1, 1), (0, 4, 2, 2)])
def test_a_flow_is_undone(kind, size):
    torch.manual_seed(0)
    layer, x = randomised(kind(4)), torch.randn(size, dtype=torch.float64)
    y, _ = layer(x)
    by_hand = torch.einsum("oc,nchw->nohw", layer.matrix(), x)
    torch.testing.assert_close(y, by_hand)
    torch.testing.assert_close(layer.inverse(y), x)
    last = y.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(layer.inverse(last), x)


def test_the_factors_are_what_the_paper_says():
    torch.manual_seed(0)
    layer = randomised(beyond.InvertibleConv1x1LU(5))
    permutation, lower, upper = layer.factors()
    assert sorted(permutation.argmax(dim=1).tolist()) == list(range(5))
    assert permutation.sum() == 5
    assert torch.equal(lower.diagonal(), torch.ones(5, dtype=torch.float64))
    assert not lower.triu(1).any()
    assert not upper.tril(-1).any()
    torch.testing.assert_close(upper.diagonal(), layer.sign_s * layer.log_s.exp())
    torch.testing.assert_close(layer.matrix(), permutation @ lower @ upper)
    assert set(layer.state_dict()) == {"permutation", "sign_s", "lower", "upper", "log_s"}


def test_what_is_trained_has_as_many_free_numbers_as_the_matrix():
    layer = beyond.InvertibleConv1x1LU(5)
    (layer(torch.randn(2, 5, 3, 3))[0].square().sum() + layer.log_abs_det()).backward()
    used = {name: int((p.grad != 0).sum()) for name, p in layer.named_parameters()}
    assert used == {"lower": 10, "upper": 10, "log_s": 5}


# ControlNet


def test_a_zero_convolution_begins_as_nothing_and_learns():
    layer, x = beyond.ZeroConv(3, 4), torch.randn(2, 3, 5, 6, requires_grad=True)
    assert layer.kernel_size == (1, 1)
    grad_y = torch.randn(2, 4, 5, 6)
    y = layer(x)
    y.backward(grad_y)
    assert torch.equal(y, torch.zeros(2, 4, 5, 6))
    assert torch.equal(x.grad, torch.zeros_like(x))
    torch.testing.assert_close(layer.weight.grad[:, :, 0, 0], torch.einsum("nohw,nchw->oc", grad_y, x))
    torch.testing.assert_close(layer.bias.grad, grad_y.sum(dim=(0, 2, 3)))


def test_a_zero_convolution_stays_zero_when_reset_and_can_do_without_bias():
    layer = beyond.ZeroConv(3, 4, bias=False)
    nn.init.ones_(layer.weight)
    layer.reset_parameters()
    assert not layer.weight.any()
    assert layer.bias is None


def control(connect=beyond.ZeroConv):
    block = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU())
    nn.init.uniform_(block[1].running_var, 0.5, 2)
    return block, beyond.Controlled(block, 3, 5, 2, connect=connect)


def test_a_controlled_block_is_equation_2():
    torch.manual_seed(0)
    block, controlled = control(lambda i, o: nn.Conv2d(i, o, 1))
    nn.init.normal_(controlled.copy[0].weight)
    x, hint = torch.randn(2, 3, 6, 4), torch.randn(2, 2, 6, 4)
    controlled.eval()
    inner = controlled.copy(x + controlled.enter(hint))
    torch.testing.assert_close(controlled(x, hint), block(x) + controlled.leave(inner))
    assert (controlled.enter.in_channels, controlled.enter.out_channels) == (2, 3)
    assert (controlled.leave.in_channels, controlled.leave.out_channels) == (5, 5)


def test_a_controlled_block_begins_as_the_locked_one_to_the_last_bit():
    block, controlled = control()
    x, hint = torch.randn(2, 3, 6, 4), torch.randn(2, 2, 6, 4)
    assert torch.equal(controlled.train()(x, hint), block(x))


def test_the_locked_block_never_changes_and_the_copy_does():
    torch.manual_seed(0)
    block, controlled = control()
    before = {name: value.clone() for name, value in block.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in controlled.parameters() if p.requires_grad], lr=0.1)
    controlled.train()
    assert not block.training
    assert controlled.copy.training
    woken = []
    for _ in range(2):
        optimizer.zero_grad()
        controlled(torch.randn(2, 3, 6, 4), torch.randn(2, 2, 6, 4)).square().sum().backward()
        parts = (controlled.leave, controlled.copy[0], controlled.enter)
        woken.append([bool(part.weight.grad.any()) for part in parts])
        optimizer.step()
    assert woken == [[True, False, False], [True, True, True]]
    assert all(torch.equal(value, before[name]) for name, value in block.state_dict().items())
    assert not torch.equal(controlled.copy[0].weight, block[0].weight)


def test_the_copy_of_a_locked_block_can_learn():
    locked = nn.Conv2d(3, 3, 1).requires_grad_(False)
    controlled = beyond.Controlled(locked, 3, 3, 1)
    assert [p.requires_grad for p in controlled.copy.parameters()] == [True, True]
    assert not any(p.requires_grad for p in locked.parameters())


# All of them


LAYERS = {
    "FeedForward": (lambda: beyond.FeedForward(4, 6), [(2, 5, 4)]),
    "MixerBlock": (lambda: beyond.MixerBlock(5, 4, 3, 7), [(2, 5, 4)]),
    "Mixer": (lambda: beyond.Mixer(1, 4, 2, 4, 1, 3, 5, 3), [(2, 1, 4, 4)]),
    "InvertibleConv1x1": (lambda: beyond.InvertibleConv1x1(3), [(2, 3, 2, 2)]),
    "InvertibleConv1x1LU": (lambda: beyond.InvertibleConv1x1LU(3), [(2, 3, 2, 2)]),
    "ZeroConv": (lambda: beyond.ZeroConv(3, 2), [(2, 3, 2, 2)]),
    "Controlled": (lambda: beyond.Controlled(nn.Conv2d(3, 2, 1), 3, 2, 1), [(2, 3, 2, 2), (2, 1, 2, 2)]),
}


def inputs_of(name, **options):
    return tuple(torch.randn(size, dtype=torch.float64, **options) for size in LAYERS[name][1])


@pytest.mark.parametrize("name", LAYERS)
def test_layers_pass_gradcheck(name):
    torch.manual_seed(0)
    layer = randomised(LAYERS[name][0]()).eval()
    assert torch.autograd.gradcheck(layer, inputs_of(name, requires_grad=True), fast_mode=True)


class Everything(nn.Module):
    """All layers in one, since each export and each compilation takes its time."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleDict({name: randomised(build()) for name, (build, _) in LAYERS.items()})

    def forward(self, *inputs):
        return [layer(*given) for layer, given in zip(self.layers.values(), inputs, strict=True)]


def test_layers_export_and_compile():
    torch.manual_seed(0)
    layers, inputs = Everything().eval(), tuple(map(inputs_of, LAYERS))
    wanted = layers(*inputs)
    torch.testing.assert_close(torch.export.export(layers, inputs).module()(*inputs), wanted)
    compiled = torch.compile(layers, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*inputs), wanted)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("batch", [0, 1, 3])
@pytest.mark.parametrize("name", LAYERS)
def test_pictures_of_a_batch_do_not_meet(name, batch, memory_format):
    torch.manual_seed(0)
    layer = randomised(LAYERS[name][0]()).eval()
    sizes = [(batch, *size[1:]) for size in LAYERS[name][1]]
    inputs = [torch.randn(size, dtype=torch.float64) for size in sizes]
    given = [x.contiguous(memory_format=memory_format) if x.dim() == 4 else x for x in inputs]

    def maps(inputs):
        y = layer(*inputs)
        return y[0] if isinstance(y, tuple) else y

    together = maps(given)
    assert len(together) == batch
    for n in range(batch):
        torch.testing.assert_close(together[n : n + 1], maps([x[n : n + 1] for x in inputs]))


@pytest.mark.parametrize("name", ["ZeroConv", "Controlled"])
def test_one_pixel_is_a_picture_too(name):
    layer = randomised(LAYERS[name][0]()).eval()
    x, hint = (torch.randn(2, channels, 1, 1, dtype=torch.float64) for channels in (3, 1))
    y = layer(x) if name == "ZeroConv" else layer(x, hint)
    parts = [layer] if name == "ZeroConv" else [layer.block, layer.copy, layer.enter, layer.leave]
    (w, b), *rest = [(part.weight[:, :, 0, 0], part.bias) for part in parts]
    wanted = x[:, :, 0, 0] @ w.T + b
    if rest:
        (copy_w, copy_b), (enter_w, enter_b), (leave_w, leave_b) = rest
        inner = x[:, :, 0, 0] + hint[:, :, 0, 0] @ enter_w.T + enter_b
        wanted = wanted + (inner @ copy_w.T + copy_b) @ leave_w.T + leave_b
    torch.testing.assert_close(y[:, :, 0, 0], wanted)


def test_a_controlled_block_has_the_weights_of_the_formula():
    controlled = beyond.Controlled(nn.Conv2d(3, 5, 3, padding=1), 3, 5, 2)
    sizes = {name: parameter.numel() for name, parameter in controlled.named_parameters()}
    assert sum(n for name, n in sizes.items() if name.endswith("weight")) == 2 * (5 * 3 * 9) + 2 * 3 + 5 * 5
    assert sum(n for name, n in sizes.items() if name.endswith("bias")) == 2 * 5 + 3 + 5


@pytest.mark.parametrize("name", LAYERS)
def test_a_seed_fixes_every_layer(name):
    def state():
        torch.manual_seed(3)
        return LAYERS[name][0]().state_dict()

    first, second = state(), state()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_state_dict_keys_are_stable():
    assert set(beyond.FeedForward(2, 3).state_dict()) == {
        *("expand.weight", "expand.bias", "project.weight", "project.bias")
    }
    assert set(beyond.InvertibleConv1x1(2).state_dict()) == {"weight"}
    parts = {key.split(".")[0] for key in LAYERS["Controlled"][0]().state_dict()}
    assert parts == {"block", "copy", "enter", "leave"}
    parts = {key.split(".")[0] for key in LAYERS["MixerBlock"][0]().state_dict()}
    assert parts == {"token_norm", "token_mlp", "channel_norm", "channel_mlp"}
    parts = {key.split(".")[0] for key in LAYERS["Mixer"][0]().state_dict()}
    assert parts == {"embed", "blocks", "norm", "classify"}


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: beyond.FeedForward(0, 4), ValueError, "^channels must be at least 1, got 0"),
        (lambda: beyond.FeedForward(4, 2.5), TypeError, "hidden_channels must be an int, got float"),
        (lambda: beyond.MixerBlock(0, 4, 4, 4), ValueError, "^tokens must be at least 1, got 0"),
        (lambda: beyond.MixerBlock(4, True, 4, 4), TypeError, "^channels must be an int, got bool"),
        (lambda: beyond.MixerBlock(4, 4, 0, 4), ValueError, "token_hidden must be at least 1, got 0"),
        (lambda: beyond.MixerBlock(4, 4, 4, 0), ValueError, "channel_hidden must be at least 1, got 0"),
        (lambda: beyond.MixerBlock(4, 4, None, None), ValueError, "must not both be None"),
        (lambda: beyond.Mixer(0, 8, 2, 4, 1, 4, 4, 3), ValueError, "in_channels must be at least 1, got 0"),
        (
            lambda: beyond.Mixer(1, 8, 3, 4, 1, 4, 4, 3),
            ValueError,
            r"divide size, got 3 and \(8, 8\)",
        ),
        (lambda: beyond.Mixer(1, (8, 9), 2, 4, 1, 4, 4, 3), ValueError, r"divide size, got 2 and \(8, 9\)"),
        (lambda: beyond.Mixer(1, (9, 8), 2, 4, 1, 4, 4, 3), ValueError, r"divide size, got 2 and \(9, 8\)"),
        (lambda: beyond.Mixer(1, 8, 2, 4, 0, 4, 4, 3), ValueError, "depth must be at least 1, got 0"),
        (lambda: beyond.Mixer(1, 8, 2, 4, 1, 4, 4, 0), ValueError, "num_classes must be at least 1, got 0"),
        (lambda: beyond.random_rotation(0), ValueError, "channels must be at least 1, got 0"),
        (lambda: beyond.InvertibleConv1x1("3"), TypeError, "channels must be an int, got str"),
        (lambda: beyond.InvertibleConv1x1LU(-1), ValueError, "channels must be at least 1, got -1"),
        (lambda: beyond.ZeroConv(0, 1), ValueError, "in_channels must be at least 1, got 0"),
        (lambda: beyond.ZeroConv(1, 0), ValueError, "out_channels must be at least 1, got 0"),
        (lambda: beyond.Controlled("block", 1, 1, 1), TypeError, "block must be a torch.nn.Module, got str"),
        (lambda: beyond.Controlled(nn.Identity(), 1, 1, 0), ValueError, "hint_channels must be at least 1, got 0"),
    ],
)
def test_bad_arguments_are_named(build, error, words):
    with pytest.raises(error, match=words):
        build()


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"x must have shape \(N, C_in, H, W\), got \(2, 5, 4\)"):
        beyond.FeedForward(4, 6).convolve(torch.randn(2, 5, 4))
    with pytest.raises(ValueError, match="C_in = 5 columns, as x has channels, got 4"):
        beyond.FeedForward(4, 6).convolve(torch.randn(2, 5, 4, 4))
    mixer = beyond.Mixer(1, (4, 8), 2, 4, 1, None, 5, 3)  # without token MLP any number of tokens would pass
    with pytest.raises(ValueError, match=r"x must have shape \(N, C, H, W\), got \(1, 4, 8\)"):
        mixer(torch.randn(1, 4, 8))
    for wrong in ((5, 8), (8, 4), (2, 16)):
        with pytest.raises(ValueError, match=r"x must have size \(H, W\) = \(4, 8\), got"):
            mixer(torch.randn(2, 1, *wrong))
    for kind in FLOWS:
        with pytest.raises(ValueError, match=r"x must have shape \(N, C_in, H, W\), got \(3, 2, 2\)"):
            kind(3)(torch.randn(3, 2, 2))
        with pytest.raises(ValueError, match="y must have 3 channels, got 4"):
            kind(3).inverse(torch.randn(1, 4, 2, 2))
    controlled = beyond.Controlled(nn.Conv2d(3, 2, 1), 3, 2, 1)
    x, hint = torch.randn(2, 3, 4, 4), torch.randn(2, 1, 4, 4)
    with pytest.raises(ValueError, match="x must have in_channels = 3 channels, got 1"):
        controlled(x[:, :1], hint)
    for wrong in (hint[:1], hint[:, :, :1], hint[..., :1]):
        with pytest.raises(ValueError, match=r"hint must have shape \(2, C, 4, 4\), as x, got"):
            controlled(x, wrong)


def test_a_determinant_of_known_size():
    layer = beyond.InvertibleConv1x1LU(3).double()
    with torch.no_grad():
        layer.log_s.fill_(math.log(2))
    assert layer(torch.zeros(4, 3, 5, 7, dtype=torch.float64))[1].item() == pytest.approx(5 * 7 * 3 * math.log(2))
