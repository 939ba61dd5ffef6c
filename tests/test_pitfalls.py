"""The three pitfalls, each against a slow and obvious reference."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import pitfalls

rates = st.lists(st.integers(1, 7), min_size=1, max_size=4)


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# A ReLU on a thin layer


def test_the_spiral_starts_in_the_middle_and_turns_as_often_as_asked():
    points = pitfalls.spiral(401, turns=2.5)
    assert (points.shape, points.dtype) == ((401, 2), torch.float64)
    torch.testing.assert_close(points.norm(dim=1), torch.arange(401).double() / 400)
    crossings = int((points[:-1, 1] * points[1:, 1] < 0).sum())
    assert crossings == 4  # after each half turn but the last
    torch.testing.assert_close(points[-1], torch.tensor([-1.0, 0.0], dtype=torch.float64))


@pytest.mark.parametrize("n", [2, 3, 15])
def test_the_round_trip_is_two_1x1_convolutions_with_a_relu_between(n):
    points, matrix = pitfalls.spiral(30), gaussian(n, 2)
    maps = points.T.reshape(1, 2, 5, 6)
    up = F.conv2d(maps, matrix[:, :, None, None]).relu()
    back = torch.linalg.solve(matrix.T @ matrix, matrix.T)  # the pseudo-inverse of full column rank
    down = F.conv2d(up, back[:, :, None, None])
    torch.testing.assert_close(pitfalls.relu_round_trip(points, matrix), down.flatten(2)[0].T)


def test_gradients_pass_through_the_round_trip():
    points = gaussian(4, 2).requires_grad_()
    matrix = gaussian(5, 2, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(pitfalls.relu_round_trip, (points, matrix))


def test_no_points_are_fine():
    assert pitfalls.relu_round_trip(torch.zeros(0, 2), torch.eye(2)).shape == (0, 2)
    assert pitfalls.survivors(torch.zeros(0, 2), torch.eye(2)).shape == (0,)


def test_without_negative_values_the_round_trip_changes_nothing():
    points = pitfalls.spiral(50).abs()
    torch.testing.assert_close(pitfalls.relu_round_trip(points, gaussian(6, 2).abs()), points)


def test_survivors_are_the_points_whose_active_rows_can_be_solved_for():
    points, matrix = gaussian(60, 3), gaussian(5, 3, seed=1)
    alive = pitfalls.survivors(points, matrix)
    assert 0 < alive.sum() < 60
    for point, survives in zip(points, alive.tolist(), strict=True):
        rows = [row for row in matrix if row @ point > 0]
        assert survives == (len(rows) >= 3)
        if survives:
            rows = torch.stack(rows)
            solved = torch.linalg.lstsq(rows, (matrix @ point).relu()[(matrix @ point) > 0]).solution
            torch.testing.assert_close(solved, point)


def test_active_rows_that_repeat_one_another_count_once():
    matrix = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    assert pitfalls.survivors(torch.tensor([[1.0, -1.0], [1.0, 1.0]]), matrix).tolist() == [False, True]


def test_a_channel_at_exactly_zero_is_not_active():
    assert pitfalls.survivors(torch.tensor([[1.0, 0.0]]), torch.eye(2)).tolist() == [False]


def test_points_that_are_lost_share_their_values_with_others():
    matrix, point = torch.eye(2), torch.tensor([[0.5, -0.4]])
    other = torch.tensor([[0.5, -0.1]])
    assert not pitfalls.survivors(point, matrix)
    assert torch.equal((point @ matrix.T).relu(), (other @ matrix.T).relu())


@pytest.mark.parametrize(("n", "d"), [(1, 1), (2, 2), (3, 2), (5, 3), (4, 6)])
def test_the_expected_loss_counts_the_sign_patterns_with_too_few_active_channels(n, d):
    patterns = list(itertools.product([0, 1], repeat=n))
    assert pitfalls.expected_loss(n, d) == sum(sum(pattern) < d for pattern in patterns) / len(patterns)


@pytest.mark.parametrize(("n", "d"), [(2, 2), (3, 2), (6, 3)])
def test_random_matrices_lose_what_is_expected(n, d):
    points = gaussian(20, d)
    lost = [1 - pitfalls.survivors(points, gaussian(n, d, seed=s)).double().mean() for s in range(1, 301)]
    assert sum(lost) / 300 == pytest.approx(pitfalls.expected_loss(n, d), abs=0.04)


# A start


def stack_of(name, channels, layers, **options):
    return pitfalls.initialise(pitfalls.pointwise_stack(channels, layers, **options), name).double()


@pytest.mark.parametrize("name", pitfalls.INITIALISATIONS)
@pytest.mark.parametrize(("c_in", "c_out", "k", "groups"), [(64, 128, 1, 1), (64, 128, 1, 8), (16, 32, 3, 1)])
def test_the_variances_are_those_of_the_papers(name, c_in, c_out, k, groups):
    torch.manual_seed(0)
    conv = pitfalls.initialise(nn.Conv2d(c_in, c_out, k, groups=groups), name)
    n = c_in // groups * k**2
    wanted = {"N(0, 0.01²)": 1e-4, "Xavier": 2 / (n + c_out * k**2), "He": 2 / n, "PyTorch": 1 / (3 * n)}
    assert conv.weight.var().item() == pytest.approx(wanted[name], rel=0.15)
    assert abs(conv.weight.mean().item()) < 5 * math.sqrt(wanted[name] / conv.weight.numel())
    assert not conv.bias.any()
    assert pitfalls.fan_in(conv) == n


def test_the_one_called_pytorch_is_the_default_of_its_convolutions():
    torch.manual_seed(3)
    conv = nn.Conv2d(16, 8, 3)
    torch.manual_seed(3)
    assert torch.equal(pitfalls.INITIALISATIONS["PyTorch"](torch.empty(8, 16, 3, 3)), conv.weight)


def test_a_whole_module_is_drawn_anew_and_the_rest_of_it_left():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.Conv2d(4, 4, 1, bias=False)), nn.Linear(4, 2))
    before = [parameter.clone() for parameter in net.parameters()]
    assert pitfalls.initialise(net, "He") is net
    changed = [not torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True)]
    assert changed == [True, True, True, False, False]


def test_the_table_of_initialisations_cannot_be_changed_by_accident():
    with pytest.raises(TypeError, match="does not support item assignment"):
        pitfalls.INITIALISATIONS["He"] = None


@pytest.mark.parametrize(("slope", "act"), [(0.0, nn.ReLU()), (0.2, nn.LeakyReLU(0.2)), (1.0, nn.Identity())])
def test_the_factor_is_what_one_layer_does_to_symmetric_maps(slope, act):
    x, weight = gaussian(4000, 64), 0.3 * gaussian(64, 64, seed=1)
    y = act(x) @ weight.T
    ratio = (y.square().mean() / x.square().mean()).item()
    assert ratio == pytest.approx(pitfalls.moment_factor(64, 0.09, negative_slope=slope), rel=0.1)


def test_a_stack_is_1x1_convolutions_with_an_activation_after_each():
    stack = pitfalls.pointwise_stack(6, 3, bias=False, act_layer=nn.Tanh)
    assert [type(layer) for layer in stack] == [nn.Conv2d, nn.Tanh] * 3
    assert sum(parameter.numel() for parameter in stack.parameters()) == 3 * 36
    x = torch.randn(2, 6, 4, 3)
    wanted = x
    for layer in stack[::2]:
        wanted = torch.tanh(torch.einsum("oi,nihw->nohw", layer.weight[:, :, 0, 0], wanted))
    torch.testing.assert_close(stack(x), wanted)


def test_what_is_carried_agrees_with_a_walk_by_hand():
    torch.manual_seed(0)
    stack, x = stack_of("He", 5, 3), gaussian(4, 5, 3, 2)
    torch.manual_seed(1)
    found = pitfalls.layer_moments(stack, x)
    outputs, maps = [], x
    for layer in stack:
        maps = layer(maps)
        outputs += [maps] if isinstance(layer, nn.Conv2d) else []
    torch.manual_seed(1)
    gradient = torch.randn_like(maps)  # at the end of the stack
    for i in (2, 1, 0):
        gradient = gradient * (outputs[i] > 0)  # back through the ReLU
        torch.testing.assert_close(found["gradient"][i], gradient.square().mean())
        gradient = torch.einsum("oi,nohw->nihw", stack[2 * i].weight[:, :, 0, 0], gradient)
        y = outputs[i].detach()
        torch.testing.assert_close(found["second moment"][i], (y**2).mean())
        torch.testing.assert_close(found["variance"][i], ((y - y.mean(dim=(0, 2, 3), keepdim=True)) ** 2).mean())
        assert found["dead"][i] == sum(not (y[:, c] > 0).any() for c in range(5)) / 5


def test_the_layout_in_memory_and_a_single_pixel_make_no_difference():
    torch.manual_seed(0)
    stack, x = stack_of("He", 5, 3), gaussian(4, 5, 3, 2)
    for one in (x, x[:1, :, :1, :1]):
        torch.manual_seed(1)
        found = pitfalls.layer_moments(stack, one)
        torch.manual_seed(1)
        again = pitfalls.layer_moments(stack, one.to(memory_format=torch.channels_last))
        assert {key: value.shape for key, value in found.items()} == dict.fromkeys(found, (3,))
        for key in found.keys() - {"gradient"}:  # randn fills the memory in its own order
            torch.testing.assert_close(again[key], found[key])
    assert not found["variance"].any()


def test_a_seed_fixes_every_start():
    for name in pitfalls.INITIALISATIONS:
        drawn = []
        for seed in (0, 0, 1):
            torch.manual_seed(seed)
            drawn.append(pitfalls.initialise(nn.Conv2d(4, 4, 1), name).weight)
        assert torch.equal(drawn[0], drawn[1])
        assert not torch.equal(drawn[0], drawn[2])


def test_dead_channels_are_counted():
    stack = nn.Sequential(nn.Conv2d(1, 4, 1), nn.ReLU())
    nn.init.zeros_(stack[0].weight)
    stack[0].bias.data = torch.tensor([-1.0, 0.0, 1.0, 2.0])
    found = pitfalls.layer_moments(stack, torch.randn(2, 1, 3, 3))
    assert found["dead"].tolist() == [0.5]
    assert (found["second moment"].item(), found["variance"].item()) == (1.5, 0.0)


@pytest.mark.parametrize(("name", "factor"), [("He", 1), ("Xavier", 1 / 2), ("PyTorch", 1 / 6)])
def test_the_factors_of_a_deep_stack(name, factor):
    x = gaussian(2, 192, 2, 2)
    logs = []
    for seed in range(3):
        torch.manual_seed(seed)
        found = pitfalls.layer_moments(stack_of(name, 192, 10), x)
        logs += [(found["second moment"][-1] / found["second moment"][0]).log() / 9]
        logs += [(found["gradient"][0] / found["gradient"][-1]).log() / 9]
    assert math.exp(sum(logs) / len(logs)) == pytest.approx(factor, rel=0.1)


# Gaps


def positions(dilations, kernel_size):
    """Every path, one by one: a tap for each layer."""
    half = kernel_size // 2
    taps = [[rate * tap for tap in range(-half, half + 1)] for rate in dilations]
    return [sum(path) for path in itertools.product(*taps)]


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
    seen, size = pitfalls.coverage(dilations, kernel_size)
    assert (pitfalls.first_gap(dilations, kernel_size) is None) == (seen == size)


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


def dilated(*dilations, channels=1, **options):
    """Convolutions of the given rates, 0 for a 1x1, with ReLUs, and one channel at both ends."""
    layers = []
    for i, rate in enumerate(dilations):
        c_in = 1 if i == 0 else channels
        c_out = 1 if i == len(dilations) - 1 else channels
        size = 3 if rate else 1
        layers += [nn.Conv2d(c_in, c_out, size, padding=rate, dilation=max(rate, 1), **options), nn.ReLU()]
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


def test_1x1_layers_change_no_path():
    without, with_1x1 = dilated(2, 2, 2, channels=3), dilated(0, 2, 0, 2, 0, 0, 2, 0, channels=3)
    torch.testing.assert_close(pitfalls.paths_through(with_1x1, 13), pitfalls.paths_through(without, 13))


def test_biases_make_no_path():
    net = dilated(2, 2)
    for conv in net[::2]:
        nn.init.constant_(conv.bias, -100.0)  # as they stand, they would silence every ReLU
    torch.testing.assert_close(pitfalls.paths_through(net, 9), pitfalls.paths_through(dilated(2, 2), 9))


def test_what_is_not_seen_does_not_matter_and_what_is_seen_does():
    torch.manual_seed(0)
    net = dilated(1, 2, 9, channels=4).double()[:-1]  # without the last ReLU
    seen, x = pitfalls.paths_through(net, 25) > 0, gaussian(1, 1, 25, 25)
    assert not seen.all()
    torch.testing.assert_close(net(x)[0, 0, 12, 12], net(torch.where(seen, x, -9.0))[0, 0, 12, 12])
    assert not torch.allclose(net(x)[0, 0, 12, 12], net(torch.where(seen, -9.0, x))[0, 0, 12, 12])


# Bad input


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: pitfalls.spiral(1), ValueError, "points must be at least 2, got 1"),
        (lambda: pitfalls.spiral(turns=0), ValueError, "turns must be above 0 and finite, got 0"),
        (lambda: pitfalls.spiral(turns=math.inf), ValueError, "turns must be above 0 and finite, got inf"),
        (lambda: pitfalls.relu_round_trip([1], torch.eye(2)), TypeError, "points must be a torch.Tensor"),
        (lambda: pitfalls.relu_round_trip(torch.zeros(4, 3), torch.eye(2)), ValueError, r"of 3 dim.*\(2, 2\)"),
        (lambda: pitfalls.survivors(torch.zeros(4, 3), torch.eye(2)), ValueError, r"of 3 dim.*\(2, 2\)"),
        (lambda: pitfalls.survivors(torch.zeros(4), torch.eye(2)), ValueError, r"points must have shape \(P, d\)"),
        (
            lambda: pitfalls.survivors(torch.zeros(4, 2), gaussian(3, 2)),
            ValueError,
            "torch.float32, got torch.float64",
        ),
        (lambda: pitfalls.expected_loss(0), ValueError, "channels must be at least 1, got 0"),
        (lambda: pitfalls.expected_loss(2, 0), ValueError, "dimensions must be at least 1, got 0"),
        (lambda: pitfalls.fan_in(nn.Linear(2, 2)), TypeError, "layer must be an nn.Conv2d, got Linear"),
        (lambda: pitfalls.moment_factor(0, 1.0), ValueError, "fan_in must be at least 1, got 0"),
        (lambda: pitfalls.moment_factor(2, -1.0), ValueError, "variance must be at least 0 and finite, got -1.0"),
        (lambda: pitfalls.moment_factor(2, math.nan), ValueError, "variance must be.*got nan"),
        (lambda: pitfalls.moment_factor(2, 1.0, negative_slope=math.inf), ValueError, "negative_slope.*got inf"),
        (lambda: pitfalls.initialise(torch.zeros(2), "He"), TypeError, "module must be an nn.Module, got Tensor"),
        (lambda: pitfalls.initialise(nn.ReLU(), "Kaiming"), ValueError, r"one of \[.*'He'.*\], got 'Kaiming'"),
        (lambda: pitfalls.pointwise_stack(0, 3), ValueError, "channels must be at least 1, got 0"),
        (lambda: pitfalls.pointwise_stack(3, 0), ValueError, "layers must be at least 1, got 0"),
        (lambda: pitfalls.layer_moments(nn.ReLU(), torch.zeros(1, 1, 1, 1)), TypeError, "stack must be.*got ReLU"),
        (lambda: pitfalls.layer_moments(nn.Sequential(nn.ReLU()), torch.zeros(1, 1, 1, 1)), ValueError, "got none"),
        (
            lambda: pitfalls.layer_moments(pitfalls.pointwise_stack(2, 1), torch.zeros(2)),
            ValueError,
            r"\(N, C, H, W\)",
        ),
        (
            lambda: pitfalls.layer_moments(pitfalls.pointwise_stack(2, 1), torch.zeros(0, 2, 1, 1)),
            ValueError,
            "at least one v",
        ),
        (lambda: pitfalls.path_counts(3), TypeError, "dilations must be a sequence of ints, got int"),
        (lambda: pitfalls.path_counts("12"), TypeError, "dilations must be a sequence of ints, got str"),
        (lambda: pitfalls.path_counts((1, 0)), ValueError, r"dilations\[1\] must be at least 1, got 0"),
        (lambda: pitfalls.path_counts((1,), 4), ValueError, "kernel_size must be odd.*got 4"),
        (lambda: pitfalls.first_gap((1,), 1), ValueError, "kernel_size must be at least 3, got 1"),
        (lambda: pitfalls.hdc_distances((2,)), ValueError, "dilations must be at least two, got 1"),
        (lambda: pitfalls.paths_through(None, 3), TypeError, "module must be an nn.Module, got NoneType"),
        (lambda: pitfalls.paths_through(nn.Sequential(nn.Conv2d(1, 1, 1), nn.Tanh()), 3), TypeError, "got Tanh"),
        (lambda: pitfalls.paths_through(nn.Conv2d(1, 1, 1), 4), ValueError, "size must be odd.*got 4"),
    ],
)
def test_bad_input_is_refused_in_words(call, error, words):
    with pytest.raises(error, match=words):
        call()
