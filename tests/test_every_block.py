"""What holds for every block: gradients, export, compilation, any batch and memory format, seed, bad numbers."""

import copy

import pytest
import torch
from torch import nn

from companion import beyond
from companion import network_in_network as nin
from companion.inception import Inception, NaiveInception, Widths
from companion.residual import AveragePoolProjection, BasicBlock, Identity, Projection, ZeroPad

SHORTCUT = {"in_channels": 2, "out_channels": 3, "stride": 2}
NAIVE = {"in_channels": 5, "out_1x1": 2, "out_3x3": 3, "out_5x5": 4}
MIXER = {"in_channels": 1, "size": 4, "patch_size": 2, "channels": 4, "depth": 1}
HIDDEN = {"token_hidden": 3, "channel_hidden": 5}
BLOCKS = {  # each with its arguments, and the shapes of its inputs without the batch
    nin.MlpConv: ({"in_channels": 2, "out_channels": 3, "kernel_size": 3, "stride": 1}, [(2, 4, 3)]),
    nin.GlobalAveragePooling: ({}, [(2, 4, 3)]),
    nin.FullyConnectedHead: ({"in_channels": 2, "size": 4, "num_classes": 3, "hidden_features": 5}, [(2, 4, 4)]),
    Inception: (Widths(5, 2, 3, 4, 6, 7, 8)._asdict() | {"act_layer": nn.SiLU}, [(5, 4, 3)]),
    NaiveInception: (NAIVE | {"act_layer": nn.SiLU}, [(5, 1, 1)]),
    Identity: ({"in_channels": 2, "out_channels": 2, "stride": 1}, [(2, 4, 3)]),
    ZeroPad: (SHORTCUT, [(2, 4, 3)]),
    Projection: (SHORTCUT, [(2, 4, 3)]),
    AveragePoolProjection: (SHORTCUT, [(2, 4, 3)]),
    BasicBlock: (SHORTCUT, [(2, 4, 3)]),
    beyond.FeedForward: ({"channels": 4, "hidden_channels": 6}, [(5, 4)]),
    beyond.MixerBlock: ({"tokens": 5, "channels": 4, **HIDDEN}, [(5, 4)]),
    beyond.Mixer: ({**MIXER, **HIDDEN, "num_classes": 3}, [(1, 4, 4)]),
    beyond.InvertibleConv1x1: ({"channels": 3}, [(3, 4, 2)]),
    beyond.InvertibleConv1x1LU: ({"channels": 3}, [(3, 4, 2)]),
    beyond.ZeroConv: ({"in_channels": 3, "out_channels": 2}, [(3, 4, 2)]),
    beyond.Controlled: (
        {"block": nn.Conv2d(3, 2, 1), "in_channels": 3, "out_channels": 2, "hint_channels": 1},
        [(3, 4, 2), (1, 4, 2)],
    ),
}
every_block = pytest.mark.parametrize("kind", BLOCKS)
NUMBERS = [(kind, name) for kind, (given, _) in BLOCKS.items() for name in given if isinstance(given[name], int)]


def built(kind):
    """A block in float64 and evaluation mode, none of whose parameters is zero."""
    torch.manual_seed(0)
    block = kind(**copy.deepcopy(BLOCKS[kind][0])).double().eval()
    with torch.no_grad():
        for parameter in block.parameters():
            parameter += 0.5 * torch.randn_like(parameter)
    return block


def inputs(kind, batch=2, **options):
    return tuple(torch.randn(batch, *shape, dtype=torch.float64, **options) for shape in BLOCKS[kind][1])


@every_block
def test_gradients_are_exact(kind):
    assert torch.autograd.gradcheck(built(kind), inputs(kind, requires_grad=True), fast_mode=True)


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


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@every_block
def test_each_picture_of_a_batch_is_computed_on_its_own(kind, memory_format):
    block = built(kind)

    def maps(xs):
        y = block(*xs)
        return y[0] if isinstance(y, tuple) else y

    for batch in (0, 1, 3):
        xs = inputs(kind, batch)
        together = maps([x.contiguous(memory_format=memory_format) if x.dim() == 4 else x for x in xs])
        assert len(together) == batch
        for n in range(batch):
            torch.testing.assert_close(together[n : n + 1], maps([x[n : n + 1] for x in xs]))


@every_block
def test_a_seed_fixes_the_weights(kind):
    first, again = built(kind).state_dict(), built(kind).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)


@pytest.mark.parametrize(("kind", "name"), NUMBERS)
def test_bad_numbers_are_named(kind, name):
    for bad, error, words in ((0, ValueError, "at least 1, got 0"), (2.5, TypeError, "an int, got float")):
        with pytest.raises(error, match=f"^{name} must be {words}"):
            kind(**{**BLOCKS[kind][0], name: bad})
