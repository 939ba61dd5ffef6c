"""Claims about the blocks that are built on it, NIN, Inception and SE: A9, A11, B1, B2 and B3."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from companion import inception, network_in_network, residual, squeeze_excitation
from companion.claims import _experiments, _networks
from companion.claims._claim import Finding, claim
from companion.claims._recorded import HEADS, better, measured, own_minus_mean_gates, pairs, reached


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
    "A9c", "The weights adjust the channels dynamically, to each picture.", cell="squeeze_excitation#inside-ablate"
)
def dynamic() -> Finding:
    """See how far gates differ, and what networks with gates of three kinds lose with the mean gates of all."""
    spread = _experiments.gate_spread()
    kinds = {"sigmoid": "r = 4", "tanh": "tanh", "ReLU": "ReLU"}
    found = {name: own_minus_mean_gates(variant) for name, variant in kinds.items()}
    cases = {"the gates differ from picture to picture": spread > 0.001}
    cases |= {f"a network with {name} gates needs that": better(pair) for name, pair in found.items()}
    losses = ", ".join(f"{pair.measured} with {name}" for name, pair in found.items())
    return Finding(
        cases,
        f"a sigmoid gate's standard deviation over the digits is ≈ {spread:.2f} where it is largest; own gates "
        f"minus mean gates: {losses}",
    )


@claim(
    "A11a",
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


class Printed(nn.Module):
    """The sample of note A, line by line as it is printed: ``forward`` has three dots in its list."""

    def __init__(self, in_channels, out_1x1, out_3x3_reduce, out_3x3, out_5x5_reduce, out_5x5, out_pool):
        super().__init__()
        self.branch1 = nn.Sequential(
            nn.Conv2d(in_channels, out_1x1, kernel_size=1),
            nn.ReLU(),
        )
        self.branch2 = nn.Sequential(
            nn.Conv2d(in_channels, out_3x3_reduce, kernel_size=1),
            nn.ReLU(),
            nn.Conv2d(out_3x3_reduce, out_3x3, kernel_size=3, padding=1),
            nn.ReLU(),
        )

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x), ...], dim=1)


class TwoBranches(Printed):
    """The same without the three dots, which stand for the other branches."""

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x)], dim=1)


@claim("A11b", "The printed sample shows how it is written in PyTorch.", cell="inception_and_residual#wiring-cell")
def sample() -> Finding:
    """Run the note's lines as they are, and without the three dots that stand for the other branches."""
    cases, said = {}, ""
    for name, module in {"as printed": Printed, "its two branches alone": TwoBranches}.items():
        try:
            channels = module(*inception.GOOGLENET["3a"])(torch.randn(1, 192, 7, 7)).shape[1]
            cases[name] = channels == 64 + 128
        except TypeError as error:
            cases[name], said = False, str(error)
    return Finding(cases, f"module 3a, as printed: {said or 'runs'}; two of its four branches are written out")


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
    """Hold the mean against two fully connected heads, each at its own rate."""
    cases, numbers = {}, []
    for other in ("hidden layer", "one layer"):
        found = pairs(HEADS, "mean", other)
        cases |= {f"{other} on {where}": better(pair) for where, pair in found.items()}
        numbers.append(measured(found))
    return Finding(cases, f"{reached(HEADS, 'mean', 'hidden layer', 'one layer')}; {'; '.join(numbers)}")


@claim(
    "B3a",
    "GoogLeNet's Inception takes over the 1×1 convolutions of NIN.",
    cell="inception_and_residual#tower-count",
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


@claim("B3b", "From then on it is used in all kinds of networks.", cell="claims#behind-the-layer")
def used_everywhere() -> Finding:
    """Count the 1×1 convolutions of networks that came after NIN."""
    counts = {name: _networks.activated(name)[1] for name in _networks.BUILDERS if name != "NIN"}
    counts["ResNet's basic block"] = sum(map(_networks.is_pointwise, residual.BasicBlock(64, 64).modules()))
    return Finding(
        {name: count > 0 for name, count in counts.items()},
        "1×1 convolutions: " + ", ".join(f"{name} {count}" for name, count in counts.items()),
    )


def _conv(x: torch.Tensor, layer: nn.Conv2d, padding: int = 0) -> torch.Tensor:
    return F.relu(F.conv2d(x, layer.weight, layer.bias, padding=padding))
