"""Gridding: paths counted by walking each of them, by sums, by hybrid dilated convolution and by autograd."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import pitfalls
from tests.refusals import refusals

rates = st.lists(st.integers(1, 7), min_size=1, max_size=4)


def positions(dilations, kernel_size):
    """Every path, one by one: an offset for each layer."""
    half = kernel_size // 2
    offsets = [[rate * tap for tap in range(-half, half + 1)] for rate in dilations]
    return [sum(path) for path in itertools.product(*offsets)]


@settings(max_examples=60, deadline=None)
@given(rates, st.sampled_from([1, 3, 5]))
def test_paths_are_counted_as_by_walking_each(dilations, kernel_size):
    counts, paths = pitfalls.path_counts(dilations, kernel_size), positions(dilations, kernel_size)
    reach = max(paths)
    assert counts.tolist() == [paths.count(offset) for offset in range(-reach, reach + 1)]
    assert pitfalls.coverage(dilations, kernel_size) == (len(set(paths)), 2 * reach + 1)


@settings(max_examples=200, deadline=None)
@given(rates, st.sampled_from([3, 5]))
def test_the_exact_test_for_gaps_agrees_with_the_sums(dilations, kernel_size):
    read, length = pitfalls.coverage(dilations, kernel_size)
    assert (pitfalls.first_gap(dilations, kernel_size) is None) == (read == length)


@pytest.mark.parametrize("dilations", [(9, 2, 1), (2, 9, 1), (1, 2, 9)])
def test_the_rate_that_opens_the_gap_is_named_in_any_order(dilations):
    assert pitfalls.first_gap(dilations) == 9
    assert pitfalls.first_gap((*dilations, 3)) is None  # 1 + 2 * (1 + 2 + 3) = 13: the window is wide enough now


def test_hdc_agrees_with_the_examples_of_its_paper():
    assert pitfalls.hdc_distances((1, 2, 5))[1] == 2
    assert pitfalls.hdc_distances((1, 2, 9))[1] == 5
    assert pitfalls.hdc_distances((2, 2, 2))[1] == 2
    assert pitfalls.hdc_distances((3, 7)) == (3, 7)  # max(7 - 6, 6 - 7, 3)
    assert pitfalls.hdc_distances((5, 1)) == (9, 1)  # max(1 - 10, 10 - 1, 5)


def test_hdc_is_exact_for_rising_rates_from_one_and_not_beyond():
    rising = list(itertools.combinations_with_replacement(range(1, 10), 3))
    passed = {triple for triple in rising if pitfalls.hdc_distances(triple)[1] <= 3}
    whole = {triple for triple in rising if pitfalls.first_gap(triple) is None}
    assert whole == {triple for triple in passed if triple[0] == 1}
    assert {(2, 2, 2), (2, 3, 5)} <= passed - whole


def dilated(*dilations, channels=1):
    """Convolutions of the given rates, 0 for a 1x1, with ReLUs, and one channel at both ends."""
    widths, layers = [1, *[channels] * (len(dilations) - 1), 1], []
    for rate, c_in, c_out in zip(dilations, widths, widths[1:], strict=False):
        kernel_size = 3 if rate else 1
        conv = nn.Conv2d(c_in, c_out, kernel_size, padding=rate, dilation=max(rate, 1), bias=rate > 0)
        layers += [conv, nn.ReLU()]
    return nn.Sequential(*layers)


@pytest.mark.parametrize("dilations", [(2, 2, 2), (1, 2, 5), (1, 2, 9), (3,)])
@pytest.mark.parametrize("channels", [1, 3])
def test_autograd_counts_the_same_paths(dilations, channels):
    row = pitfalls.path_counts(dilations).double()
    net = dilated(*dilations, channels=channels)
    before = net[0].weight.clone()
    torch.testing.assert_close(pitfalls.paths_through(net, len(row)), torch.outer(row, row))
    assert torch.equal(net[0].weight, before)
    wider = pitfalls.paths_through(net, len(row) + 4) > 0
    assert wider.sum() == (row > 0).sum() ** 2
    assert not wider[:2].any()


def test_1x1_layers_and_biases_change_no_path():
    without, with_1x1 = dilated(2, 2, 2, channels=3), dilated(0, 2, 0, 2, 0, 0, 2, 0, channels=3)
    torch.testing.assert_close(pitfalls.paths_through(with_1x1, 13), pitfalls.paths_through(without, 13))
    net = dilated(2, 2)
    for conv in net[::2]:
        nn.init.constant_(conv.bias, -100.0)  # as they stand, every ReLU would return 0
    torch.testing.assert_close(pitfalls.paths_through(net, 9), pitfalls.paths_through(dilated(2, 2), 9))


def test_the_number_of_channels_at_the_end_changes_no_path():
    one, three = dilated(1, 2, channels=3), dilated(1, 2, channels=3)
    three[2] = nn.Conv2d(3, 3, kernel_size=3, padding=2, dilation=2)
    torch.testing.assert_close(pitfalls.paths_through(three, 7), pitfalls.paths_through(one, 7))


def test_the_output_depends_on_the_positions_that_are_counted_and_on_no_others():
    torch.manual_seed(0)
    net = dilated(1, 2, 9, channels=4).double()[:-1]  # without the last ReLU
    read = pitfalls.paths_through(net, 25) > 0
    x = torch.randn(1, 1, 25, 25, dtype=torch.float64)
    assert not read.all()
    torch.testing.assert_close(net(x)[0, 0, 12, 12], net(torch.where(read, x, -9.0))[0, 0, 12, 12])
    assert not torch.allclose(net(x)[0, 0, 12, 12], net(torch.where(read, -9.0, x))[0, 0, 12, 12])


def test_a_deep_stack_is_counted_as_far_as_int64_goes_and_covered_beyond():
    assert pitfalls.path_counts((1,) * 39).sum() == 3**39
    assert pitfalls.coverage((1,) * 200) == (401, 401)
    assert pitfalls.coverage((2,) * 200) == (401, 801)


test_bad_input_is_named = refusals(
    (lambda: pitfalls.path_counts((1,) * 40), r"dilations must be few enough .* got 3\*\*40 ways"),
    (lambda: pitfalls.path_counts(3), "dilations must be a sequence of ints, got int", TypeError),
    (lambda: pitfalls.path_counts("12"), "dilations must be a sequence of ints, got str", TypeError),
    (lambda: pitfalls.path_counts((1, 0)), r"dilations\[1\] must be at least 1, got 0"),
    (lambda: pitfalls.path_counts((1,), 4), "kernel_size must be odd.*got 4"),
    (lambda: pitfalls.first_gap((1,), 1), "kernel_size must be at least 3, got 1"),
    (lambda: pitfalls.hdc_distances((2,)), "dilations must be at least two, got 1"),
    (lambda: pitfalls.paths_through(nn.Sequential(nn.Conv2d(1, 1, 1), nn.Tanh()), 3), "got Tanh", TypeError),
    (lambda: pitfalls.paths_through(nn.Conv2d(1, 1, 1), 4), "size must be odd.*got 4"),
)
