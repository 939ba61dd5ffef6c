"""Claims about the activation behind the layer and about its first weights: A5, A12, A13, B1's reason and B9."""

import torch
from torch import nn
from torch.nn import functional as F

from companion import bottleneck, data, nonlinearity, pointwise, receptive_field, residual, studies
from companion.claims import _networks
from companion.claims._claim import Finding, claim
from companion.claims._recorded import (
    INITIALISATION,
    LINEAR_BOTTLENECK,
    dead_runs,
    measured,
    not_worse,
    pairs,
    reached,
)


@claim(
    "A5a", "A 1×1 convolution is usually followed by an activation such as ReLU.", cell="claims#behind-the-layer"
)
def usually_followed() -> Finding:
    """Count what stands behind each 1×1 convolution of whole networks; "usually": behind more than half of them."""
    counts = {name: _networks.activated(name) for name in _networks.BUILDERS}
    counts = {name: pair for name, pair in counts.items() if pair[1]}
    cases = {name: 2 * followed > layers for name, (followed, layers) in counts.items()}
    return Finding(
        cases, ", ".join(f"{name} {followed} of {layers}" for name, (followed, layers) in counts.items())
    )


@claim("A5b", "The activation makes the model more expressive.", cell="nonlinearity#train-verdict")
def beyond_a_straight_cut() -> Finding:
    """Label the corners of a square by the exclusive or, with two hidden channels set by hand."""
    corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    wanted = corners[:, 0] != corners[:, 1]
    net = nonlinearity.stack([2, 2, 1])
    net[0] = pointwise.as_conv2d(torch.tensor([[1.0, -1.0], [-1.0, 1.0]]), None)
    net[-1] = pointwise.as_conv2d(torch.tensor([[1.0, 1.0]]), torch.tensor([-1.0]))
    right = int(((net(corners[:, :, None, None]) > 0).flatten() == wanted).sum())
    straight = round(4 * nonlinearity.best_cut(corners, wanted.long()).accuracy / 100)
    return Finding(
        {"more corners than any straight cut": right > straight},
        f"exclusive or: {right} of 4 corners with a ReLU between, {straight} by the best single layer",
    )


