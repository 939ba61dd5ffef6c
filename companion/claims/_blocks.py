"""Claims about the blocks that are built on it, NIN, Inception and SE: A9, A11, B1, B2 and B3."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from companion import inception, network_in_network, squeeze_excitation
from companion.claims import _experiments
from companion.claims._claim import Finding, claim


@claim(
    "A9a",
    "SENet squeezes by global average pooling, excites by fully connected layers, for which 1×1 convolutions can "
    "stand, and scales each channel.",
    cell="squeeze_excitation#two-forms",
)
def two_forms() -> Finding:
    """Compute the block with linear layers on the means, from the same weights, and compare gradients too."""
    block = squeeze_excitation.SqueezeExcitation(64, reduction=16).double()
    x = torch.randn(2, 64, 7, 7, dtype=torch.float64, requires_grad=True)
    hidden = F.relu(F.linear(x.mean(dim=(2, 3)), block.reduce.weight[:, :, 0, 0], block.reduce.bias))
    gates = F.linear(hidden, block.expand.weight[:, :, 0, 0], block.expand.bias).sigmoid()
    outputs = block(x), x * gates[:, :, None, None]
    inputs = [x, *block.parameters()]
    gradients = [torch.autograd.grad(y.square().sum(), inputs) for y in outputs]
    cases = {
        "equal outputs": torch.allclose(*outputs),
        "equal gradients": all(torch.allclose(a, b) for a, b in zip(*gradients, strict=True)),
    }
    return Finding(cases, f"{x.numel():,} outputs and {len(inputs)} gradients compared")


@claim(
    "A9b", "The weights make the response of important channels stronger.", cell="squeeze_excitation#hand-weights"
)
def stronger() -> Finding:
    """Try gates from all the way closed to all the way open on channels that are equally strong."""
    block = squeeze_excitation.SqueezeExcitation(3, reduction=3)
    with torch.no_grad():
        block.expand.weight.zero_()
        block.expand.bias.copy_(torch.tensor([-20.0, 0.0, 20.0]))
        response = block(torch.ones(1, 3, 2, 2)).mean(dim=(0, 2, 3))
    cases = {
        "beside the other channels": bool(response[2] / response.mean() > 1.5),
        "by itself": bool(response.max() > 1 + 1e-6),
    }
    return Finding(cases, f"gates lie between {response.min():.0f} and {response.max():.0f}")


@claim(
    "A11",
    "In an Inception module a 1×1 convolution is one branch, a 1×1 and a 3×3 another, further ones are similar; "
    "their outputs are stacked along the channels.",
    cell="inception_and_residual#wiring-cell",
)
def four_branches() -> Finding:
    """Compute each branch of module 3a from its weights and look for it in the output."""
    module = inception.Inception(*inception.GOOGLENET["3a"])
    x = torch.randn(1, 192, 7, 7)
    b1, b2, b3, b4 = module.branch1, module.branch2, module.branch3, module.branch4
    branches = {
        "1×1": _conv(x, b1[0]),
        "3×3": _conv(_conv(x, b2[0]), b2[2], padding=1),
        "5×5": _conv(_conv(x, b3[0]), b3[2], padding=2),
        "pooling": _conv(F.max_pool2d(x, 3, stride=1, padding=1), b4[1]),
    }
    widths = [maps.shape[1] for maps in branches.values()]
    y = module(x)
    whole = sum(widths) == y.shape[1]
    pieces = y.split(widths, dim=1) if whole else [y] * 4
    cases = {
        name: whole and torch.allclose(piece, maps, atol=1e-5)
        for (name, maps), piece in zip(branches.items(), pieces, strict=True)
    }
    return Finding(cases, f"{' + '.join(map(str, widths))} = {y.shape[1]} channels")


@claim(
    "B1a",
    "NIN's mlpconv layer is a fully connected network at each pixel, which equals 1×1 convolutions with ReLU.",
    cell="network_in_network#mlp-compare",
)
def one_mlp_at_each_pixel() -> Finding:
    """Give each pixel to a multilayer perceptron with the same weights."""
    layer = network_in_network.MlpConv(3, 6, 1, hidden_channels=(8, 5))
    x = torch.randn(2, 3, 4, 4)
    values = x.movedim(1, -1).flatten(0, 2)  # one row per pixel: (N*H*W, C)
    convs = [conv for conv in layer.modules() if isinstance(conv, nn.Conv2d)]
    for conv in convs:
        values = F.relu(F.linear(values, conv.weight[:, :, 0, 0], conv.bias))
    y = layer(x).movedim(1, -1).flatten(0, 2)
    same = torch.allclose(y, values, atol=1e-5)
    return Finding({"at each pixel": same}, f"{len(convs)} layers, compared at {len(values)} pixels")


@claim(
    "B2",
    "Global average pooling takes the place of fully connected layers, which overfit easily and generalise worse.",
    cell="network_in_network#heads-verdict",
)
def heads() -> Finding:
    """Train a NIN with three heads on 100 pictures until it knows them; "worse": by more than three points."""
    runs = _experiments.heads()
    fitted = all(runs.mean(name, "train") > 99 for name in runs.names)
    cases = {
        "against a hidden layer": fitted and runs.ahead("mean", "hidden layer", points=3),
        "against a single linear layer": fitted and runs.ahead("mean", "one layer", points=3),
    }
    parameters = ", ".join(f"{name} {runs.parameters(name):,}" for name in runs.names)
    return Finding(cases, f"the mean over 3 points ahead, 100 digits; parameters: {parameters}")


@claim(
    "B3", "GoogLeNet's Inception takes over the 1×1 convolutions of NIN.", cell="inception_and_residual#tower-count"
)
def taken_over() -> Finding:
    """Count the 1×1 convolutions with an activation in each of the nine modules."""
    cases, total = {}, 0
    for name, widths in inception.GOOGLENET.items():
        with torch.device("meta"):
            module = inception.Inception(*widths)
        found = sum(
            isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1) and isinstance(behind, nn.ReLU)
            for branch in module.children()
            for layer, behind in pairwise(branch)
        )
        cases[name], total = found > 0, total + found
    return Finding(cases, f"{total} of them with ReLU, in {sum(cases.values())} of {len(cases)} modules")


def _conv(x: torch.Tensor, layer: nn.Conv2d, padding: int = 0) -> torch.Tensor:
    return F.relu(F.conv2d(x, layer.weight, layer.bias, padding=padding))
