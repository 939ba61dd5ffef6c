"""Claims about reducing and expanding the number of channels: A3, A4, A7, B5, B6 and B10."""

import operator
from collections.abc import Sequence

import torch
from torch import nn

from companion import bottleneck, cost, inception, residual
from companion.claims._claim import Finding, claim
from companion.claims._recorded import BOTTLENECK, INCEPTION, SHORTCUTS, measured, not_worse, pairs, reached


@claim(
    "A3",
    "In Inception, 256 → 256 channels through 3×3 take 589,824 weights; "
    "a 1×1 to 64 channels first makes it 16,384 + 147,456 = 163,840.",
    cell="channel_reduction#count",
)
def inception_example() -> Finding:
    """Count the layers, built."""
    direct = _weights(nn.Conv2d(256, 256, kernel_size=3, padding=1))
    first, second = _weights(bottleneck.Reduced(256, 64, 256, kernel_size=3))
    cases = {
        "direct": direct == [589_824],
        "the 1×1": first == 16_384,
        "the 3×3 behind it": second == 147_456,
        "both": first + second == 163_840,
        "a branch of GoogLeNet": any(
            (widths.in_channels, widths.out_3x3_reduce, widths.out_3x3) == (256, 64, 256)
            for widths in inception.GOOGLENET.values()
        ),
    }
    b = inception.GOOGLENET["3b"]
    return Finding(
        cases,
        f"{direct[0]:,} against {first + second:,}: {direct[0] / (first + second):.1f} times fewer; the module of "
        f"GoogLeNet that reads 256 channels goes {b.in_channels} → {b.out_3x3_reduce} → {b.out_3x3}",
    )


@claim("B5a", "28×28 maps, 256 → 32 channels through 5×5: 201,800 weights.", cell="channel_reduction#count")
def five_by_five() -> Finding:
    """Count the layer, built."""
    (direct,) = _weights(nn.Conv2d(256, 32, kernel_size=5, padding=2))
    return Finding({"direct": direct == 201_800}, f"{direct:,} counted, 201,800 printed")


@claim(
    "B5b",
    "The same through a 1×1 to 16 channels, which makes the maps 28×28×16: 16,896 weights.",
    cell="channel_reduction#count",
)
def five_by_five_reduced() -> Finding:
    """Count the layers, built, and compute the output shape of the first."""
    branch = bottleneck.Reduced(256, 16, 32, kernel_size=5)
    reduced = sum(_weights(branch))
    between = tuple(branch.reduce(torch.zeros(1, 256, 28, 28)).shape[1:])
    cases = {"weights": reduced == 16_896, "maps in between": between == (16, 28, 28)}
    return Finding(cases, f"{reduced:,} weights, maps of {between}")


@claim("B5c", "With depth, that saving multiplies.", cell="channel_reduction#count")
def saving_with_depth() -> Finding:
    """Count stacks of equal layers, direct ones and reduced ones: the ratio and the difference."""
    direct, reduced = (
        {depth: sum(_weights(nn.Sequential(*(build() for _ in range(depth))))) for depth in (1, 4)}
        for build in (
            lambda: nn.Conv2d(256, 256, kernel_size=5, padding=2),
            lambda: bottleneck.Reduced(256, 16, 256, kernel_size=5),
        )
    )
    saved, ratios = ({d: f(direct[d], reduced[d]) for d in direct} for f in (operator.sub, operator.truediv))
    cases = {"the weights saved": saved[4] > saved[1], "the factor": ratios[4] > ratios[1]}
    return Finding(
        cases,
        f"5×5, 256 → 256 through 16 channels: {saved[1]:,} weights fewer in one layer, {saved[4]:,} in four; "
        f"{ratios[1]:.1f} and {ratios[4]:.1f} times fewer",
    )


@claim(
    "A4a",
    "In a residual network a 1×1 convolution on the shortcut matches its channels to the main path, for the sum.",
    cell="channel_reduction#shortcut-projection",
)
def projection() -> Finding:
    """Try the sum where channels differ, with the 1×1 convolution and without."""
    cases = {}
    for c_in, c_out in ((64, 256), (256, 512)):
        x = torch.randn(1, c_in, 8, 8)
        main = nn.Conv2d(c_in, c_out, kernel_size=3, padding=1)(x)
        around = residual.Projection(c_in, c_out, norm_layer=nn.Identity)(x)
        cases[f"{c_in} → {c_out}"] = _can_be_added(main, around) and not _can_be_added(main, x)
    return Finding(
        cases,
        f"{', '.join(cases)} channels: the sum fails without it; in trained networks, "
        f"{measured(pairs(SHORTCUTS, 'B: 1×1 where needed', 'A: zero-pad'))}",
    )


@claim("A4b", "Going up in channels makes the features more expressive.", cell="channel_reduction#expansion")
def expansion() -> Finding:
    """Count how many of the new maps are independent of each other, before an activation and behind it."""
    maps = torch.randn(1, 32, 16, 16, dtype=torch.float64)
    more = nn.Conv2d(32, 128, kernel_size=1, bias=False, dtype=torch.float64)(maps)
    linear, active = (int(torch.linalg.matrix_rank(y.detach().flatten(2)[0])) for y in (more, more.relu()))
    cases = {"with a ReLU behind it": active > 32, "alone": linear > 32}
    return Finding(cases, f"32 maps → 128, of rank {linear}; of rank {active} behind a ReLU")


