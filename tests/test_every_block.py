"""What holds for every block: exact gradients, export, compilation, any batch and memory format, one seed."""

import pytest
import torch
from torch import nn

from companion import beyond, inception, network_in_network, residual

BLOCKS = {  # what builds each, and the shapes of its inputs without the batch
    "MlpConv": (lambda: network_in_network.MlpConv(2, 3, 3, act_layer=nn.SiLU), [(2, 4, 3)]),
    "GlobalAveragePooling": (network_in_network.GlobalAveragePooling, [(2, 4, 3)]),
    "FullyConnectedHead": (
        lambda: network_in_network.FullyConnectedHead(2, (4, 3), 4, hidden_features=5, dropout=0.5),
        [(2, 4, 3)],
    ),
    "Inception": (lambda: inception.Inception(5, 2, 3, 4, 6, 7, 8, act_layer=nn.SiLU), [(5, 4, 3)]),
    "NaiveInception": (lambda: inception.NaiveInception(5, 2, 3, 4, act_layer=nn.SiLU), [(5, 1, 1)]),
    "ZeroPad": (lambda: residual.ZeroPad(2, 3, 2), [(2, 4, 3)]),
    "Projection": (lambda: residual.Projection(2, 3, 2), [(2, 4, 3)]),
    "AveragePoolProjection": (lambda: residual.AveragePoolProjection(2, 3, 2), [(2, 4, 3)]),
    "BasicBlock": (lambda: residual.BasicBlock(2, 3, 2), [(2, 4, 3)]),
    "FeedForward": (lambda: beyond.FeedForward(4, 6), [(5, 4)]),
    "MixerBlock": (lambda: beyond.MixerBlock(5, 4, 3, 7), [(5, 4)]),
    "Mixer": (lambda: beyond.Mixer(1, 4, 2, 4, 1, 3, 5, 3), [(1, 4, 4)]),
    "InvertibleConv1x1": (lambda: beyond.InvertibleConv1x1(3), [(3, 4, 2)]),
    "InvertibleConv1x1LU": (lambda: beyond.InvertibleConv1x1LU(3), [(3, 4, 2)]),
    "ZeroConv": (lambda: beyond.ZeroConv(3, 2), [(3, 4, 2)]),
    "Controlled": (lambda: beyond.Controlled(nn.Conv2d(3, 2, 1), 3, 2, 1), [(3, 4, 2), (1, 4, 2)]),
}
every_block = pytest.mark.parametrize("name", BLOCKS)


def built(name, seed=0):
    """A block in float64 and evaluation mode, none of whose parameters is zero."""
    torch.manual_seed(seed)
    block = BLOCKS[name][0]().double().eval()
    with torch.no_grad():
        for parameter in block.parameters():
            parameter += 0.5 * torch.randn_like(parameter)
    return block


def inputs(name, batch=2, **options):
    return tuple(torch.randn(batch, *shape, dtype=torch.float64, **options) for shape in BLOCKS[name][1])


@every_block
def test_gradients_are_exact(name):
    assert torch.autograd.gradcheck(built(name), inputs(name, requires_grad=True), fast_mode=True)


class Everything(nn.Module):
    """All blocks in one, since each export and each compilation takes its time."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleDict({name: built(name) for name in BLOCKS})

    def forward(self, *given):
        return [block(*xs) for block, xs in zip(self.blocks.values(), given, strict=True)]


def test_blocks_export_and_compile():
    blocks, given = Everything().eval(), tuple(map(inputs, BLOCKS))
    wanted = blocks(*given)
    torch.testing.assert_close(torch.export.export(blocks, given).module()(*given), wanted)
    torch.testing.assert_close(torch.compile(blocks, fullgraph=True, backend="aot_eager")(*given), wanted)


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


@every_block
def test_a_seed_fixes_the_weights(name):
    first, again = built(name).state_dict(), built(name).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
