"""The forms of the 1x1 convolution, held against its definition and against PyTorch's own convolution."""

import math
import re

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import pointwise
from companion.pointwise import FORMS

every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def inputs(batch=2, in_channels=5, out_channels=4, height=3, width=2, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = (batch, in_channels, height, width), (out_channels, in_channels), (out_channels,)
    return [torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes]


def by_hand(x, weight, bias):
    """One dot product a pixel and output channel."""
    batch, _, height, width = x.shape
    y = torch.zeros(batch, weight.shape[0], height, width, dtype=x.dtype)
    for n in range(batch):
        for o in range(weight.shape[0]):
            for i in range(height):
                for j in range(width):
                    y[n, o, i, j] = torch.dot(weight[o], x[n, :, i, j]) + bias[o]
    return y


def test_there_are_ten_forms_and_they_cannot_be_changed():
    assert len(FORMS) == 10
    with pytest.raises(TypeError):
        FORMS["conv2d"] = None


@every_form
def test_a_hand_worked_pixel(form):
    x = torch.tensor([2.0, 3.0, 5.0]).reshape(1, 3, 1, 1)
    weight = torch.tensor([[1.0, 0.0, -1.0], [0.5, 2.0, 1.0]])
    assert form(x, weight, torch.tensor([10.0, -1.0])).flatten().tolist() == [7.0, 11.0]


@every_form
@settings(max_examples=25, deadline=None)
@given(sizes=st.tuples(*[st.integers(1, 5)] * 5), seed=st.integers(0, 99))
def test_agrees_with_the_dot_products(form, sizes, seed):
    x, weight, bias = inputs(*sizes, seed=seed)
    torch.testing.assert_close(form(x, weight, bias), by_hand(x, weight, bias))
    torch.testing.assert_close(form(x, weight), by_hand(x, weight, torch.zeros_like(bias)))


@every_form
@pytest.mark.parametrize("with_bias", [True, False])
def test_gradients_are_those_of_finite_differences(form, with_bias):
    tensors = [tensor.requires_grad_() for tensor in inputs(1, 3, 2, 2, 2)[: 3 if with_bias else 2]]
    assert torch.autograd.gradcheck(form, tensors)


@every_form
def test_channels_last_changes_nothing(form):
    x, weight, bias = inputs(height=4, width=5)
    torch.testing.assert_close(
        form(x.contiguous(memory_format=torch.channels_last), weight, bias), form(x, weight, bias)
    )


@every_form
@pytest.mark.parametrize("axis", ["batch", "in_channels", "out_channels", "height", "width"])
def test_zero_sizes_give_the_empty_sum(form, axis):
    x, weight, bias = inputs(**{axis: 0})
    y = form(x.requires_grad_(), weight, bias)
    assert y.shape == (x.shape[0], weight.shape[0], *x.shape[2:])
    torch.testing.assert_close(y, bias[None, :, None, None].expand(y.shape))  # no channel to add: the bias
    y.sum().backward()
    assert x.grad.shape == x.shape


@every_form
@pytest.mark.parametrize("stride", [1, 2, 3, 7])
def test_a_stride_drops_pixels(form, stride):
    x, weight, bias = inputs(height=7, width=6)
    wanted = F.conv2d(x, weight[:, :, None, None], bias, stride=stride)
    torch.testing.assert_close(pointwise.strided(x, weight, bias, stride=stride, form=form), wanted)


def test_a_stride_is_left_to_the_form_that_is_given():
    x, weight, bias = inputs(height=7, width=6)
    given = []
    assert pointwise.strided(x, weight, bias, stride=3, form=lambda *tensors: given.extend(tensors) or 7) == 7
    torch.testing.assert_close(given[0], x[:, :, [0, 3, 6]][:, :, :, [0, 3]])
    assert given[1:] == [weight, bias]


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_groups_are_blocks_on_the_diagonal(groups):
    x, _, bias = inputs(in_channels=8, out_channels=4)
    weight = torch.randn(4, 8 // groups, dtype=torch.float64)
    wanted = F.conv2d(x, weight[:, :, None, None], bias, groups=groups)
    dense = pointwise.block_diagonal(weight, groups)
    assert dense.shape == (4, 8)
    assert (dense == 0).sum() == 32 - 32 // groups
    torch.testing.assert_close(pointwise.conv2d(x, dense, bias), wanted)


@pytest.mark.parametrize(("shape", "dense"), [((0, 3), (0, 6)), ((4, 0), (4, 0)), ((0, 0), (0, 0))])
def test_groups_of_nothing_keep_their_columns(shape, dense):
    assert pointwise.block_diagonal(torch.zeros(shape), 2).shape == dense


def test_padding_is_where_equality_stops():
    x, weight, bias = inputs()
    padded = F.conv2d(x, weight[:, :, None, None], bias, padding=1)
    assert padded.shape != pointwise.linear(x, weight, bias).shape
    torch.testing.assert_close(padded[:, :, 0], bias[None, :, None].expand(2, 4, 4))  # the border is the bias


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-14), (torch.float32, 1e-5)])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_compare_finds_all_forms_equal(dtype, tolerance, memory_format):
    x, weight, bias = inputs(2, 6, 5, 4, 3, dtype=dtype)
    report = pointwise.compare(x.contiguous(memory_format=memory_format), weight, bias)
    assert list(report) == list(FORMS)
    assert max(agreement.worst for agreement in report.values()) < tolerance


