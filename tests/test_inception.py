"""Inception and its naive form: what each branch computes, in which order it is stacked, and GoogLeNet's widths."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import cost, inception

WIDTHS = (5, 2, 3, 4, 6, 7, 8)  # all different, so that no two can be mixed up unseen
NAIVE = (5, 2, 3, 4)


def build(kind, **options):
    torch.manual_seed(0)
    if kind is inception.Inception:
        return kind(*WIDTHS, **options)
    return kind(*NAIVE, **options)


both = pytest.mark.parametrize("kind", [inception.Inception, inception.NaiveInception])


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
    assert [maps.shape[1] for maps in wanted] == [2, 4, 7, 8]
    torch.testing.assert_close(module(x), torch.cat(wanted, dim=1))


def test_the_naive_branches_read_the_input_and_the_pooling_keeps_its_channels():
    module = build(inception.NaiveInception).double()
    x, state = torch.randn(2, 5, 6, 7, dtype=torch.float64), module.state_dict()
    wanted = [conv(x, *layer(state, f"branch{n}.0")) for n in (1, 2, 3)]
    assert [maps.shape[1] for maps in wanted] == [2, 3, 4]
    torch.testing.assert_close(module(x), torch.cat([*wanted, pool(x)], dim=1))


def test_kernels_are_1x1_3x3_and_5x5_with_the_reductions_in_front():
    shapes = {name: tuple(value.shape) for name, value in build(inception.Inception).state_dict().items()}
    assert {name: shape for name, shape in shapes.items() if name.endswith("weight")} == {
        "branch1.0.weight": (2, 5, 1, 1),
        "branch2.0.weight": (3, 5, 1, 1),
        "branch2.2.weight": (4, 3, 3, 3),
        "branch3.0.weight": (6, 5, 1, 1),
        "branch3.2.weight": (7, 6, 5, 5),
        "branch4.1.weight": (8, 5, 1, 1),
    }
    naive = build(inception.NaiveInception).state_dict()
    assert [tuple(naive[f"branch{n}.0.weight"].shape) for n in (1, 2, 3)] == [
        (2, 5, 1, 1),
        (3, 5, 3, 3),
        (4, 5, 5, 5),
    ]


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


@both
def test_without_a_normalisation_every_convolution_has_a_bias(kind):
    convs = [part for part in build(kind).modules() if isinstance(part, nn.Conv2d)]
    assert len(convs) == (6 if kind is inception.Inception else 3)
    assert all(part.bias is not None for part in convs)


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
def test_out_channels_says_what_comes_out(kind):
    module = build(kind)
    assert module(torch.zeros(1, 5, 4, 4)).shape == (1, module.out_channels, 4, 4)
    assert module.out_channels == (21 if kind is inception.Inception else 14)


def test_googlenet_chains_from_192_to_1024_channels():
    table = inception.GOOGLENET
    assert list(table) == ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
    assert all(before.out_channels == after.in_channels for before, after in pairwise(table.values()))
    assert (table["3a"].in_channels, table["5b"].out_channels) == (192, 1024)
    # Table 1 again, typed from its columns and not from its rows.
    columns = list(zip(*table.values(), strict=True))
    assert columns[1:] == [
        (64, 128, 192, 160, 128, 112, 256, 256, 384),
        (96, 128, 96, 112, 128, 144, 160, 160, 192),
        (128, 192, 208, 224, 256, 288, 320, 320, 384),
        (16, 32, 16, 24, 24, 32, 32, 32, 48),
        (32, 96, 48, 64, 64, 64, 128, 128, 128),
        (32, 64, 64, 64, 64, 64, 128, 128, 128),
    ]
    with pytest.raises(TypeError):
        table["3a"] = table["3b"]


def test_widths_have_the_names_of_the_arguments():
    widths = inception.GOOGLENET["3b"]
    assert widths._asdict() == {
        "in_channels": 256,
        "out_1x1": 128,
        "out_3x3_reduce": 128,
        "out_3x3": 192,
        "out_5x5_reduce": 32,
        "out_5x5": 96,
        "out_pool": 64,
    }
    by_name, by_place = inception.Inception(**widths._asdict()), inception.Inception(*widths)
    assert [p.shape for p in by_name.parameters()] == [p.shape for p in by_place.parameters()]


@both
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(0, 5, 4, 4), (1, 5, 1, 1), (3, 5, 6, 2)])
def test_any_batch_size_and_memory_format(kind, memory_format, size):
    module, x = build(kind), torch.randn(size)
    y = module(x.contiguous(memory_format=memory_format))
    assert y.shape == (size[0], module.out_channels, *size[2:])
    torch.testing.assert_close(y, module(x))


@both
def test_gradients_export_and_compile(kind):
    module = build(kind, act_layer=nn.SiLU).double()
    x = torch.randn(1, 5, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, x, fast_mode=True)
    x = x.detach()
    torch.testing.assert_close(torch.export.export(module, (x,)).module()(x), module(x).detach())
    torch.testing.assert_close(torch.compile(module, fullgraph=True, backend="aot_eager")(x), module(x))


@both
def test_the_same_seed_gives_the_same_module(kind):
    first, second = build(kind), build(kind)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


@pytest.mark.parametrize("place", range(7))
def test_bad_channels_are_named(place):
    name = inception.Widths._fields[place]
    for bad, error, words in ((0, ValueError, "at least 1, got 0"), (2.0, TypeError, "an int, got float")):
        widths = [*WIDTHS[:place], bad, *WIDTHS[place + 1 :]]
        with pytest.raises(error, match=f"{name} must be {words}"):
            inception.Inception(*widths)


@pytest.mark.parametrize(("place", "name"), [*enumerate(["in_channels", "out_1x1", "out_3x3", "out_5x5"])])
def test_bad_channels_of_the_naive_module_are_named(place, name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got -1"):
        inception.NaiveInception(*NAIVE[:place], -1, *NAIVE[place + 1 :])


@both
def test_other_inputs_are_refused(kind):
    with pytest.raises(ValueError, match=r"x must have shape \(N, C, H, W\), got \(5, 4, 4\)"):
        build(kind)(torch.zeros(5, 4, 4))  # a convolution would take it, and the stack would grow in height
    with pytest.raises(RuntimeError, match="to have 5 channels, but got 4 channels"):
        build(kind)(torch.zeros(1, 4, 4, 4))
