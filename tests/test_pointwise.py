"""The forms of the 1x1 convolution, compared with PyTorch's own convolution; groups as a matrix."""

import re

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import pointwise
from companion.pointwise import FORMS
from tests.refusals import refusals

every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def inputs(batch=2, in_channels=5, out_channels=4, height=3, width=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = (batch, in_channels, height, width), (out_channels, in_channels), (out_channels,)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def test_there_are_ten_forms_and_they_cannot_be_changed():
    assert len(FORMS) == 10
    assert all(getattr(pointwise, name) is form for name, form in FORMS.items())
    with pytest.raises(TypeError):
        FORMS["conv2d"] = None


@every_form
@settings(max_examples=25, deadline=None)
@given(sizes=st.tuples(*[st.integers(1, 5)] * 5), seed=st.integers(0, 99))
def test_agrees_with_pytorchs_convolution(form, sizes, seed):
    x, weight, bias = inputs(*sizes, seed=seed)
    kernel = weight[:, :, None, None]
    torch.testing.assert_close(form(x, weight, bias), F.conv2d(x, kernel, bias))
    torch.testing.assert_close(form(x, weight), F.conv2d(x, kernel))
    columns = x.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(form(columns, weight, bias), F.conv2d(x, kernel, bias))


@every_form
@pytest.mark.parametrize("axis", ["batch", "in_channels", "out_channels", "height", "width"])
def test_empty_tensors_give_the_empty_sum(form, axis):
    x, weight, bias = inputs(**{axis: 0})
    y = form(x.requires_grad_(), weight, bias)
    assert y.shape == (x.shape[0], weight.shape[0], *x.shape[2:])
    torch.testing.assert_close(y, bias[None, :, None, None].expand(y.shape))  # no channel to add: the bias
    y.sum().backward()
    assert x.grad.shape == x.shape


@every_form
def test_autocast_takes_a_mixture_of_what_it_casts(form):
    x, weight, bias = (tensor.float() for tensor in inputs())
    wanted = form(x, weight, bias)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = form(x.bfloat16(), weight, bias)
        with pytest.raises(TypeError, match=r"must share one dtype.*float64.*float32"):
            form(x.double(), weight, bias)
    torch.testing.assert_close(y.float(), wanted, rtol=0, atol=0.05 * float(wanted.abs().max()))


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


def test_groups_must_divide():
    with pytest.raises(ValueError, match="groups=3 and C_out=4"):
        pointwise.block_diagonal(torch.zeros(4, 2), 3)


@pytest.mark.parametrize("with_bias", [True, False])
def test_a_matrix_becomes_a_layer_of_its_own(with_bias):
    x, weight, bias = inputs()
    before = torch.get_rng_state()
    layer = pointwise.as_conv2d(weight, bias if with_bias else None)
    assert torch.equal(torch.get_rng_state(), before)
    wanted = pointwise.matmul(x, weight, bias if with_bias else None)
    weight.zero_()
    torch.testing.assert_close(layer(x), wanted)
    assert all(parameter.requires_grad for parameter in layer.parameters())


X, WEIGHT = torch.zeros(1, 5, 3, 2), torch.zeros(4, 5)
test_what_is_no_matrix_becomes_no_layer = refusals(
    (lambda: pointwise.as_conv2d([[1.0]], None), "weight must be a torch.Tensor, got list", TypeError),
    (lambda: pointwise.as_conv2d(WEIGHT[:, :, None, None], None), r"weight must have shape \(C_out, C_in\), got"),
    (lambda: pointwise.as_conv2d(WEIGHT.long(), None), "weight must be of a floating dtype, got", TypeError),
    (lambda: pointwise.as_conv2d(WEIGHT, torch.zeros(1)), "bias must have C_out = 4 values, got 1"),
    (lambda: pointwise.as_conv2d(WEIGHT, torch.zeros(())), r"bias must have shape \(C_out,\), got \(\)"),
    (lambda: pointwise.as_conv2d(WEIGHT, torch.zeros(4).double()), "weight's dtype .*32, got .*64", TypeError),
)
BAD = {
    "x of rank three": ((X[0], WEIGHT), r"x must have shape \(N, C_in, H, W\), got \(5, 3, 2\)"),
    "x no tensor": (([[1.0]], WEIGHT), "x must be a torch.Tensor, got list"),
    "a 3x3 kernel": ((X, torch.zeros(4, 5, 3, 3)), r"weight must be a 1x1 kernel, got kernel_size \(3, 3\)"),
    "a weight of rank four": ((X, WEIGHT[:, :, None, None]), r"weight must have shape \(C_out, C_in\)"),
    "channels that differ": ((X, torch.zeros(4, 6)), "weight must have C_in = 5 columns, .* got 6"),
    "fewer channels": ((X, torch.zeros(4, 4)), "weight must have C_in = 5 columns, .* got 4"),
    "a bias too long": ((X, WEIGHT, torch.zeros(5)), "bias must have C_out = 4 values, got 5"),
    "a bias that would broadcast": ((X, WEIGHT, torch.zeros(1)), "bias must have C_out = 4 values, got 1"),
    "a bias of rank two": ((X, WEIGHT, torch.zeros(4, 1)), r"bias must have shape \(C_out,\)"),
    "mixed dtypes": ((X, WEIGHT.double()), "must share one dtype.*float32.*float64"),
    "mixed devices": ((X, WEIGHT.to("meta")), "must share one device"),
    "integers": ((X.long(), WEIGHT.long()), "x must be of a floating dtype, got torch.int64"),
}


@pytest.mark.parametrize(("arguments", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_named_by_every_form(arguments, words):
    error = TypeError if re.search("torch.Tensor|dtype|device", words) else ValueError
    for form in FORMS.values():
        with pytest.raises(error, match=words):
            form(*arguments)