@claim(
    "B9a",
    "A 1×1 convolution with its activation keeps the size of the maps: no resolution is lost.",
    cell="nonlinearity#reach",
)
def resolution_is_kept() -> Finding:
    """Count by the gradient the input pixels that one output pixel depends on, however deep the stack."""
    cases, read = {}, {}
    for kernel_size in (1, 3):
        layers: list[nn.Module] = []
        for _ in range(4):
            layers += [nn.Conv2d(8, 8, kernel_size, padding=kernel_size // 2), nn.ReLU()]
        net, x = nn.Sequential(*layers), torch.randn(1, 8, 11, 11)
        read[kernel_size] = int(receptive_field.gradient_map(net, x, position=(5, 5)).count_nonzero())
        if kernel_size == 1:
            cases["the size stays"] = net(x).shape == x.shape
    cases["each pixel reads itself alone"] = read[1] == 1
    return Finding(cases, f"four layers deep, one pixel reads {read[1]}; with 3×3 it would be {read[3]}")


@claim("B9b", "It adds a great deal of nonlinearity.", cell="nonlinearity#bends-verdict")
def pieces_of_a_network() -> Finding:
    """Count the straight pieces along a line in four layers of eight units.

    "A great deal" is more than one layer of as many units can have at most, a piece more than it has units.
    """
    folded = nonlinearity.walk(nonlinearity.folding(4, 8), torch.zeros(1), torch.ones(1)).pieces
    deep, flat = (_pieces(widths) for widths in ([2, 8, 8, 8, 8, 2], [2, 32, 2]))
    most = 4 * 8 + 1
    return Finding(
        {"set by hand": folded > most, "drawn at random": deep > most},
        f"straight pieces along a line: {folded:,} in four layers of 8 units set by hand, ≈ {deep:.0f} drawn at "
        f"random; one layer of 32 has at most {most}, ≈ {flat:.0f} drawn at random",
    )


def _pieces(widths: list[int]) -> float:
    """Return the mean number of straight pieces, over twenty draws, between two corners of the square."""
    start, end = torch.tensor([-1.0, -1.0]), torch.tensor([1.0, 1.0])
    drawn = [nonlinearity.walk(nonlinearity.stack(widths), start, end).pieces for _ in range(20)]
    return sum(drawn) / len(drawn)


@claim(
    "B1b",
    "A plain convolution layer is linear: it assumes that the features are linearly separable, which they are not.",
    cell="nonlinearity#edges-train",
)
def linearly_separable() -> Finding:
    """Find vertical edges of either polarity in real digits, by the best single cut and by two kernels."""
    patches = F.unfold(data.digits().test_x[:100], 3).transpose(1, 2).reshape(-1, 1, 3, 3)
    columns = patches.mean(dim=2)[:, 0]  # (M, 3)
    edge = (columns[:, 2] - columns[:, 0]).abs() > 0.4
    chosen = torch.cat([edge.nonzero()[:300, 0], (~edge).nonzero()[:300, 0]])  # as many edges as others
    patches, columns, edge = patches[chosen], columns[chosen], edge[chosen]
    one = nonlinearity.best_cut(columns[:, ::2], edge.long(), directions=180).accuracy

    detector = nn.Conv2d(1, 2, kernel_size=3)  # brighter on the right by 0.4, and brighter on the left
    with torch.no_grad():
        detector.weight.copy_(torch.tensor([[[[-1.0, 0, 1]] * 3], [[[1.0, 0, -1]] * 3]]) / 3)
        detector.bias.fill_(-0.4)
        two = 100 * ((detector(patches).relu().sum(dim=1).flatten() > 1e-6) == edge).float().mean().item()
    cases = {"one kernel": one < 90, "two kernels, ReLU and a 1×1 that adds them up": two < 90}
    return Finding(
        cases,
        f"edges in digits told from the rest: {one:.0f} % by the best cut, {two:.0f} % by two kernels added up",
    )


@claim(
    "A12",
    "In some cases, residual connections for one, the activation may be left out.",
    cell="pitfalls#block-verdict",
)
def left_out() -> Finding:
    """Look where ResNet's blocks leave it out, and train thin layers with it and without, in blocks and alone."""
    blocks = {"bottleneck": bottleneck.Bottleneck(256, 64, 256), "basic block": residual.BasicBlock(64, 64)}
    cases, before = {}, []
    for name, block in blocks.items():
        kinds = [type(layer) for layer in block.residual]
        convs, relus = kinds.count(nn.Conv2d), kinds.count(nn.ReLU)
        cases[f"before the sum of ResNet's {name}"] = relus == convs - 1 and kinds[-1] is not nn.ReLU
        before.append(f"{name} {relus} for {convs} convolutions")
    numbers = [f"ReLUs before the sum: {', '.join(before)}"]
    for thin in (2, 8):
        for shortcut in ("", ", shortcut"):
            found = pairs(LINEAR_BOTTLENECK, f"{thin} thin, linear{shortcut}", f"{thin} thin, ReLU{shortcut}")
            cases |= {f"{thin} channels{shortcut} on {where}": not_worse(pair) for where, pair in found.items()}
            numbers.append(measured(found))
    return Finding(cases, "; ".join(numbers))


@claim(
    "A13",
    "As for any convolution, the first weights must be chosen with care, by He's initialisation for example.",
    cell="pitfalls#start-verdict",
)
def first_weights() -> Finding:
    """Count the runs of forty layers that die, from He's start and from the library's, each at its own rate."""
    dead = dead_runs(INITIALISATION, "He", "PyTorch")
    cases = {
        "He's start learns": dead["He"] == 0,
        "PyTorch's default does not": dead["PyTorch"] == len(studies.FINAL_SEEDS),
    }
    counts = ", ".join(f"{name} {count} of {len(studies.FINAL_SEEDS)}" for name, count in dead.items())
    said = reached([INITIALISATION], "He", "PyTorch")
    return Finding(cases, f"40 layers, {said}, where a guess has 10 %; runs that never learned: {counts}")