@claim(
    "A7",
    "In a residual block the main path may hold several 3×3 convolutions, the shortcut a 1×1, so that they add up.",
    cell="inception_and_residual#basic-block",
)
def basic_block() -> Finding:
    """Look at the convolutions on both paths of a built block, and at what they return."""
    block = residual.BasicBlock(64, 128, stride=2).eval()
    x = torch.randn(1, 64, 28, 28)
    main, around = _kernels(block.residual), _kernels(block.shortcut)
    shapes = tuple(block.residual(x).shape), tuple(block.shortcut(x).shape)
    cases = {
        "several 3×3": len(main) > 1 and set(main) == {(3, 3)},
        "a 1×1 on the shortcut": around == [(1, 1)],
        "the sum": shapes[0] == shapes[1],
    }
    return Finding(cases, f"{len(main)} of 3×3, {len(around)} of 1×1; both return {shapes[0]}")


@claim(
    "B6a",
    "1×1 layers make a network deeper and yet cut its weights by far.",
    cell="channel_reduction#breakeven-cell",
)
def fewer_weights() -> Finding:
    """Count a 5×5 layer from 256 channels to 256, and a pair with fewer in between; "by far": to less than half."""
    (direct,) = _weights(nn.Conv2d(256, 256, kernel_size=5))
    narrow = {m: _weights(bottleneck.Reduced(256, m, 256, kernel_size=5)) for m in (16, 64, 250)}
    cases = {f"through {m} channels": len(pair) > 1 and 2 * sum(pair) < direct for m, pair in narrow.items()}
    pairs = {m: cost.conv2d(256, m, 1).weights + cost.conv2d(m, 256, 5).weights for m in range(1, 257)}
    fewer, half = (max(m for m, weights in pairs.items() if n * weights < direct) for n in (1, 2))
    return Finding(
        cases, f"5×5, 256 → 256: fewer weights with up to {fewer} channels in between, less than half up to {half}"
    )


@claim("B6b", "The results of the model do not get worse for it.", cell="channel_reduction#train-verdict")
def results_with_a_bottleneck() -> Finding:
    """Hold networks with bottlenecks of four widths against the one without; a point counts as none."""
    cases, numbers = {}, []
    for width in (4, 8, 16, 24):
        found = pairs(BOTTLENECK, f"through {width}", "direct")
        cases |= {f"{width} of 32 channels on {where}": not_worse(pair) for where, pair in found.items()}
        numbers.append(measured(found))
    return Finding(cases, f"{reached(BOTTLENECK, 'direct', 'through 16')}; {'; '.join(numbers)}")


@claim(
    "B10a",
    "GoogLeNet uses 1×1 convolutions to cut computation, and becomes deeper.",
    cell="inception_and_residual#tower-naive-cell",
)
def googlenet_is_cheaper() -> Finding:
    """Count all nine modules with and without their reductions, each module reading what the one before returns."""
    sizes = {"3": 28, "4": 14, "5": 7}
    macs, naive_macs, naive_channels = 0, 0, inception.GOOGLENET["3a"].in_channels
    depths = []
    with torch.device("meta"):  # shapes without data
        for name, widths in inception.GOOGLENET.items():
            size = sizes[name[0]]
            module = inception.Inception(*widths)
            naive = inception.NaiveInception(naive_channels, widths.out_1x1, widths.out_3x3, widths.out_5x5)
            macs += cost.count(module, (1, widths.in_channels, size, size)).total.macs
            naive_macs += cost.count(naive, (1, naive_channels, size, size)).total.macs
            naive_channels = naive.out_channels
            depths.append([max(len(_kernels(b)) for b in m.children()) for m in (module, naive)])
    deep, naive_deep = map(sum, zip(*depths, strict=True))
    cases = {"fewer MACs": macs < naive_macs, "deeper": deep > naive_deep}
    return Finding(
        cases, f"{macs:,} MACs against {naive_macs:,}; {deep} convolutions in a row against {naive_deep}"
    )


@claim("B10b", "And its results do not fall.", cell="channel_reduction#train-verdict")
def results_of_googlenet() -> Finding:
    """Hold small networks with such reductions against those without; GoogLeNet itself was not trained."""
    rivals = [
        *(("Inception", naive, INCEPTION) for naive in ("naive, same branches", "naive, same MACs")),
        *((f"through {width}", "direct", BOTTLENECK) for width in (8, 16, 24)),
    ]
    cases, numbers = {}, []
    for first, second, names in rivals:
        found = pairs(names, first, second)
        cases |= {f"{first} against {second} on {where}": not_worse(pair) for where, pair in found.items()}
        numbers.append(measured(found))
    return Finding(cases, f"{'; '.join(numbers)}; not tested on ImageNet")


def _weights(module: nn.Module) -> list[int]:
    """Return the weights of each convolution of a module that reads 256 channels."""
    return [row.weights for row in cost.count(module, (1, 256, 28, 28)) if row.kind == "Conv2d"]


def _kernels(module: nn.Module) -> list[Sequence[int]]:
    return [layer.kernel_size for layer in module.modules() if isinstance(layer, nn.Conv2d)]


def _can_be_added(a: torch.Tensor, b: torch.Tensor) -> bool:
    try:
        return (a + b).shape == a.shape
    except RuntimeError:
        return False
