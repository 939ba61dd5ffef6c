"""Claims about the operation itself: A1, A2, A6, A10, B4 and B7."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from companion import cost, pointwise
from companion.claims._claim import Finding, claim

SIZES = (2, 7, 28)  # height and width of maps that have space to lose


@claim(
    "A1",
    "A 1×1 convolution combines channels linearly; it changes their number and keeps height and width.",
    cell="pointwise#shapes",
)
def linear_in_channels() -> Finding:
    """Try two maps and their weighted sum in layers of several widths."""
    cases = {}
    for c_in, c_out in ((256, 64), (16, 128), (8, 8)):
        layer = nn.Conv2d(c_in, c_out, kernel_size=1, bias=False, dtype=torch.float64)
        a, b = torch.randn(2, 4, c_in, 6, 5, dtype=torch.float64)
        linear = torch.allclose(layer(3 * a - b), 3 * layer(a) - layer(b))
        cases[f"{c_in} → {c_out}"] = linear and layer(a).shape == (4, c_out, 6, 5)
    return Finding(cases, f"{', '.join(cases)} channels; 6 × 5 pixels stay 6 × 5")


@claim("A2", "The number of output channels is the number of kernels.", cell="pointwise#shapes")
def one_channel_per_kernel() -> Finding:
    """Count the kernels of built layers and the maps that they return."""
    layers = [nn.Conv2d(256, kernels, kernel_size=1) for kernels in (8, 64, 256)]
    counts = [(len(layer.weight), layer(torch.zeros(1, 256, 2, 2)).shape[1]) for layer in layers]
    cases = {f"{kernels} kernels": kernels == channels for kernels, channels in counts}
    return Finding(cases, "; ".join(f"{kernels} kernels, {channels} channels" for kernels, channels in counts))


@claim(
    "A6a",
    "Channels exchange information: each output is a weighted sum of all of them.",
    cell="channel_mixing#hears",
)
def channels_are_mixed() -> Finding:
    """Change one channel of one pixel and see what changes."""
    weight = torch.randn(3, 3)
    before = torch.randn(1, 3, 8, 8)
    after = before.clone()
    after[0, 0, 4, 4] += 1
    moved = pointwise.conv2d(after, weight) != pointwise.conv2d(before, weight)
    channels, pixels = int(moved.any(dim=3).any(dim=2).sum()), int(moved.any(dim=1).sum())
    cases = {"one of three inputs moves every output": channels == 3}
    return Finding(cases, f"one input channel changed: {channels} of 3 outputs move, at {pixels} pixel")


@claim("A6b", "This is like a fully connected layer, but space is kept.", cell="pointwise#permute-cell")
def fully_connected_at_each_pixel() -> Finding:
    """Hold the layer against a linear layer, pixel by pixel, and shuffle the pixels."""
    x, weight, bias = torch.randn(2, 6, 4, 5), torch.randn(3, 6), torch.randn(3)
    y = pointwise.conv2d(x, weight, bias)
    pixels = [(i, j) for i in range(4) for j in range(5)]
    same = all(torch.allclose(y[:, :, i, j], F.linear(x[:, :, i, j], weight, bias), atol=1e-5) for i, j in pixels)
    order = torch.randperm(len(pixels))
    kept = torch.allclose(pointwise.conv2d(_shuffled(x, order), weight, bias), _shuffled(y, order), atol=1e-5)
    cases = {"the same linear layer at each pixel": same, "each result stays at its pixel": kept}
    return Finding(cases, f"one {len(weight)} × {weight.shape[1]} matrix at {len(pixels)} pixels")


@claim("A10a", "A 1×1 convolution has 1 × 1 × C_in × C_out weights.", cell="pointwise#fc-count")
def pointwise_weights() -> Finding:
    """Count a built layer at several sizes of the map."""
    counts = {size: _weights(nn.Conv2d(64, 32, kernel_size=1, bias=False), size) for size in SIZES}
    cases = {f"{size} × {size}": count == 1 * 1 * 64 * 32 for size, count in counts.items()}
    return Finding(cases, f"64 → 32: {counts[28]:,} at any size")


@claim(
    "A10b",
    "A fully connected layer, which reads the flattened map, has C_in × C_out weights.",
    cell="pointwise#fc-count",
)
def fully_connected_weights() -> Finding:
    """Count a built layer behind ``nn.Flatten``; maps of one pixel have no space to lose and are left out."""
    layers = {size: nn.Sequential(nn.Flatten(), nn.Linear(size * size * 64, 32, bias=False)) for size in SIZES}
    counts = {size: _weights(layer, size) for size, layer in layers.items()}
    cases = {f"{size} × {size}": count == 64 * 32 for size, count in counts.items()}
    return Finding(cases, f"64 → 32 at 28 × 28: {counts[28]:,}; C_in × C_out is {64 * 32:,}")


@claim(
    "A10c",
    "The fully connected layer loses the structure of space; the 1×1 convolution keeps it.",
    cell="pointwise#permute-cell",
)
def space_is_kept_or_lost() -> Finding:
    """Shuffle the pixels: what knows no place shuffles its output alike, what has weights for places does not."""
    x, order = torch.randn(1, 4, 3, 3), torch.randperm(9)
    kept = {}
    for name, layer in {
        "1×1": nn.Conv2d(4, 4, kernel_size=1),
        "fully connected": nn.Sequential(nn.Flatten(), nn.Linear(36, 36), nn.Unflatten(1, (4, 3, 3))),
    }.items():
        kept[name] = torch.allclose(layer(_shuffled(x, order)), _shuffled(layer(x), order), atol=1e-5)
    cases = {
        "the convolution keeps it": kept["1×1"],
        "the fully connected layer loses it": not kept["fully connected"],
    }
    return Finding(cases, "nine pixels shuffled before the layer or behind it")


@claim(
    "B4",
    "16×16 maps with 32 channels, through 8 filters of 1×1, become 16×16 maps with 8 channels.",
    cell="channel_reduction#shapes",
)
def down() -> Finding:
    """Compute the layer's output shape."""
    return _shape(32, 8)


@claim(
    "B7",
    "16×16 maps with 32 channels, through 128 filters of 1×1, become 16×16 maps with 128 channels.",
    cell="channel_reduction#shapes",
)
def up() -> Finding:
    """Compute the layer's output shape."""
    return _shape(32, 128)


def _shape(c_in: int, c_out: int) -> Finding:
    shape = tuple(nn.Conv2d(c_in, c_out, kernel_size=1)(torch.zeros(1, c_in, 16, 16)).shape)
    return Finding({f"{c_in} → {c_out}": shape == (1, c_out, 16, 16)}, f"(1, {c_in}, 16, 16) → {shape}")


def _weights(layer: nn.Module, size: int) -> int:
    return cost.count(layer, (1, 64, size, size)).total.weights


def _shuffled(maps: Tensor, order: Tensor) -> Tensor:
    return maps.flatten(2)[:, :, order].unflatten(2, maps.shape[2:])
