"""Depthwise separable blocks: their wiring, what they cost, and which full kernels they can be."""

import itertools
import math
from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import cost, separable

LINEAR = {"norm_layer": nn.Identity, "act_layer": nn.Identity}
BLOCKS = [separable.DepthwiseSeparable, separable.InvertedResidual]


def random_norms(block):
    """Give every batch normalisation its own mean, scale and shift, so that a misplaced one shows."""
    for layer in block.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean)
            nn.init.uniform_(layer.running_var, 0.5, 2)
            nn.init.normal_(layer.weight, 1, 0.3)
            nn.init.normal_(layer.bias)
    return block


def normalised(x, norm):
    shift, scale = norm.running_mean[:, None, None], (norm.running_var + norm.eps).sqrt()[:, None, None]
    return (x - shift) / scale * norm.weight[:, None, None] + norm.bias[:, None, None]


def depthwise_by_hand(x, weight, stride, multiplier=1):
    """One picture, channel by channel, position by position; zeros beyond the edge."""
    k = weight.shape[2]
    padded = F.pad(x, [k // 2] * 4)
    rows, columns = math.ceil(x.shape[1] / stride), math.ceil(x.shape[2] / stride)
    y = x.new_zeros(len(weight), rows, columns)
    for out, row, column in itertools.product(range(len(weight)), range(rows), range(columns)):
        top, left = row * stride, column * stride
        window = padded[out // multiplier, top : top + k, left : left + k]
        y[out, row, column] = (window * weight[out, 0]).sum()
    return y


def pointwise_by_hand(x, weight):
    return torch.stack([sum(w * plane for w, plane in zip(row[:, 0, 0], x, strict=True)) for row in weight])


@pytest.mark.parametrize(("kernel_size", "stride", "multiplier"), [(3, 1, 1), (3, 2, 1), (5, 1, 2), (1, 3, 3)])
@torch.no_grad()
def test_depthwise_separable_agrees_with_one_computed_by_hand(kernel_size, stride, multiplier):
    torch.manual_seed(0)
    block = separable.DepthwiseSeparable(3, 4, kernel_size, stride, multiplier=multiplier)
    block = random_norms(block).double().eval()
    x = torch.randn(3, 7, 6, dtype=torch.float64)
    y = depthwise_by_hand(x, block.depthwise[0].weight, stride, multiplier)
    y = normalised(y, block.depthwise[1]).relu()
    y = normalised(pointwise_by_hand(y, block.pointwise[0].weight), block.pointwise[1]).relu()
    torch.testing.assert_close(block(x[None])[0], y)
    assert y.shape == (4, -(-7 // stride), -(-6 // stride))


@pytest.mark.parametrize(("channels", "stride", "expansion"), [((3, 3), 1, 4), ((3, 5), 1, 2), ((3, 3), 2, 6)])
@torch.no_grad()
def test_inverted_residual_agrees_with_one_computed_by_hand(channels, stride, expansion):
    torch.manual_seed(0)
    block = random_norms(separable.InvertedResidual(*channels, stride, expansion)).double().eval()
    nn.init.constant_(block.project[1].bias, -1)  # so that an activation at the end would be seen
    x = 12 * torch.randn(3, 7, 6, dtype=torch.float64)
    y = normalised(pointwise_by_hand(x, block.expand[0].weight), block.expand[1]).clamp(0, 6)
    assert y.max() == 6, "the cut at six is not seen"
    assert len(y) == 3 * expansion
    y = normalised(depthwise_by_hand(y, block.depthwise[0].weight, stride), block.depthwise[1]).clamp(0, 6)
    y = normalised(pointwise_by_hand(y, block.project[0].weight), block.project[1])
    assert y.min() < 0, "the last 1x1 has an activation"
    if channels[0] == channels[1] and stride == 1:
        y = y + x
    torch.testing.assert_close(block(x[None])[0], y)


def test_without_expansion_there_is_no_first_1x1():
    block = separable.InvertedResidual(8, 4, expansion=1)
    assert len(block.expand) == 0
    assert block.depthwise[0].weight.shape == (8, 1, 3, 3)
    assert cost.count(block, (1, 8, 5, 5)).total.weights == 9 * 8 + 8 * 4


def test_the_two_layers_are_where_the_groups_say():
    block = separable.DepthwiseSeparable(6, 10, multiplier=2)
    assert (block.depthwise[0].groups, block.pointwise[0].groups) == (6, 1)
    assert (block.depthwise[0].bias, block.pointwise[0].bias) == (None, None)
    with_bias = separable.DepthwiseSeparable(6, 10, multiplier=2, bias=True)
    assert (len(with_bias.depthwise[0].bias), len(with_bias.pointwise[0].bias)) == (12, 10)


def test_layers_are_of_the_types_asked_for():
    v1 = separable.DepthwiseSeparable(4, 8, norm_layer=nn.InstanceNorm2d, act_layer=nn.SiLU)
    v2 = separable.InvertedResidual(4, 8, norm_layer=nn.InstanceNorm2d, act_layer=nn.SiLU)
    xception = separable.DepthwiseSeparable(4, 8, middle_act_layer=nn.Identity)
    kinds = [[type(layer) for layer in block.modules()] for block in (v1, v2, xception)]
    assert not {nn.ReLU, nn.ReLU6, nn.BatchNorm2d} & {*kinds[0], *kinds[1]}
    assert (kinds[0].count(nn.SiLU), kinds[0].count(nn.InstanceNorm2d)) == (2, 2)
    assert (kinds[1].count(nn.SiLU), kinds[1].count(nn.InstanceNorm2d)) == (2, 3)
    assert isinstance(xception.depthwise[2], nn.Identity)
    assert isinstance(xception.pointwise[2], nn.ReLU)


def test_names_of_the_parameters_stay():
    v1, v2 = separable.DepthwiseSeparable(2, 3), separable.InvertedResidual(2, 3)
    assert [name for name, _ in v1.named_parameters()] == [
        *("depthwise.0.weight", "depthwise.1.weight", "depthwise.1.bias"),
        *("pointwise.0.weight", "pointwise.1.weight", "pointwise.1.bias"),
    ]
    assert [name for name, _ in v2.named_parameters() if name.endswith("0.weight")] == [
        *("expand.0.weight", "depthwise.0.weight", "project.0.weight")
    ]


def first_layer(out_channels):
    return [nn.Conv2d(3, out_channels, 3, 2, 1, bias=False), nn.BatchNorm2d(out_channels)]


def head(in_channels):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, 1000)]


def mobilenet_v1():
    """Table 1 of arXiv 1704.04861."""
    widths = [32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
    strides = [1, 2, 1, 2, 1, 2, *[1] * 5, 2, 1]
    pairs = zip(itertools.pairwise(widths), strides, strict=True)
    blocks = [separable.DepthwiseSeparable(*channels, stride=stride) for channels, stride in pairs]
    return nn.Sequential(*first_layer(32), *blocks, *head(1024))


def mobilenet_v2():
    """Table 2 of arXiv 1801.04381."""
    blocks, channels = [], 32
    table = [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]
    for expansion, out_channels, repeats, stride in table:
        for repeat in range(repeats):
            blocks.append(separable.InvertedResidual(channels, out_channels, 1 if repeat else stride, expansion))
            channels = out_channels
    last = nn.Conv2d(320, 1280, 1, bias=False), nn.BatchNorm2d(1280)
    return nn.Sequential(*first_layer(32), *blocks, *last, *head(1280))


@pytest.mark.parametrize(
    ("build", "parameters", "millions_of_macs"), [(mobilenet_v1, 4_231_976, 569), (mobilenet_v2, 3_504_872, 301)]
)
def test_whole_networks_have_the_published_numbers_of_parameters(build, parameters, millions_of_macs):
    with torch.device("meta"):  # shapes alone, so that it is quick
        net = build()
    total = cost.count(net, (1, 3, 224, 224)).total
    assert total.parameters == parameters
    assert round(total.macs / 1e6) == millions_of_macs


@pytest.mark.parametrize("build", BLOCKS)
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(0, 6, 4, 4), (1, 6, 1, 1), (3, 6, 5, 2)])
def test_any_batch_size_and_memory_format(build, memory_format, size):
    torch.manual_seed(0)
    block, x = build(6, 6).eval(), torch.randn(size)
    y = block(x.contiguous(memory_format=memory_format))
    assert y.shape == size
    torch.testing.assert_close(y, block(x))


@pytest.mark.parametrize("build", BLOCKS)
def test_blocks_pass_gradcheck_compile_and_export(build):
    torch.manual_seed(0)
    block = random_norms(build(2, 2)).double().eval()
    x = torch.randn(1, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block, x)
    x = x.detach()
    compiled = torch.compile(block, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), block(x))
    torch.testing.assert_close(torch.export.export(block, (x,)).module()(x), block(x))


def test_a_seed_fixes_the_first_weights():
    first, second = (torch.manual_seed(7) and separable.InvertedResidual(4, 4) for _ in range(2))
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


# --- What the pair costs


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3, 5]), st.integers(1, 3), st.integers(1, 2))
def test_the_ratio_is_the_one_that_is_counted(in_channels, out_channels, kernel_size, multiplier, stride):
    full = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False)
    pair = separable.DepthwiseSeparable(in_channels, out_channels, kernel_size, stride, multiplier=multiplier)
    counted = [cost.count(layer, (1, in_channels, 6, 7)).total for layer in (pair, full)]
    wanted = separable.cost_ratio(out_channels, kernel_size, multiplier)
    assert Fraction(counted[0].weights, counted[1].weights) == wanted
    assert Fraction(counted[0].macs, counted[1].macs) == wanted


