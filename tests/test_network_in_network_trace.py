"""``watch``: it is plain gradient descent, and what it records is what the descent goes through."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from companion import data
from companion import network_in_network as nin
from tests.refusals import refusals


def small_net():
    torch.manual_seed(0)
    last = nin.MlpConv(4, 10, 3, hidden_channels=(4, 4))
    return nn.Sequential(nin.MlpConv(1, 4, 3), nn.MaxPool2d(2), last, nin.GlobalAveragePooling())


def some_digits():
    split = data.digits(train_size=20)
    return split.train_x, split.train_y


def test_watch_is_plain_gradient_descent():
    x, y = some_digits()
    net = small_net().double()
    x = x.double()
    by_hand = copy.deepcopy(net)
    trace = nin.watch(net, x, y, steps=4, lr=0.5, momentum=0.5)
    speeds = [torch.zeros_like(p) for p in by_hand.parameters()]
    for step in range(4):
        loss = F.cross_entropy(by_hand(x), y)
        slopes = torch.autograd.grad(loss, list(by_hand.parameters()))
        assert trace.losses[step] == pytest.approx(loss.item())
        assert trace.gradients[step] == pytest.approx(math.sqrt(sum(s.square().sum().item() for s in slopes)))
        with torch.no_grad():
            for p, slope, speed in zip(by_hand.parameters(), slopes, speeds, strict=True):
                speed.mul_(0.5).add_(slope)
                p -= 0.5 * speed
    for ours, theirs in zip(net.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)
    assert len(trace.losses) == len(trace.dead) == len(trace.gradients) == 4


def test_what_is_drawn_on_the_way_is_drawn_from_seed_0():
    x, y = some_digits()
    net = nn.Sequential(nn.Dropout(), *small_net())
    torch.manual_seed(0)
    loss = F.cross_entropy(copy.deepcopy(net)(x.to(memory_format=torch.channels_last)), y)
    assert nin.watch(net, x, y, steps=1, lr=0.5).losses == pytest.approx([loss.item()])


def test_dead_class_maps_give_the_loss_of_a_guess_and_no_gradient():
    x, y = some_digits()
    net = small_net()
    nn.init.constant_(net[2].layers[-2].bias, -100.0)  # no weighted sum comes above zero
    before = copy.deepcopy(net.state_dict())
    trace = nin.watch(net, x, y, steps=3, lr=1.0, momentum=0.9)
    assert trace.dead == (1.0,) * 3
    assert trace.gradients == (0.0,) * 3
    assert trace.losses == pytest.approx([math.log(10)] * 3)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_a_class_map_is_dead_only_if_it_is_zero_at_every_pixel_of_every_picture():
    net = nn.Sequential(nn.Conv2d(5, 5, 1), nin.GlobalAveragePooling())
    nn.init.dirac_(net[0].weight)  # the class maps are the input
    nn.init.zeros_(net[0].bias)
    maps = torch.zeros(2, 5, 2, 2)
    maps[0, 1] = 1.0  # above zero in one picture only
    maps[:, 2, 1, 0] = 1.0  # above zero at one pixel only
    maps[:, 3] = torch.tensor([[1.0, -1.0], [2.0, -2.0]])  # a mean of zero, and yet not zero
    maps[:, 4] = -1.0  # below zero, without a ReLU
    trace = nin.watch(net, maps, torch.tensor([0, 1]), steps=1, lr=0.1)
    assert trace.dead == pytest.approx((0.2,))


def test_watch_gives_random_numbers_and_modes_back():
    first = nin.MlpConv(1, 10, 3, norm_layer=nn.BatchNorm2d)
    net = nn.Sequential(first, nn.Dropout(0.5), nin.GlobalAveragePooling()).eval()
    twin = copy.deepcopy(net)
    x, y = some_digits()
    state = torch.get_rng_state()
    traces = [nin.watch(model, x, y, steps=2, lr=0.1) for model in (net, twin)]
    assert traces[0] == traces[1]
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(module.training for module in net.modules())
    assert net[0].layers[1].num_batches_tracked == 2  # it did train in training mode


def watched(**changes):
    x, y = some_digits()
    return lambda: nin.watch(**{"model": small_net(), "x": x, "y": y, "steps": 1, "lr": 0.1, **changes})


test_bad_input_is_named = refusals(
    (watched(model=nn.ReLU()), r"an nn\.Sequential that ends in GlobalAveragePooling, got ReLU"),
    (watched(model=nn.Sequential(nn.ReLU())), "ends in GlobalAveragePooling, got Sequential"),
    (watched(model=nn.Sequential()), r"ends in GlobalAveragePooling, got Sequential\(\)"),
    (watched(y=torch.zeros(3).long()), "x and y must be equally many"),
    (watched(steps=0), "steps must be at least 1, got 0"),
    (watched(lr=0), "lr must be above 0 and finite, got 0"),
    (watched(lr=math.inf), "lr must be above 0 and finite, got inf"),
    (watched(momentum=1), "momentum must be at least 0 and below 1, got 1"),
)