@pytest.mark.parametrize("wrong", ["output", "grad_x", "grad_weight", "grad_bias"])
def test_compare_sees_a_wrong_form(monkeypatch, wrong):
    def broken(x, weight, bias):
        if wrong == "grad_x":  # the right value with half the gradient
            x = x / 2 + x.detach() / 2
        if wrong == "grad_weight":
            weight = weight / 2 + weight.detach() / 2
        if wrong == "grad_bias":
            bias = bias / 2 + bias.detach() / 2
        return pointwise.matmul(x, weight, bias) + (0.5 if wrong == "output" else 0)

    monkeypatch.setattr(pointwise, "FORMS", {"broken": broken})
    agreement = pointwise.compare(*inputs())["broken"]
    assert getattr(agreement, wrong) > 0.01
    assert agreement.worst == getattr(agreement, wrong)


def test_compare_hands_its_own_dtype_and_memory_format_to_the_forms_and_float64_to_the_definition(monkeypatch):
    x, weight, bias = inputs(height=4, width=5, dtype=torch.float32)
    x = x.contiguous(memory_format=torch.channels_last)
    seen = []

    def watched(name, form):
        def run(x, weight, bias):
            seen.append((name, x.dtype, weight.dtype, bias.dtype))
            assert x.is_contiguous(memory_format=torch.channels_last)
            return form(x, weight, bias)

        return run

    monkeypatch.setattr(pointwise, "definition", watched("definition", pointwise.definition))
    monkeypatch.setattr(pointwise, "FORMS", {"matmul": watched("form", pointwise.matmul)})
    pointwise.compare(x, weight, bias)
    assert sorted(seen) == [("definition", *[torch.float64] * 3), ("form", *[torch.float32] * 3)]


def test_compare_gives_the_largest_difference_as_a_share_of_the_largest_value(monkeypatch):
    x, weight, bias = inputs()
    spot = torch.zeros(2, 4, 3, 2, dtype=torch.float64)
    spot[1, 2, 0, 1] = -0.5
    monkeypatch.setattr(pointwise, "FORMS", {"spotted": lambda *given: pointwise.matmul(*given) + spot})
    agreement = pointwise.compare(x, weight, bias)["spotted"]
    assert agreement.output == pytest.approx(0.5 / by_hand(x, weight, bias).abs().max().item())
    assert max(agreement.grad_x, agreement.grad_weight, agreement.grad_bias) < 1e-14


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_not_hidden(bad):
    x, weight, bias = inputs()
    x[0, 0, 0, 0] = bad
    for agreement in pointwise.compare(x, weight, bias).values():
        assert math.isnan(agreement.worst)


@pytest.mark.parametrize("place", range(4))
def test_the_worst_of_four_is_the_largest_or_not_a_number(place):
    numbers = [0.0] * 4
    numbers[place] = 0.5
    assert pointwise.Agreement(*numbers).worst == 0.5
    numbers[place] = math.nan
    assert math.isnan(pointwise.Agreement(*numbers).worst)