# --- Which full kernels the pair can be


def test_compose_adds_up_the_kernels_of_each_channel():
    torch.manual_seed(0)
    depthwise, pointwise = torch.randn(6, 1, 3, 2), torch.randn(4, 6, 1, 1)  # two channels with three kernels each
    dense = separable.compose(depthwise, pointwise, multiplier=3)
    assert dense.shape == (4, 2, 3, 2)
    for out, channel in itertools.product(range(4), range(2)):
        mine = range(3 * channel, 3 * channel + 3)
        wanted = sum(pointwise[out, j, 0, 0] * depthwise[j, 0] for j in mine)
        torch.testing.assert_close(dense[out, channel], wanted)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 3, 5]), st.integers(1, 3), st.integers(1, 3))
def test_the_composed_kernel_does_what_the_linear_block_does(channels, out_channels, k, stride, multiplier):
    torch.manual_seed(0)
    block = separable.DepthwiseSeparable(
        channels, out_channels, k, stride, multiplier=multiplier, **LINEAR
    ).double()
    x = torch.randn(2, channels, 6, 5, dtype=torch.float64)
    dense = separable.compose(block.depthwise[0].weight, block.pointwise[0].weight, multiplier)
    torch.testing.assert_close(F.conv2d(x, dense, stride=stride, padding=k // 2), block(x))


def shares_by_hand(weight):
    """From the singular values of each channel's matrix, one channel and one multiplier at a time."""
    matrices = [torch.stack([kernel[i].flatten() for kernel in weight]) for i in range(weight.shape[1])]
    values = [torch.linalg.svdvals(matrix) for matrix in matrices]
    lost = [sum(v[m:].square().sum() for v in values) for m in range(len(values[0]) + 1)]
    return torch.stack(lost) / weight.square().sum()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.sampled_from([(3, 3), (1, 1), (2, 3)]), st.data())
def test_the_best_pair_loses_what_lost_energy_says(out_channels, in_channels, kernel_size, data):
    torch.manual_seed(0)
    weight = torch.randn(out_channels, in_channels, *kernel_size, dtype=torch.float64)
    largest = min(out_channels, math.prod(kernel_size))
    lost = separable.lost_kernel_energy(weight)
    torch.testing.assert_close(lost, shares_by_hand(weight))
    multiplier = data.draw(st.integers(1, largest))
    depthwise, pointwise = separable.best_separable(weight, multiplier)
    assert depthwise.shape == (multiplier * in_channels, 1, *kernel_size)
    assert pointwise.shape == (out_channels, multiplier * in_channels, 1, 1)
    torch.testing.assert_close(depthwise.square().sum(dim=(1, 2, 3)), torch.ones_like(depthwise[:, 0, 0, 0]))
    difference = separable.compose(depthwise, pointwise, multiplier) - weight
    wanted = difference.square().sum() / weight.square().sum()
    torch.testing.assert_close(lost[multiplier], wanted, rtol=1e-6, atol=1e-12)
    assert (multiplier < largest) == (lost[multiplier] > 1e-12)


def test_no_pair_that_gradient_descent_finds_is_better():
    torch.manual_seed(0)
    weight = torch.randn(5, 2, 3, 3, dtype=torch.float64)
    for multiplier in (1, 2):
        best = separable.lost_kernel_energy(weight)[multiplier]
        found = []
        for _ in range(4):
            depthwise = torch.randn(2 * multiplier, 1, 3, 3, dtype=torch.float64, requires_grad=True)
            pointwise = torch.randn(5, 2 * multiplier, 1, 1, dtype=torch.float64, requires_grad=True)
            optimizer = torch.optim.Adam([depthwise, pointwise], lr=0.1)
            for _ in range(150):
                loss = (separable.compose(depthwise, pointwise, multiplier) - weight).square().sum()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            found.append(loss.item() / weight.square().sum().item())
        assert min(found) >= best - 1e-9
        assert min(found) == pytest.approx(best.item(), rel=0.02), "descent should come near the optimum"


def test_small_losses_are_not_lost_in_rounding():
    weight = torch.diag(torch.tensor([1, 1e-4, 1e-9], dtype=torch.float64))[:, None, None]  # (3, 1, 1, 3)
    wanted = torch.tensor([1, 1e-8, 1e-18, 0], dtype=torch.float64)
    torch.testing.assert_close(separable.lost_kernel_energy(weight), wanted, rtol=1e-3, atol=0)
    torch.testing.assert_close(separable.lost_kernel_energy(weight.float()), wanted.float(), rtol=1e-3, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_other_dtypes_are_computed_in_float64_and_come_back(dtype):
    weight = torch.randn(4, 3, 3, 3).to(dtype)
    pair = separable.best_separable(weight, 2)
    assert {separable.lost_kernel_energy(weight).dtype, *(part.dtype for part in pair)} == {dtype}
    # Singular vectors may come with either sign, but what they compose is one thing.
    exact = separable.compose(*separable.best_separable(weight.double(), 2), 2)
    torch.testing.assert_close(separable.compose(*(p.double() for p in pair), 2), exact, rtol=0.05, atol=0.02)


def test_the_fit_follows_no_gradient():
    weight = nn.Conv2d(3, 4, 3).weight
    assert not separable.lost_kernel_energy(weight).requires_grad
    assert not any(part.requires_grad for part in separable.best_separable(weight))


# --- Bad input


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"in_channels": 0}, ValueError, "in_channels must be at least 1, got 0"),
        ({"out_channels": 2.5}, TypeError, "out_channels must be an int, got float"),
        ({"stride": 0}, ValueError, "stride must be at least 1, got 0"),
        ({"kernel_size": 4}, ValueError, "kernel_size must be odd.*got 4"),
        ({"kernel_size": 0}, ValueError, "kernel_size must be at least 1, got 0"),
    ],
)
@pytest.mark.parametrize("build", BLOCKS)
def test_bad_arguments_of_a_block_are_named(build, arguments, error, words):
    with pytest.raises(error, match=words):
        build(**{"in_channels": 4, "out_channels": 4} | arguments)


