"""Stacks that are one matrix, what is refused as part of one, and the best straight cut."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import cost, nonlinearity


def linear(*channels):
    return nonlinearity.stack(channels, act_layer=nn.Identity).double()


def trained_norm(channels, **options):
    """A batch normalisation in evaluation mode whose numbers are all its own."""
    norm = nn.BatchNorm2d(channels, **options).double()
    for name, value in norm.state_dict().items():
        if value.is_floating_point():
            nn.init.uniform_(norm.get_buffer(name) if "running" in name else norm.get_parameter(name), 0.5, 2)
    return norm.eval()


# --- Stacks


def test_a_stack_has_an_activation_between_two_convolutions_and_none_at_the_end():
    torch.manual_seed(0)
    net = nonlinearity.stack([3, 5, 4, 2], act_layer=nn.Tanh).double()
    x = torch.randn(2, 3, 4, 6, dtype=torch.float64)
    y = x
    for index, layer in enumerate((net[0], net[2], net[4])):
        assert (layer.kernel_size, layer.bias is None) == ((1, 1), False)
        y = F.conv2d(y.tanh() if index else y, layer.weight, layer.bias)
    torch.testing.assert_close(net(x), y)
    assert [type(layer) for layer in net] == [nn.Conv2d, nn.Tanh, nn.Conv2d, nn.Tanh, nn.Conv2d]
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"]


def test_the_activation_is_relu_unless_another_is_asked_for():
    assert [type(layer) for layer in nonlinearity.stack([2, 8, 1])] == [nn.Conv2d, nn.ReLU, nn.Conv2d]


def test_a_stack_costs_the_products_of_neighbouring_widths():
    total = cost.count(nonlinearity.stack([5, 7, 3]), (2, 5, 4, 6)).total
    assert total.weights == 5 * 7 + 7 * 3
    assert total.macs == 2 * 4 * 6 * (5 * 7 + 7 * 3)


def test_two_channels_are_one_layer():
    (layer,) = nonlinearity.stack([6, 4])
    assert layer.weight.shape == (4, 6, 1, 1)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(0, 3, 4, 4), (1, 3, 1, 1), (3, 3, 5, 2)])
def test_stacks_take_any_batch_and_compile_and_export(size, memory_format):
    torch.manual_seed(0)
    net, x = nonlinearity.stack([3, 4, 2]), torch.randn(size)
    wanted = net(x).detach()
    assert wanted.shape == (size[0], 2, *size[2:])
    torch.testing.assert_close(net(x.contiguous(memory_format=memory_format)), wanted)
    if size[0] == 1:
        compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(x), wanted)
        torch.testing.assert_close(torch.export.export(net, (x,)).module()(x), wanted)


@pytest.mark.parametrize(
    ("channels", "error", "words"),
    [
        ([3], ValueError, r"channels must be at least two, C_in and C_out, got \[3\]"),
        ([], ValueError, r"got \[\]"),
        ([3, 0, 2], ValueError, r"channels\[1\] must be at least 1, got 0"),
        ([3, 2.0], TypeError, r"channels\[1\] must be an int, got float"),
    ],
)
def test_stacks_refuse_channels_that_are_none(channels, error, words):
    with pytest.raises(error, match=words):
        nonlinearity.stack(channels)


# --- Collapse


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(0, 99))
def test_the_one_layer_does_what_the_stack_does_and_has_the_rank_of_its_thinnest_width(channels, seed):
    torch.manual_seed(seed)
    layers, x = linear(*channels), torch.randn(2, channels[0], 3, 4, dtype=torch.float64)
    single = nonlinearity.collapse(*layers)
    torch.testing.assert_close(single(x), layers(x))
    assert single.weight.shape == (channels[-1], channels[0], 1, 1)
    assert torch.linalg.matrix_rank(single.weight[:, :, 0, 0]) <= min(channels)


def test_by_hand():
    layers = linear(2, 2, 1)
    with torch.no_grad():
        layers[0].weight.copy_(torch.tensor([[1, 2], [0, 1]])[:, :, None, None])
        layers[0].bias.copy_(torch.tensor([1, -1]))
        layers[2].weight.copy_(torch.tensor([[3, -1]])[:, :, None, None])
        layers[2].bias.fill_(2)
    single = nonlinearity.collapse(*layers)
    assert (single.weight.flatten().tolist(), single.bias.tolist()) == ([3, 5], [6])


@pytest.mark.parametrize("options", [{}, {"affine": False}, {"eps": 0.1}])
def test_batch_normalisation_folds_in_before_between_and_after(options):
    torch.manual_seed(0)
    layers = nn.Sequential(
        trained_norm(3, **options),
        nn.Conv2d(3, 4, 1, bias=False).double(),
        trained_norm(4, **options),
        nn.Conv2d(4, 2, 1, bias=False).double(),
        trained_norm(2, **options),
    )
    x = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    torch.testing.assert_close(nonlinearity.collapse(*layers)(x), layers(x))


def test_groups_become_zeros_and_biases_only_come_from_biases():
    torch.manual_seed(0)
    grouped, mixed = nn.Conv2d(6, 4, 1, groups=2, bias=False), nn.Conv2d(4, 3, 1, bias=False)
    x = torch.randn(1, 6, 2, 2)
    torch.testing.assert_close(nonlinearity.collapse(grouped, nn.Identity(), mixed)(x), mixed(grouped(x)))
    alone = nonlinearity.collapse(grouped)
    assert (alone.weight[:2, 3:] == 0).all()
    assert alone.groups == 1
    assert alone.bias is None
    assert nonlinearity.collapse(grouped, nn.Conv2d(4, 3, 1)).bias is not None
    assert nonlinearity.collapse(nn.Conv2d(6, 4, 1), mixed).bias is not None
    assert nonlinearity.collapse(trained_norm(6).float(), grouped, mixed).bias is not None


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_product_is_computed_in_float64_and_comes_back_in_the_dtype_of_the_layers(dtype):
    torch.manual_seed(0)
    layers = nonlinearity.stack([64, 64, 64], act_layer=nn.Identity).to(dtype)
    exact = nonlinearity.collapse(*copy.deepcopy(layers).double())
    single = nonlinearity.collapse(*layers)
    assert single.weight.dtype == single.bias.dtype == dtype
    torch.testing.assert_close(single.weight, exact.weight.to(dtype), rtol=0, atol=0)
    torch.testing.assert_close(single.bias, exact.bias.to(dtype), rtol=0, atol=0)


def test_the_result_can_be_trained_shares_nothing_and_draws_no_random_numbers():
    layers = nonlinearity.stack([3, 2], act_layer=nn.Identity)
    before, weight = torch.get_rng_state(), layers[0].weight.detach().clone()
    single = nonlinearity.collapse(*layers)
    assert torch.equal(torch.get_rng_state(), before)
    assert single.weight.requires_grad
    with torch.no_grad():
        single.weight.add_(1)
        single.bias.add_(1)
    torch.testing.assert_close(layers[0].weight.detach(), weight, rtol=0, atol=0)


def test_string_paddings_that_pad_nothing_are_allowed():
    for padding in ("same", "valid"):
        layer = nn.Conv2d(3, 2, 1, padding=padding)
        assert torch.equal(nonlinearity.collapse(layer).weight, layer.weight)


CONV = nn.Conv2d(2, 2, 1)


@pytest.mark.parametrize(
    ("layers", "error", "words"),
    [
        ([CONV, nn.ReLU(), CONV], TypeError, r"layers\[1\] must be an nn.Conv2d or nn.BatchNorm2d, got ReLU"),
        ([nn.AvgPool2d(2)], TypeError, r"layers\[0\] .* got AvgPool2d"),
        ([nn.ConvTranspose2d(2, 2, 1)], TypeError, r"got ConvTranspose2d"),
        ([CONV, nn.Conv2d(2, 2, 3, padding=1)], ValueError, r"layers\[1\] must be a 1x1 convolution"),
        ([nn.Conv2d(2, 2, 1, stride=2)], ValueError, r"stride 1 and no padding, got Conv2d\(2, 2.*stride=\(2, 2\)"),
        ([nn.Conv2d(2, 2, 1, padding=1)], ValueError, r"no padding, got Conv2d\(2, 2.*padding=\(1, 1\)"),
        ([CONV, nn.BatchNorm2d(2)], ValueError, r"layers\[1\] must be in evaluation mode"),
        ([nn.BatchNorm2d(2, track_running_stats=False).eval()], ValueError, r"running statistics"),
        ([CONV, nn.Conv2d(3, 2, 1)], ValueError, r"layers\[1\] must read 2 channels, got 3"),
        ([CONV, nn.Conv2d(2, 2, 1).double()], TypeError, r"one dtype, got \['torch.float32', 'torch.float64'\]"),
        ([nn.Conv2d(2, 2, 1, dtype=torch.complex64)], TypeError, r"layers\[0\] .* floating dtype.*complex64"),
        ([], ValueError, r"layers must hold a convolution or a normalisation, got none"),
        ([nn.Identity()], ValueError, r"got none"),
    ],
)
def test_collapse_refuses_what_is_no_matrix(layers, error, words):
    with pytest.raises(error, match=words):
        nonlinearity.collapse(*layers)


# --- The best straight cut


def by_trying(points, labels):
    """Every line through two points, pushed a little to each side, and turned a little: slow and exact for few."""
    best = max((labels == 0).sum(), (labels == 1).sum())
    for i in range(len(points)):
        for j in range(len(points)):
            for turn in (-1e-4, 1e-4):
                for push in (-1e-4, 0.0, 1e-4):
                    step = points[j] - points[i]
                    angle = math.atan2(step[1], step[0]) + turn
                    normal = torch.tensor([-math.sin(angle), math.cos(angle)], dtype=points.dtype)
                    middle = (points[i] + points[j]) / 2
                    above = (points - middle) @ normal > push
                    best = max(best, (above == labels.bool()).sum(), (above != labels.bool()).sum())
    return 100 * int(best) / len(points)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_cut_is_that_of_all_lines(seed):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(9, 2, generator=generator, dtype=torch.float64)
    labels = torch.randint(2, (9,), generator=generator)
    cut = nonlinearity.best_cut(points, labels, directions=5000)
    assert cut.accuracy == by_trying(points, labels)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2), st.integers(0, 1)), min_size=1, max_size=12))
def test_the_cut_that_comes_back_reaches_the_accuracy_that_it_claims(rows):
    points = torch.tensor([row[:2] for row in rows], dtype=torch.float32)  # with many at one place
    labels = torch.tensor([row[2] for row in rows])
    cut = nonlinearity.best_cut(points, labels, directions=24)
    right = (points.double() @ cut.normal > cut.threshold) == labels.bool()
    assert cut.accuracy == 100 * int(right.sum()) / len(rows)
    ones = int(labels.sum())
    assert cut.accuracy >= 100 * max(ones, len(rows) - ones) / len(rows), (
        "to call all of them one class is a cut too"
    )
    assert math.isclose(cut.normal.norm().item(), 1)


def test_a_cut_between_two_clouds_stands_in_the_middle_and_faces_class_one():
    points = torch.tensor([[-3.0, 5.0], [-1.0, -5.0], [2.0, 5.0], [4.0, -5.0]])
    cut = nonlinearity.best_cut(points, torch.tensor([0, 0, 1, 1]), directions=4)
    assert cut.accuracy == 100
    assert cut.normal.tolist() == pytest.approx([1, 0])
    assert cut.threshold == pytest.approx(0.5)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_needs_no_cut(label):
    cut = nonlinearity.best_cut(torch.randn(5, 2), torch.full((5,), label))
    assert cut.accuracy == 100
    assert cut.threshold == (math.inf if label == 0 else -math.inf)


@pytest.mark.parametrize(
    ("points", "labels", "options", "error", "words"),
    [
        (
            torch.zeros(3, 2),
            torch.zeros(4),
            {},
            ValueError,
            r"points must have shape \(N, 2\) with N = 4.*\(3, 2\)",
        ),
        (torch.zeros(3, 3), torch.zeros(3), {}, ValueError, r"got \(3, 3\)"),
        (torch.zeros(0, 2), torch.zeros(0), {}, ValueError, r"N = 0 above 0"),
        (torch.tensor([[0.0, math.nan]]), torch.zeros(1), {}, ValueError, r"points must be finite, got NaN"),
        (torch.zeros(2, 2), torch.tensor([0, 2]), {}, ValueError, r"labels must be 0 or 1, got \[0, 2\]"),
        (torch.zeros(2, 2), torch.zeros(2), {"directions": 0}, ValueError, r"directions must be at least 1"),
        ([[0, 0]], torch.zeros(1), {}, TypeError, r"points must be a torch.Tensor, got list"),
    ],
)
def test_best_cut_refuses_bad_input(points, labels, options, error, words):
    with pytest.raises(error, match=words):
        nonlinearity.best_cut(points, labels, **options)
