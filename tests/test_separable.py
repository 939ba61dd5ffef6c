"""The wiring of depthwise separable blocks, and their cost."""

from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import cost, pointwise, separable
from tests.refusals import refusals
from tests.test_blocks import evaluated


def depthwise_by_hand(x, weight, stride, multiplier=1):
    """Each input channel alone, with its own kernels."""
    channels = zip(x.split(1, dim=1), weight.split(multiplier), strict=True)
    return torch.cat([F.conv2d(*pair, stride=stride, padding=weight.shape[2] // 2) for pair in channels], dim=1)


@pytest.mark.parametrize(("kernel_size", "stride", "multiplier"), [(3, 1, 1), (3, 2, 1), (5, 1, 2), (1, 3, 3)])
@torch.no_grad()
def test_depthwise_separable_agrees_with_one_computed_by_hand(kernel_size, stride, multiplier):
    torch.manual_seed(0)
    block = evaluated(separable.DepthwiseSeparable(3, 4, kernel_size, stride, multiplier=multiplier))
    x = torch.randn(2, 3, 7, 6, dtype=torch.float64)
    y = depthwise_by_hand(x, block.depthwise[0].weight, stride, multiplier)
    y = block.depthwise[1](y).relu()
    y = block.pointwise[1](pointwise.matmul(y, block.pointwise[0].weight[:, :, 0, 0])).relu()
    torch.testing.assert_close(block(x), y)
    assert y.shape == (2, 4, -(-7 // stride), -(-6 // stride))


@pytest.mark.parametrize(("channels", "stride", "expansion"), [((3, 3), 1, 4), ((3, 5), 1, 2), ((3, 3), 2, 6)])
@torch.no_grad()
def test_inverted_residual_agrees_with_one_computed_by_hand(channels, stride, expansion):
    torch.manual_seed(0)
    block = evaluated(separable.InvertedResidual(*channels, stride, expansion))
    nn.init.constant_(block.project[1].bias, -1)  # so that an activation at the end would be seen
    x = 12 * torch.randn(2, 3, 7, 6, dtype=torch.float64)
    y = block.expand[1](pointwise.matmul(x, block.expand[0].weight[:, :, 0, 0])).clamp(0, 6)
    assert y.max() == 6, "the cut at six is not seen"
    assert y.shape[1] == 3 * expansion
    y = block.depthwise[1](depthwise_by_hand(y, block.depthwise[0].weight, stride)).clamp(0, 6)
    y = block.project[1](pointwise.matmul(y, block.project[0].weight[:, :, 0, 0]))
    assert y.min() < 0, "the last 1x1 has an activation"
    torch.testing.assert_close(block(x), y + x if channels[0] == channels[1] and stride == 1 else y)


def test_the_expansion_is_six_unless_given_as_in_the_paper():
    block = separable.InvertedResidual(4, 5)
    assert [layer.out_channels for layer in block.modules() if isinstance(layer, nn.Conv2d)] == [24, 24, 5]


def test_without_expansion_there_is_no_first_1x1():
    block = separable.InvertedResidual(8, 4, expansion=1)
    assert len(block.expand) == 0
    assert block.depthwise[0].weight.shape == (8, 1, 3, 3)
    assert cost.count(block, (1, 8, 5, 5)).total.weights == 9 * 8 + 8 * 4


def test_layers_are_of_the_types_asked_for():
    v1 = separable.DepthwiseSeparable(4, 8, norm_layer=nn.InstanceNorm2d, act_layer=nn.SiLU)
    v2 = separable.InvertedResidual(4, 8, norm_layer=nn.InstanceNorm2d, act_layer=nn.SiLU)
    xception = separable.DepthwiseSeparable(4, 8, middle_act_layer=nn.Identity)
    kinds = [[type(layer) for layer in block.modules()] for block in (v1, v2)]
    assert not {nn.ReLU, nn.ReLU6, nn.BatchNorm2d} & {*kinds[0], *kinds[1]}
    assert [(kind.count(nn.SiLU), kind.count(nn.InstanceNorm2d)) for kind in kinds] == [(2, 2), (2, 3)]
    assert (type(xception.depthwise[2]), type(xception.pointwise[2])) == (nn.Identity, nn.ReLU)
    with_bias = separable.DepthwiseSeparable(6, 10, multiplier=2, bias=True)
    assert (len(with_bias.depthwise[0].bias), len(with_bias.pointwise[0].bias)) == (12, 10)
    assert v1.depthwise[0].bias is v1.pointwise[0].bias is None


def mobilenet_v2():
    """Table 2 of arXiv 1801.04381: t, c, n, s in each row."""
    rows = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)]
    rows += [(6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    layers, channels = [nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32)], 32
    for expansion, out_channels, repeats, first_stride in rows:
        for repeat in range(repeats):
            stride = 1 if repeat else first_stride
            layers.append(separable.InvertedResidual(channels, out_channels, stride, expansion))
            channels = out_channels
    layers += [nn.Conv2d(320, 1280, 1, bias=False), nn.BatchNorm2d(1280)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000))


def test_mobilenet_v2_has_the_published_numbers_of_parameters_and_macs():
    with torch.device("meta"):  # shapes alone, so that it is quick
        total = cost.count(mobilenet_v2(), (1, 3, 224, 224)).total
    assert total.parameters == 3_504_872
    assert round(total.macs / 1e6) == 301


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3, 5]), st.integers(1, 3), st.integers(1, 2))
def test_the_ratio_is_the_one_that_is_counted(in_channels, out_channels, kernel_size, multiplier, stride):
    full = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False)
    pair = separable.DepthwiseSeparable(in_channels, out_channels, kernel_size, stride, multiplier=multiplier)
    counted = [cost.count(layer, (1, in_channels, 6, 7)).total for layer in (pair, full)]
    wanted = separable.cost_ratio(out_channels, kernel_size, multiplier)
    assert Fraction(counted[0].weights, counted[1].weights) == wanted
    assert Fraction(counted[0].macs, counted[1].macs) == wanted


test_bad_numbers_are_named = refusals(
    (lambda: separable.DepthwiseSeparable(4, 4, kernel_size=4), r"kernel_size must be odd.*got 4"),
    (lambda: separable.cost_ratio(-1, 3), "out_channels must be at least 1, got -1"),
    (lambda: separable.cost_ratio(4, -1), "kernel_size must be at least 1, got -1"),
    (lambda: separable.cost_ratio(4, 3, -1), "multiplier must be at least 1, got -1"),
)