def test_compare_divides_by_no_zero(monkeypatch):
    zero, weight, bias = torch.zeros(1, 5, 3, 2), torch.zeros(4, 5), torch.zeros(4)
    assert max(agreement.worst for agreement in pointwise.compare(zero, weight, bias).values()) < 1e-6
    monkeypatch.setattr(pointwise, "FORMS", {"shifted": lambda *given: pointwise.matmul(*given) + 0.25})
    assert pointwise.compare(zero, weight, bias)["shifted"].output == 0.25


def test_compare_needs_no_gradient_mode_and_leaves_its_inputs_alone():
    tensors = inputs()
    with torch.no_grad():
        assert pointwise.compare(*tensors)["linear"].worst < 1e-14
        assert not torch.is_grad_enabled()
    assert not any(tensor.requires_grad for tensor in tensors)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"bias": None}, TypeError, "bias must be a torch.Tensor, got NoneType"),
        ({"bias": torch.zeros(3)}, ValueError, "bias must have C_out = 4 values, got 3"),
        ({"weight": torch.zeros(4, 5)}, TypeError, "must share one dtype"),
        ({"x": torch.zeros(0, 5, 3, 2)}, ValueError, r"x and weight must not be empty, got shapes \(0, 5, 3, 2\)"),
        ({"weight": torch.zeros(0, 5), "bias": torch.zeros(0)}, ValueError, r"must not be empty, .* \(0, 5\)"),
    ],
)
def test_compare_names_bad_input(change, error, words):
    arguments = dict(zip(("x", "weight", "bias"), inputs(), strict=True)) | change
    if error is ValueError:
        arguments = {name: tensor.double() for name, tensor in arguments.items()}
    with pytest.raises(error, match=words):
        pointwise.compare(**arguments)


X, WEIGHT = torch.zeros(1, 5, 3, 2), torch.zeros(4, 5)
BAD = {
    "x of rank three": ((X[0], WEIGHT), r"x must have shape \(N, C_in, H, W\), got \(5, 3, 2\)"),
    "x no tensor": (([[1.0]], WEIGHT), "x must be a torch.Tensor, got list"),
    "a 3x3 kernel": ((X, torch.zeros(4, 5, 3, 3)), r"weight must be a 1x1 kernel, got kernel_size \(3, 3\)"),
    "a weight of rank four": ((X, WEIGHT[:, :, None, None]), r"weight must have shape \(C_out, C_in\)"),
    "channels that differ": ((X, torch.zeros(4, 6)), "weight must have C_in = 5 columns, .* got 6"),
    "a bias too long": ((X, WEIGHT, torch.zeros(5)), "bias must have C_out = 4 values, got 5"),
    "a bias that would broadcast": ((X, WEIGHT, torch.zeros(1)), "bias must have C_out = 4 values, got 1"),
    "a bias of rank two": ((X, WEIGHT, torch.zeros(4, 1)), r"bias must have shape \(C_out,\)"),
    "mixed dtypes": ((X, WEIGHT.double()), "must share one dtype.*float32.*float64"),
    "mixed devices": ((X, WEIGHT.to("meta")), "must share one device"),
    "integers": ((X.long(), WEIGHT.long()), "x must be of a floating dtype, got torch.int64"),
}


@every_form
@pytest.mark.parametrize(("arguments", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_named(form, arguments, words):
    error = TypeError if re.search("torch.Tensor|dtype|device", words) else ValueError
    with pytest.raises(error, match=words):
        form(*arguments)


@pytest.mark.parametrize(
    ("stride", "error"), [(0, ValueError), (-1, ValueError), (1.0, TypeError), (True, TypeError)]
)
def test_a_stride_is_a_positive_int(stride, error):
    x, weight, _ = inputs()
    with pytest.raises(error, match="stride must be"):
        pointwise.strided(x, weight, stride=stride)


@pytest.mark.parametrize(("x", "error"), [(torch.zeros(5, 3, 2), ValueError), ([[1.0]], TypeError)])
def test_a_stride_needs_maps(x, error):
    with pytest.raises(error, match="x must"):
        pointwise.strided(x, WEIGHT, stride=2)


def test_groups_must_divide():
    with pytest.raises(ValueError, match="groups=3 and C_out=4"):
        pointwise.block_diagonal(torch.zeros(4, 2), 3)
