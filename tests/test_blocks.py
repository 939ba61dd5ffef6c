"""What holds for every block: gradients, export, compilation, batches, names of weights, seed, bad numbers."""

import copy
from functools import partial
from inspect import signature

import pytest
import torch
from torch import fx, nn

from companion import beyond
from companion import network_in_network as nin
from companion.bottleneck import Bottleneck, Reduced
from companion.channel_mixing import ChannelShuffle
from companion.inception import Inception, NaiveInception, Widths
from companion.nonlinearity import stack
from companion.residual import AveragePoolProjection, BasicBlock, Identity, Projection, ZeroPad
from companion.separable import DepthwiseSeparable, InvertedResidual
from companion.squeeze_excitation import SqueezeExcitation

SHORTCUT = {"in_channels": 2, "out_channels": 3, "stride": 2}
NAIVE = {"in_channels": 5, "out_1x1": 2, "out_3x3": 3, "out_5x5": 4}
MIXER = {"in_channels": 1, "size": 4, "patch_size": 2, "channels": 4, "depth": 1}
HIDDEN = {"token_hidden": 3, "channel_hidden": 5}
SEPARABLE = {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "stride": 1, "multiplier": 1}
INVERTED = {"in_channels": 4, "out_channels": 4, "stride": 1, "expansion": 6}
REDUCED = {"in_channels": 4, "middle_channels": 2, "out_channels": 6}
GATE = {"channels": 4, "reduction": 2}
CONTROLLED = {"block": nn.Conv2d(3, 2, 1), "in_channels": 3, "out_channels": 2, "hint_channels": 1}
HEAD = {"in_channels": 2, "size": 4, "num_classes": 3, "hidden_features": 5}
MAPS = [(2, 4, 3)]
BLOCKS = {  # each with its arguments, and the shapes of its inputs without the batch
    "Reduced": (Reduced, REDUCED, [(4, 5, 2)]),
    "Bottleneck": (Bottleneck, REDUCED | {"out_channels": 4}, [(4, 5, 2)]),
    "Bottleneck, projected": (Bottleneck, REDUCED, [(4, 1, 1)]),
    "stack": (stack, {"channels": [4, 3, 2]}, [(4, 5, 2)]),
    "ChannelShuffle": (ChannelShuffle, {"groups": 2}, [(4, 5, 2)]),
    "DepthwiseSeparable": (DepthwiseSeparable, SEPARABLE, [(4, 5, 2)]),
    "InvertedResidual": (InvertedResidual, INVERTED, [(4, 5, 2)]),
    "SqueezeExcitation": (SqueezeExcitation, GATE, [(4, 5, 2)]),
    "SqueezeExcitation, no squeeze": (partial(SqueezeExcitation, squeeze=False), GATE, [(4, 5, 2)]),
    "MlpConv": (nin.MlpConv, {"in_channels": 2, "out_channels": 3, "kernel_size": 3, "stride": 1}, MAPS),
    "GlobalAveragePooling": (nin.GlobalAveragePooling, {}, MAPS),
    "FullyConnectedHead": (nin.FullyConnectedHead, HEAD, [(2, 4, 4)]),
    "Inception": (Inception, Widths(5, 2, 3, 4, 6, 7, 8)._asdict() | {"act_layer": nn.SiLU}, [(5, 4, 3)]),
    "NaiveInception": (NaiveInception, NAIVE | {"act_layer": nn.SiLU}, [(5, 1, 1)]),
    "Identity": (Identity, {"in_channels": 2, "out_channels": 2, "stride": 1}, MAPS),
    "ZeroPad": (ZeroPad, SHORTCUT, MAPS),
    "Projection": (Projection, SHORTCUT, MAPS),
    "AveragePoolProjection": (AveragePoolProjection, SHORTCUT, MAPS),
    "BasicBlock": (BasicBlock, SHORTCUT, MAPS),
    "FeedForward": (beyond.FeedForward, {"channels": 4, "hidden_channels": 6}, [(5, 4)]),
    "MixerBlock": (beyond.MixerBlock, {"tokens": 5, "channels": 4, **HIDDEN}, [(5, 4)]),
    "Mixer": (beyond.Mixer, {**MIXER, **HIDDEN, "num_classes": 3}, [(1, 4, 4)]),
    "InvertibleConv1x1": (beyond.InvertibleConv1x1, {"channels": 3}, [(3, 4, 2)]),
    "InvertibleConv1x1LU": (beyond.InvertibleConv1x1LU, {"channels": 3}, [(3, 4, 2)]),
    "ZeroConv": (beyond.ZeroConv, {"in_channels": 3, "out_channels": 2}, [(3, 4, 2)]),
    "Controlled": (beyond.Controlled, CONTROLLED, [(3, 4, 2), (1, 4, 2)]),
}
RESIDUAL = " ".join(f"residual.{i}" for i in (0, 1, 3, 4, 6, 7))
LAYERS = {  # that hold weights: their names are what trained weights are stored under
    "Reduced": "reduce.0 convolve.0",
    "Bottleneck": RESIDUAL,
    "Bottleneck, projected": f"{RESIDUAL} shortcut.0 shortcut.1",
    "stack": "0 2",
    "ChannelShuffle": "",
    "DepthwiseSeparable": "depthwise.0 depthwise.1 pointwise.0 pointwise.1",
    "InvertedResidual": "expand.0 expand.1 depthwise.0 depthwise.1 project.0 project.1",
    "SqueezeExcitation": "reduce expand",
    "SqueezeExcitation, no squeeze": "reduce expand",
}
every_block = pytest.mark.parametrize("name", BLOCKS)
FLAGS = [
    (name, parameter.name)
    for name, (kind, _, _) in BLOCKS.items()
    for parameter in signature(kind).parameters.values()
    if type(parameter.default) is bool
]
NUMBERS = [(name, n) for name, (_, given, _) in BLOCKS.items() for n in given if type(given[n]) is int]


