"""What holds for every block: any batch, gradients, compilation, export, names of the weights, refused counts."""

import inspect
from functools import partial

import pytest
import torch
from torch import nn

from companion.bottleneck import Bottleneck, Reduced
from companion.channel_mixing import ChannelShuffle
from companion.nonlinearity import stack
from companion.separable import DepthwiseSeparable, InvertedResidual
from companion.squeeze_excitation import SqueezeExcitation

RESIDUAL = " ".join(f"residual.{i}" for i in (0, 1, 3, 4, 6, 7))

# Each reads four channels: how it is built, the channels it returns, the layers that hold its weights.
BLOCKS = {
    "Reduced": (Reduced, (4, 2, 6), 6, "reduce.0 convolve.0"),
    "Bottleneck": (Bottleneck, (4, 2, 4), 4, RESIDUAL),
    "Bottleneck, projected": (Bottleneck, (4, 2, 6), 6, f"{RESIDUAL} shortcut.0 shortcut.1"),
    "stack": (stack, ([4, 3, 2],), 2, "0 2"),
    "ChannelShuffle": (ChannelShuffle, (2,), 4, ""),
    "DepthwiseSeparable": (DepthwiseSeparable, (4, 6), 6, "depthwise.0 depthwise.1 pointwise.0 pointwise.1"),
    "InvertedResidual": (
        *(InvertedResidual, (4, 4), 4),
        "expand.0 expand.1 depthwise.0 depthwise.1 project.0 project.1",
    ),
    "SqueezeExcitation": (SqueezeExcitation, (4, 2), 4, "reduce expand"),
    "SqueezeExcitation, no squeeze": (partial(SqueezeExcitation, squeeze=False), (4, 2), 4, "reduce expand"),
}
every_block = pytest.mark.parametrize(("kind", "arguments", "channels", "layers"), BLOCKS.values(), ids=BLOCKS)


def numbers(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def evaluated(block):
    """The block in float64 and evaluation mode, its normalisations with numbers of their own."""
    for layer in block.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for value in (layer.running_mean, layer.running_var, layer.weight, layer.bias):
                nn.init.uniform_(value, 0.5, 1.5)
    return block.double().eval()


@every_block
@pytest.mark.parametrize("shape", [(0, 4, 4, 4), (1, 4, 1, 1), (3, 4, 5, 2)])
def test_any_batch_size_and_memory_format(kind, arguments, channels, layers, shape):
    block, x = evaluated(kind(*arguments)), numbers(*shape)
    y = block(x.contiguous(memory_format=torch.channels_last))
    assert y.shape == (shape[0], channels, *shape[2:])
    torch.testing.assert_close(y, block(x))
    for picture, alone in zip(y, x, strict=True):
        torch.testing.assert_close(picture, block(alone[None])[0])


@every_block
def test_gradients_compilation_and_export(kind, arguments, channels, layers):
    torch.manual_seed(0)
    block, x = evaluated(kind(*arguments)), numbers(1, 4, 3, 3)
    assert torch.autograd.gradcheck(block, x.requires_grad_())
    x = x.detach()
    torch.testing.assert_close(torch.compile(block, fullgraph=True, backend="aot_eager")(x), block(x))
    torch.testing.assert_close(torch.export.export(block, (x,)).module()(x), block(x))


@every_block
def test_the_names_of_the_weights_stay(kind, arguments, channels, layers):
    names = [name.rpartition(".")[0] for name in kind(*arguments).state_dict()]
    assert list(dict.fromkeys(names)) == layers.split()


@every_block
def test_counts_must_be_whole_and_above_zero(kind, arguments, channels, layers):
    parameters = inspect.signature(kind).parameters
    given = dict(zip(parameters, arguments, strict=False))
    for name in (name for name, parameter in parameters.items() if parameter.annotation is int):
        with pytest.raises(ValueError, match=f"^{name} must be at least 1, got 0"):
            kind(**given | {name: 0})
        with pytest.raises(TypeError, match=f"^{name} must be an int, got float"):
            kind(**given | {name: 2.5})
