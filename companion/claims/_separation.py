"""Claims about separating channels from space: A8, B-2 and B8."""

import torch
from torch import nn
from torch.nn import functional as F

from companion import correlation, cost, data, pointwise, receptive_field, separable
from companion.claims._claim import Finding, claim
from companion.claims._recorded import SEPARABLE, loses, measured, pairs, reached


@claim("B-2a", "Going down or up in channels is a change of their linear combination.", cell="pointwise#agree-cell")
def linear_combinations() -> Finding:
    """See whether the new maps bring anything that is no weighted sum of the old ones."""
    x = torch.randn(1, 16, 8, 8, dtype=torch.float64)
    old, cases = x.flatten(2)[0], {}
    for channels in (4, 32):
        new = pointwise.conv2d(x, torch.randn(channels, 16, dtype=torch.float64)).flatten(2)[0]
        ranks = [int(torch.linalg.matrix_rank(maps)) for maps in (old, torch.cat([old, new]))]
        cases[f"16 → {channels}"] = ranks[0] == ranks[1]
    return Finding(cases, f"16 maps of rank {ranks[0]}; with the {channels} new ones still {ranks[1]}")


@claim(
    "B-2b",
    "Correlations across channels and across space can be learned apart; a 1×1 convolution takes the first kind.",
    cell="channel_mixing#photo",
)
def two_correlations() -> Finding:
    """Take each kind out of a photograph by a layer of its own, and see what is left of the other."""
    x = data.photograph("flower", size=(107, 160)).double()
    edges = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]], dtype=torch.float64) / 4
    mixed = pointwise.conv2d(x, *correlation.whitening(x))
    filtered = F.conv2d(x, edges.expand(3, 1, 3, 3), groups=3)
    across = [correlation.cross_channel(maps) for maps in (x, mixed, filtered)]
    apart = [correlation.spatial(maps, distance=3) for maps in (x, mixed, filtered)]
    cases = {
        "the 1×1 takes what is across channels alone": across[1] < 0.1 * across[0] and apart[1] > 0.7 * apart[0],
        "a depthwise 3×3 takes what is across space alone": apart[2] < 0.5 * apart[0]
        and across[2] > 0.7 * across[0],
    }
    return Finding(
        cases, f"a photograph's correlation across channels: {across[0]:.2f}, behind a 1×1 {across[1]:.2f}"
    )


@claim("B-2c", "Learned apart, the model loses nothing of what it can express.", cell="separable#compose")
def expressive_power() -> Finding:
    """Take the kernel of a pair and one drawn at random, and keep a single spatial pattern per channel."""
    kernels = {
        "pair": separable.compose(torch.randn(8, 1, 3, 3), torch.randn(16, 8, 1, 1)),
        "full": torch.randn(16, 8, 3, 3),
    }
    ranks = {name: int(torch.linalg.matrix_rank(k.transpose(0, 1).flatten(2)).max()) for name, k in kernels.items()}
    kept = {name: bool(separable.lost_kernel_energy(kernel)[1] < 1e-6) for name, kernel in kernels.items()}
    cases = {"kernels with one pattern per channel": kept["pair"], "any other": kept["full"]}
    return Finding(cases, f"patterns per channel: {ranks['pair']} in a pair, {ranks['full']} in a full kernel")


@claim(
    "B-2d",
    "A 1×1 kernel, seen as image processing sees it, means nothing at first sight.",
    cell="channel_mixing#photo",
)
def image_processing() -> Finding:
    """Filter a photograph's one grey channel by a 1×1 kernel, and its three colours by a 1×1 to the same grey."""
    x = data.photograph("flower", size=(107, 160)).double()
    grey = pointwise.conv2d(x, torch.tensor([[0.299, 0.587, 0.114]], dtype=torch.float64))
    scaled = pointwise.conv2d(grey, torch.tensor([[1.7]], dtype=torch.float64))
    both = (torch.stack([grey.flatten(), maps.flatten()]) for maps in (scaled, x[:, 2]))
    alike = [torch.corrcoef(pair)[0, 1].item() for pair in both]
    cases = {"one channel: brighter or darker": alike[0] > 0.9999, "three channels: colour": alike[1] > 0.9999}
    return Finding(
        cases, f"correlation with grey: {alike[0]:.2f} of the grey channel filtered, {alike[1]:.2f} of the blue one"
    )


@claim(
    "B8a",
    "A 1×1 followed by a normal convolution separates channels from space only partly.",
    cell="separable#who-table",
)
def partly() -> Finding:
    """Count by the gradient how many channels and positions a normal convolution reads."""
    channels, positions = _reads(nn.Conv2d(6, 8, kernel_size=3, padding=1))
    cases = {"the normal convolution still reads all channels": channels == 6 and positions > 1}
    return Finding(cases, f"normal 3×3: reads {channels} of 6 channels, {positions} positions")


@claim(
    "B8b",
    "In a depthwise separable convolution the 1×1 makes each channel a group of its own.",
    cell="separable#who-table",
)
def groups() -> Finding:
    """Read the number of groups off the layers."""
    depthwise, one_by_one = _pair(6, 8)
    cases = {"the 1×1": one_by_one.groups == one_by_one.in_channels}
    return Finding(cases, f"groups: {one_by_one.groups} in the 1×1, {depthwise.groups} in the depthwise 3×3")


