"""Correlations across channels and across space, compared with NumPy; the 1x1 that removes the former."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import pointwise
from companion.correlation import correlation, cross_channel, spatial, whitening
from tests.refusals import refusals


def maps(*shape, seed=0):
    """Channels that share a part, smoothed so that neighbours are alike too, each with a mean of its own."""
    generator = torch.Generator().manual_seed(seed)
    own, shared = torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)[:, :1]
    x = own + shared
    level = 3 * torch.arange(shape[1])[:, None, None]
    return (x + x.roll(1, dims=3) + 0.5 * x.roll(1, dims=2) + level).double()


def by_loops(features, a, b, down, right):
    """Collect the pairs of values one by one, for NumPy."""
    pairs = [
        (picture[a, i, j].item(), picture[b, i + down, j + right].item())
        for picture in features
        for i in range(features.shape[2] - down)
        for j in range(features.shape[3] - right)
    ]
    return np.corrcoef(np.array(pairs).T)[0, 1]


@pytest.mark.parametrize("offset", [(0, 0), (0, 1), (1, 0), (2, 3), (0, 4)])
def test_correlation_agrees_with_numpy_pair_by_pair(offset):
    features = maps(2, 3, 4, 6)
    wanted = [[by_loops(features, a, b, *offset) for b in range(3)] for a in range(3)]
    torch.testing.assert_close(correlation(features, offset), torch.tensor(wanted, dtype=torch.float64))


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(0, 99), st.integers(1, 3))
def test_correlations_lie_in_one_and_ignore_scale_and_level(channels, seed, distance):
    features = maps(2, channels, 5, 5, seed=seed)
    found = correlation(features, (distance, 0))
    assert (found.abs() <= 1).all()
    assert (correlation(torch.cat([features, -features, 3 * features], dim=1)).abs() <= 1).all()
    scale = torch.arange(1, channels + 1, dtype=torch.float64)[:, None, None]
    torch.testing.assert_close(correlation(7 - scale * features, (distance, 0)), found)


def test_the_summaries_are_means_of_absolute_values():
    features = maps(3, 4, 6, 5)
    features[:, 1] *= -1  # signs must not cancel
    pairs = [abs(by_loops(features, a, b, 0, 0)) for a in range(4) for b in range(4) if a != b]
    assert cross_channel(features) == pytest.approx(np.mean(pairs))
    for distance in (1, 2):
        sides = ((distance, 0), (0, distance))
        along = [abs(by_loops(features, c, c, *side)) for c in range(4) for side in sides]
        assert spatial(features, distance) == pytest.approx(np.mean(along))


def test_constant_channels_do_not_count_and_those_that_vary_little_do():
    features = maps(2, 3, 5, 5)
    padded = torch.cat([features, torch.full((2, 1, 5, 5), 0.1, dtype=torch.float64)], dim=1)
    found = correlation(padded)
    assert found[3].isnan().all()
    assert found[:, 3].isnan().all()
    assert not found[:3, :3].isnan().any()
    assert cross_channel(padded) == pytest.approx(cross_channel(features))
    assert spatial(padded) == pytest.approx(spatial(features))
    features = maps(2, 2, 5, 5)
    found = correlation(features)
    features[:, 1] = 5 + 1e-8 * features[:, 1]
    torch.testing.assert_close(correlation(features), found, rtol=0, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(0, 99))
def test_whitened_channels_have_mean_zero_variance_one_and_nothing_in_common(channels, seed):
    features = maps(3, channels, 6, 5, seed=seed)
    white = pointwise.conv2d(features, *whitening(features))
    rows = white.transpose(0, 1).flatten(1)
    found = torch.cov(rows, correction=0).reshape(channels, channels)
    torch.testing.assert_close(found, torch.eye(channels).double())
    torch.testing.assert_close(rows.mean(dim=1), torch.zeros(channels).double())


def test_the_rows_are_principal_directions_largest_first_with_a_positive_largest_weight():
    features = maps(3, 4, 6, 5)
    weight, _ = whitening(features)
    length = weight.norm(dim=1)
    assert (length.diff() > 0).all()  # one over the standard deviation
    torch.testing.assert_close(weight @ weight.T, torch.diag(length.square()))
    rows = features.transpose(0, 1).flatten(1)
    singular = torch.linalg.svdvals(rows - rows.mean(dim=1, keepdim=True)) / math.sqrt(rows.shape[1])
    torch.testing.assert_close(1 / length, singular)
    largest = weight.abs().argmax(dim=1)
    assert (weight[torch.arange(4), largest] > 0).all()
    flipped, _ = whitening(-features)
    torch.testing.assert_close(flipped, weight)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_directions_without_variance_are_left_out(dtype):
    generator = torch.Generator().manual_seed(0)
    few = torch.randn(2, 3, 6, 6, generator=generator, dtype=dtype)
    many = pointwise.conv2d(few, torch.randn(7, 3, generator=generator, dtype=dtype))
    weight, bias = whitening(many)
    assert (weight.shape, bias.shape, weight.dtype, bias.dtype) == ((3, 7), (3,), dtype, dtype)
    assert cross_channel(pointwise.conv2d(many, weight, bias)) < 1e-4


MAPS = torch.ones(1, 2, 3, 3)
CONSTANT = torch.full((1, 2, 3, 3), 0.1, dtype=torch.float64)  # its mean is off by 1e-17


@pytest.mark.parametrize("call", [correlation, cross_channel, spatial, whitening])
def test_bad_features_are_named(call):
    for features in (MAPS[0], MAPS[:0], MAPS * math.nan, MAPS[:, :, :1, :1]):
        with pytest.raises(ValueError, match=r"^features must "):
            call(features)
    with pytest.raises(TypeError, match=r"features must be of a floating dtype, got torch\.int64"):
        call(MAPS.long())


test_bad_input_is_named = refusals(
    (lambda: cross_channel(torch.randn(1, 1, 3, 3)), "at least two channels that vary"),
    (lambda: spatial(CONSTANT), "at least one channel that varies"),
    (lambda: whitening(CONSTANT), "features must vary, got only constant channels"),
    (lambda: spatial(MAPS, 0), "distance must be at least 1, got 0"),
    (lambda: correlation(MAPS, (0, 5)), "at least two values per channel, got 0"),
    (lambda: correlation(MAPS, (0, -1)), r"offset\[1\] must be at least 0, got -1"),
    (lambda: correlation(MAPS, (1.0, 0)), r"offset\[0\] must be an int, got float", TypeError),
)
