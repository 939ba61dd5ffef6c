"""Claims about the operation itself: A1, A2, A6, A10, B4 and B7."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from companion import cost, nonlinearity, pointwise
from companion.claims import _networks
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
    cell="channel_mixing#depends",
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


@claim("A6c", "It enhances the semantic expressiveness of the features.", cell="channel_mixing#depends")
def more_expressive() -> Finding:
    """Ask for the exclusive or of two channels: of what mixes them, and of the best that does not.

    Without mixing, a score is a function of the one channel plus a function of the other, whatever these are.
    """
    corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    wanted = corners[:, 0] != corners[:, 1]
    values = torch.cartesian_prod(*[torch.linspace(-2, 2, 9)] * 4)  # f(1), f(-1), g(1), g(-1)
    unmixed = values[:, [0, 0, 1, 1]] + values[:, [2, 3, 2, 3]]  # f + g at each corner
    most = int(((unmixed > 0) == wanted).sum(dim=1).max())
    mixed = pointwise.conv2d(corners[:, :, None, None], torch.tensor([[1.0, -1.0], [-1.0, 1.0]]))
    right = {
        "with a ReLU behind it": int(((mixed.relu().sum(dim=(1, 2, 3)) > 1) == wanted).sum()),
        "alone": round(4 * nonlinearity.best_cut(corners, wanted.long()).accuracy / 100),
    }
    return Finding(
        {name: count > most for name, count in right.items()},
        f"exclusive or of two channels: {most} of 4 corners unmixed, {right['alone']} mixed, "
        f"{right['with a ReLU behind it']} mixed with a ReLU",
    )


@claim("A10a", "A 1×1 convolution has 1 × 1 × C_in × C_out weights.", cell="pointwise#fc-count")
def pointwise_weights() -> Finding:
    """Count a built layer at several sizes of the map."""
    counts = {size: _weights(nn.Conv2d(64, 32, kernel_size=1, bias=False), size) for size in SIZES}
    cases = {f"{size} × {size}": count == 1 * 1 * 64 * 32 for size, count in counts.items()}
    return Finding(cases, f"64 → 32: {counts[28]:,} at any size")


@claim(
    "A10b",
    "A fully connected layer, which reads a flattened map, has C_in × C_out weights.",
    cell="pointwise#fc-count",
)
def fully_connected_weights() -> Finding:
    """Count a built layer behind ``nn.Flatten``, for both readings of C_in in the note's table."""
    size, channels = 28, 64
    layer = nn.Sequential(nn.Flatten(), nn.Linear(size * size * channels, 32, bias=False))
    count = _weights(layer, size)
    cases = {
        "C_in is the length of the flattened map": count == layer[1].in_features * 32,
        "C_in is the number of channels, as for the 1×1": count == channels * 32,
    }
    return Finding(cases, f"64 → 32 at 28 × 28: {count:,} weights; 64 × 32 is {channels * 32:,}")


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
    "B7a",
    "16×16 maps with 32 channels, through 128 filters of 1×1, become 16×16 maps with 128 channels.",
    cell="channel_reduction#shapes",
)
def up() -> Finding:
    """Compute the layer's output shape."""
    return _shape(32, 128)


@claim("B7b", "To go up, a 1×1 is usually put behind another convolution.", cell="claims#behind-the-layer")
def behind_a_convolution() -> Finding:
    """Look what stands before each 1×1 that widens; "usually": a larger kernel before more than half of them."""
    counts = {name: _networks.widened_behind(name) for name in _networks.BUILDERS}
    counts = {name: pair for name, pair in counts.items() if pair[1]}
    cases = {name: 2 * behind > layers for name, (behind, layers) in counts.items()}
    return Finding(
        cases,
        "widening 1×1 behind a 3×3: " + ", ".join(f"{name} {a} of {b}" for name, (a, b) in counts.items()),
    )


def _shape(c_in: int, c_out: int) -> Finding:
    shape = tuple(nn.Conv2d(c_in, c_out, kernel_size=1)(torch.zeros(1, c_in, 16, 16)).shape)
    return Finding({f"{c_in} → {c_out}": shape == (1, c_out, 16, 16)}, f"(1, {c_in}, 16, 16) → {shape}")


def _weights(layer: nn.Module, size: int) -> int:
    return cost.count(layer, (1, 64, size, size)).total.weights


def _shuffled(maps: Tensor, order: Tensor) -> Tensor:
    return maps.flatten(2)[:, :, order].unflatten(2, maps.shape[2:])
