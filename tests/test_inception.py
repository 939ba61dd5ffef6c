"""Inception and its naive form: what each branch computes, in which order it is stacked, and GoogLeNet's widths."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import cost, inception

WIDTHS = {  # all different, so that no two can be mixed up unseen
    inception.Inception: inception.Widths(5, 2, 3, 4, 6, 7, 8)._asdict(),
    inception.NaiveInception: {"in_channels": 5, "out_1x1": 2, "out_3x3": 3, "out_5x5": 4},
}


def build(kind, **options):
    torch.manual_seed(0)
    return kind(**WIDTHS[kind], **options)


both = pytest.mark.parametrize("kind", WIDTHS)

# Table 1 of the paper, column by column: modules 3a, 3b, 4a to 4e, 5a, 5b.
PRINTED = {
    "out_1x1": (64, 128, 192, 160, 128, 112, 256, 256, 384),
    "out_3x3_reduce": (96, 128, 96, 112, 128, 144, 160, 160, 192),
    "out_3x3": (128, 192, 208, 224, 256, 288, 320, 320, 384),
    "out_5x5_reduce": (16, 32, 16, 24, 24, 32, 32, 32, 48),
    "out_5x5": (32, 96, 48, 64, 64, 64, 128, 128, 128),
    "out_pool": (32, 64, 64, 64, 64, 64, 128, 128, 128),
}


def test_the_widths_of_googlenet_are_those_that_the_paper_prints():
    assert list(inception.GOOGLENET) == ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
    for name, column in PRINTED.items():
        assert tuple(getattr(widths, name) for widths in inception.GOOGLENET.values()) == column
    read = [192, *(widths.out_channels for widths in inception.GOOGLENET.values())]
    assert [widths.in_channels for widths in inception.GOOGLENET.values()] == read[:-1]
    assert read[-1] == 1024
    assert list(inception.GOOGLENET) == ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
    with pytest.raises(TypeError):
        inception.GOOGLENET["3a"] = inception.GOOGLENET["3b"]


def conv(x, weight, bias):
    """A convolution with stride 1 as a sum over shifted pictures: slow and obvious."""
    margin = weight.shape[2] // 2
    padded = F.pad(x, [margin] * 4)
    y = bias[None, :, None, None].expand(len(x), -1, *x.shape[2:])
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            window = padded[:, :, i : i + x.shape[2], j : j + x.shape[3]]
            y = y + torch.einsum("oc,nchw->nohw", weight[:, :, i, j], window)
    return y.clamp(min=0)


def pool(x):
    """The largest of the nine neighbours, without a pooling layer."""
    padded = F.pad(x, [1] * 4, value=-torch.inf)
    height, width = x.shape[2:]
    return torch.stack([padded[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)]).amax(0)


def layer(state, name):
    return state[f"{name}.weight"], state[f"{name}.bias"]


def test_the_four_branches_are_those_of_the_paper_stacked_in_its_order():
    module = build(inception.Inception).double()
    x, state = torch.randn(2, 5, 6, 7, dtype=torch.float64), module.state_dict()
    wanted = [
        conv(x, *layer(state, "branch1.0")),
        conv(conv(x, *layer(state, "branch2.0")), *layer(state, "branch2.2")),
        conv(conv(x, *layer(state, "branch3.0")), *layer(state, "branch3.2")),
        conv(pool(x), *layer(state, "branch4.1")),
    ]
    assert module.out_channels == 2 + 4 + 7 + 8
    torch.testing.assert_close(module(x), torch.cat(wanted, dim=1))


def test_the_naive_branches_read_the_input_and_the_pooling_keeps_its_channels():
    module = build(inception.NaiveInception).double()
    x, state = torch.randn(2, 5, 6, 7, dtype=torch.float64), module.state_dict()
    wanted = [conv(x, *layer(state, f"branch{n}.0")) for n in (1, 2, 3)]
    assert module.out_channels == 2 + 3 + 4 + 5
    torch.testing.assert_close(module(x), torch.cat([*wanted, pool(x)], dim=1))


def test_a_normalisation_stands_between_convolution_and_activation_and_replaces_the_bias():
    module = build(inception.Inception, norm_layer=nn.BatchNorm2d, act_layer=nn.SiLU)
    kinds = [[type(part) for part in branch] for branch in module.children()]
    unit = [nn.Conv2d, nn.BatchNorm2d, nn.SiLU]
    assert kinds == [unit, unit * 2, unit * 2, [nn.MaxPool2d, *unit]]
    convs = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
    assert all(part.bias is None for part in convs)
    norms = [part.num_features for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    assert norms == [part.out_channels for part in convs]
    naive = build(inception.NaiveInception, norm_layer=nn.BatchNorm2d, act_layer=nn.SiLU)
    assert [[type(part) for part in branch] for branch in list(naive.children())[:3]] == [unit] * 3


@settings(max_examples=10, deadline=None)
@given(st.tuples(*[st.integers(1, 9)] * 7), st.integers(1, 6))
def test_weights_biases_and_macs_are_those_of_the_formula(widths, size):
    c, one, r3, three, r5, five, pooled = widths
    weights = c * one + c * r3 + 9 * r3 * three + c * r5 + 25 * r5 * five + c * pooled
    total = cost.count(inception.Inception(*widths), (1, c, size, size)).total
    assert (total.weights, total.macs) == (weights, weights * size**2)
    assert total.biases == one + r3 + three + r5 + five + pooled
    naive = cost.count(inception.NaiveInception(c, one, three, five), (1, c, size, size)).total
    assert naive.weights == c * (one + 9 * three + 25 * five)


@both
def test_a_picture_without_a_batch_is_refused(kind):  # a convolution takes it, and the stack would grow in height
    with pytest.raises(ValueError, match=r"x must have shape \(N, C, H, W\), got \(5, 4, 4\)"):
        build(kind)(torch.zeros(5, 4, 4))