def test_arguments_of_one_block_alone_are_named_too():
    with pytest.raises(ValueError, match="multiplier must be at least 1, got 0"):
        separable.DepthwiseSeparable(4, 4, multiplier=0)
    with pytest.raises(TypeError, match="expansion must be an int, got float"):
        separable.InvertedResidual(4, 4, expansion=1.5)
    for name in ("out_channels", "kernel_size", "multiplier"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1, got -1"):
            separable.cost_ratio(**{"out_channels": 4, "kernel_size": 3} | {name: -1})


@pytest.mark.parametrize(
    ("depthwise", "pointwise", "multiplier", "words"),
    [
        ((4, 3, 3), (8, 4, 1, 1), 1, r"depthwise must have shape \(m \* C_in, 1, k_h, k_w\), got \(4, 3, 3\)"),
        ((4, 2, 3, 3), (8, 4, 1, 1), 1, r"depthwise must .* with m = 1, got \(4, 2, 3, 3\)"),
        ((4, 1, 3, 3), (8, 4, 1, 1), 3, r"depthwise must .* with m = 3, got \(4, 1, 3, 3\)"),
        ((4, 1, 3, 3), (8, 5, 1, 1), 1, r"pointwise must have shape \(C_out, 4, 1, 1\).*got \(8, 5, 1, 1\)"),
        ((4, 1, 3, 3), (8, 4, 3, 3), 1, r"pointwise must have shape \(C_out, 4, 1, 1\).*got \(8, 4, 3, 3\)"),
        ((4, 1, 3, 3), (8, 4), 1, r"pointwise must have shape \(C_out, m \* C_in, 1, 1\), got \(8, 4\)"),
    ],
)
def test_weights_that_do_not_fit_each_other_are_refused(depthwise, pointwise, multiplier, words):
    with pytest.raises(ValueError, match=words):
        separable.compose(torch.zeros(depthwise), torch.zeros(pointwise), multiplier)


@pytest.mark.parametrize("fit", [separable.best_separable, separable.lost_kernel_energy])
def test_kernels_that_can_not_be_fitted_are_refused(fit):
    with pytest.raises(ValueError, match=r"weight must have shape \(C_out, C_in, k_h, k_w\), got \(4, 3\)"):
        fit(torch.zeros(4, 3))
    with pytest.raises(ValueError, match=r"weight must not be empty, got shape \(4, 0, 3, 3\)"):
        fit(torch.zeros(4, 0, 3, 3))
    with pytest.raises(TypeError, match=r"weight must be of a floating dtype, got torch.int64"):
        fit(torch.ones(4, 3, 3, 3, dtype=torch.int64))
    with pytest.raises(ValueError, match="weight must be finite, got NaN or infinity"):
        fit(torch.full((4, 3, 3, 3), math.inf))


def test_a_multiplier_beyond_the_rank_and_a_kernel_of_zeros_are_refused():
    with pytest.raises(ValueError, match=r"multiplier must be at most min\(C_out, k_h \* k_w\) = 4, got 5"):
        separable.best_separable(torch.ones(4, 2, 3, 3), multiplier=5)
    with pytest.raises(ValueError, match="weight must not be zero everywhere"):
        separable.lost_kernel_energy(torch.zeros(4, 2, 3, 3))