def new(name, **changes):
    kind, given, _ = BLOCKS[name]
    return kind(**copy.deepcopy(given) | changes)


def evaluated(block):
    """The block in float64 and evaluation mode, none of whose parameters or statistics is zero."""
    with torch.no_grad():
        for parameter in block.double().eval().parameters():
            parameter += 0.5 * torch.randn_like(parameter)
        for layer in block.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.uniform_(0.5, 1.5)
                layer.running_var.uniform_(0.5, 1.5)
    return block


def built(name):
    torch.manual_seed(0)
    return evaluated(new(name))


def inputs(name, batch=2, **options):
    return tuple(torch.randn(batch, *shape, dtype=torch.float64, **options) for shape in BLOCKS[name][2])


@every_block
def test_gradients_are_exact(name):
    assert torch.autograd.gradcheck(built(name), inputs(name, requires_grad=True), fast_mode=True)


class Everything(nn.Module):
    """All blocks in one, since each export and each compilation takes its time."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(map(built, BLOCKS))

    def forward(self, *given):
        return [block(*xs) for block, xs in zip(self.blocks, given, strict=True)]


def test_blocks_export_and_compile():
    blocks, given = Everything().eval(), tuple(map(inputs, BLOCKS))
    wanted = blocks(*given)
    torch.testing.assert_close(torch.export.export(blocks, given).module()(*given), wanted)
    torch.testing.assert_close(torch.compile(blocks, fullgraph=True, backend="aot_eager")(*given), wanted)


@every_block
def test_a_traced_block_computes_the_same(name):
    block, xs = built(name), inputs(name)
    torch.testing.assert_close(fx.symbolic_trace(block)(*xs), block(*xs))


@every_block
def test_a_block_can_be_built_without_data(name):
    with torch.device("meta"):
        parameters = list(new(name).parameters())
    assert not parameters or any(parameter.is_meta for parameter in parameters)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@every_block
def test_under_autocast_a_block_takes_both_dtypes(name, dtype):
    block, xs = built(name).float(), [x.float() for x in inputs(name)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = block(*(x.to(dtype) for x in xs))
    for ours, wanted in zip(*(z if isinstance(z, tuple) else (z,) for z in (y, block(*xs))), strict=True):
        atol = 0.05 * (1 + float(wanted.detach().abs().max()))
        torch.testing.assert_close(ours.float(), wanted, rtol=0, atol=atol)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@every_block
def test_each_picture_of_a_batch_is_computed_on_its_own(name, memory_format):
    block = built(name)

    def maps(xs):
        y = block(*xs)
        return y[0] if isinstance(y, tuple) else y

    for batch in (0, 1, 3):
        xs = inputs(name, batch)
        together = maps([x.contiguous(memory_format=memory_format) if x.dim() == 4 else x for x in xs])
        assert len(together) == batch
        for n in range(batch):
            torch.testing.assert_close(together[n : n + 1], maps([x[n : n + 1] for x in xs]))


@pytest.mark.parametrize("name", LAYERS)
def test_the_names_of_the_weights_stay(name):
    names = [key.rpartition(".")[0] for key in new(name).state_dict()]
    assert list(dict.fromkeys(names)) == LAYERS[name].split()


@every_block
def test_a_seed_fixes_the_weights(name):
    first, again = built(name).state_dict(), built(name).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)


@pytest.mark.parametrize(("name", "number"), NUMBERS)
def test_bad_numbers_are_named(name, number):
    for bad, error, words in ((0, ValueError, "at least 1, got 0"), (2.5, TypeError, "an int, got float")):
        with pytest.raises(error, match=f"^{number} must be {words}"):
            new(name, **{number: bad})


@pytest.mark.parametrize(("name", "flag"), FLAGS)
def test_what_is_only_true_or_false_like_is_no_flag(name, flag):
    for bad in (0, "no"):
        with pytest.raises(TypeError, match=f"^{flag} must be a bool, got {type(bad).__name__}"):
            new(name, **{flag: bad})
