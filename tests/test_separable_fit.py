"""Which full kernels a depthwise and a pointwise convolution can be, and which pair is closest to a kernel."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import separable
from tests.refusals import refusals

LINEAR = {"norm_layer": nn.Identity, "act_layer": nn.Identity}


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 3, 5]), st.integers(1, 3), st.integers(1, 3))
def test_the_composed_kernel_does_what_the_linear_block_does(channels, out_channels, k, stride, multiplier):
    torch.manual_seed(0)
    options = LINEAR | {"multiplier": multiplier}
    block = separable.DepthwiseSeparable(channels, out_channels, k, stride, **options).double()
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


KERNEL = torch.ones(4, 2, 3, 3)


def compose(depthwise, mixing, multiplier=1):
    return lambda: separable.compose(torch.zeros(depthwise), torch.zeros(mixing), multiplier)


test_bad_input_is_named = refusals(
    (compose((4, 3, 3), (8, 4, 1, 1)), r"depthwise must have shape \(m \* C_in, 1, k_h, k_w\), got"),
    (compose((4, 2, 3, 3), (8, 4, 1, 1)), r"depthwise must .* with m = 1, got \(4, 2, 3, 3\)"),
    (compose((4, 1, 3, 3), (8, 4, 1, 1), 3), r"depthwise must .* with m = 3, got \(4, 1, 3, 3\)"),
    (compose((4, 1, 3, 3), (8, 5, 1, 1)), r"pointwise must .* \(C_out, 4, 1, 1\).*got \(8, 5, 1, 1\)"),
    (compose((4, 1, 3, 3), (8, 4, 3, 3)), r"pointwise must .* \(C_out, 4, 1, 1\).*got \(8, 4, 3, 3\)"),
    (compose((4, 1, 3, 3), (8, 4)), r"pointwise must have shape \(C_out, m \* C_in, 1, 1\), got"),
    (lambda: separable.best_separable(KERNEL, 5), r"at most min\(C_out, k_h \* k_w\) = 4, got 5"),
    (lambda: separable.best_separable(KERNEL[0]), r"weight must have shape \(C_out, C_in, k_h, k_w\)"),
    (lambda: separable.best_separable(KERNEL[:, :0]), r"must not be empty, got shape \(4, 0, 3, 3\)"),
    (lambda: separable.best_separable(KERNEL.long()), "weight must be of a floating dtype", TypeError),
    (lambda: separable.lost_kernel_energy(KERNEL * math.inf), "weight must be finite"),
    (lambda: separable.lost_kernel_energy(0 * KERNEL), "weight must not be zero everywhere"),
)