@claim("B8c", "A depthwise separable convolution separates the two completely.", cell="separable#who-table")
def completely() -> Finding:
    """Count by the gradient what each of its two layers reads."""
    depthwise, one_by_one = (_reads(layer) for layer in _pair(6, 8))
    cases = {"one layer reads one channel": depthwise[0] == 1, "the other one position": one_by_one[1] == 1}
    return Finding(cases, f"depthwise: {depthwise[0]} channel; 1×1: {one_by_one[1]} position")


@claim("B8d", "That saves a great many parameters and computations.", cell="separable#v1")
def saved() -> Finding:
    """Count full and separable layers of MobileNetV1's widths; "a great many": more than half of both."""
    cases, ratios = {}, []
    for c_in, c_out in ((32, 64), (128, 256), (512, 512), (1024, 1024)):
        full, pair = _full_and_pair(c_in, c_out, size=14)
        cases[f"{c_in} → {c_out}"] = 2 * pair.weights < full.weights and 2 * pair.macs < full.macs
        ratios.append(full.macs / pair.macs)
    return Finding(cases, f"MobileNetV1's widths: {min(ratios):.1f} to {max(ratios):.1f} times fewer of both")


@claim("B8e", "But, as MobileNet shows, performance suffers greatly.", cell="separable#verdicts")
def performance() -> Finding:
    """Read MobileNet's own figure and the recorded studies; "greatly": by more than five points."""
    full, separable_ = 71.7, 70.6  # ImageNet accuracy in percent: Howard et al., arXiv 1704.04861, table 4
    cases, numbers = {"MobileNet on ImageNet, as its paper has it": full - separable_ > 5}, []
    for name, words in (("separable", "equal width"), ("separable, wide", "equal weights")):
        found = pairs(SEPARABLE, name, "full")
        cases |= {f"{words} on {where}": loses(pair, 5) for where, pair in found.items()}
        numbers.append(measured(found))
    return Finding(
        cases,
        f"MobileNet {separable_} against {full} % on ImageNet; {reached(SEPARABLE, 'full', 'separable')}; "
        f"{'; '.join(numbers)}",
    )


@claim(
    "A8a",
    "3×3 kernels, 256 output channels: a depthwise separable convolution computes 8 to 9 times less.",
    cell="separable#ratio",
)
def eight_to_nine() -> Finding:
    """Count built layers for several numbers of input channels, and beside the MACs the bytes that they move."""
    cases = {}
    for c_in in (64, 128, 256):
        full, pair = _full_and_pair(c_in, 256, size=28)
        cases[f"{c_in} → 256"] = 8 <= full.macs / pair.macs <= 9
    return Finding(
        cases, f"{full.macs / pair.macs:.2f} times fewer MACs, {full.bytes / pair.bytes:.2f} times fewer bytes"
    )


@claim("A8b", "A normal 3×3 convolution takes 3 × 3 × C_in × C_out computations.", cell="channel_reduction#count")
def at_each_position() -> Finding:
    """Count the MACs for one output position and for a whole map."""
    layer = nn.Conv2d(256, 256, kernel_size=3, bias=False)
    macs = {size: cost.count(layer, (1, 256, size + 2, size + 2)).total.macs for size in (1, 28)}
    cases = {f"{size} × {size} outputs": count == 3 * 3 * 256 * 256 for size, count in macs.items()}
    return Finding(cases, f"256 → 256: {macs[1]:,} MACs for one output position, {macs[28]:,} for 28 × 28")


@claim(
    "A8c",
    "The depthwise step convolves each input channel by itself and does not change their number.",
    cell="separable#who-table",
)
def depthwise_step() -> Finding:
    """Build it with one filter for each channel, and with the two that its multiplier allows."""
    outs = {m: nn.Conv2d(6, 6 * m, 3, padding=1, groups=6)(torch.zeros(1, 6, 5, 5)).shape[1] for m in (1, 2)}
    cases = {f"multiplier {multiplier}": channels == 6 for multiplier, channels in outs.items()}
    return Finding(cases, f"6 channels become {outs[1]} with one filter each, {outs[2]} with two")


@claim("A8d", "The pointwise step merges all channels and sets the number of outputs.", cell="separable#who-table")
def pointwise_step() -> Finding:
    """Count what one output of the block's 1×1 reads, and its outputs."""
    cases, read = {}, []
    for c_out in (4, 6, 16):
        layer = _pair(6, c_out)[1]
        read.append(_reads(layer)[0])
        cases[f"6 → {c_out}"] = read[-1] == 6 and layer(torch.zeros(1, 6, 5, 5)).shape[1] == c_out
    return Finding(cases, f"each output reads {min(read)} of 6 channels; 4, 6 and 16 outputs")


def _pair(c_in: int, c_out: int) -> list[nn.Conv2d]:
    """Return the two convolutions of the block, the depthwise one first."""
    block = separable.DepthwiseSeparable(c_in, c_out, norm_layer=nn.Identity, act_layer=nn.Identity)
    return [layer for layer in block.modules() if isinstance(layer, nn.Conv2d)]


def _full_and_pair(c_in: int, c_out: int, size: int) -> list[cost.Cost]:
    layers = nn.Conv2d(c_in, c_out, kernel_size=3, padding=1, bias=False), nn.Sequential(*_pair(c_in, c_out))
    return [cost.count(layer, (1, c_in, size, size)).total for layer in layers]


def _reads(layer: nn.Conv2d) -> tuple[int, int]:
    """Return how many channels, and how many positions, one output value of a layer depends on."""
    x = torch.randn(1, layer.in_channels, 7, 7)
    read = receptive_field.input_gradient(layer, x, position=(3, 3), channel=0)[0] != 0
    return int(read.any(dim=(1, 2)).sum()), int(read.any(dim=0).sum())
