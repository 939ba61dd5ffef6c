"""The stalling network: trained side by side as one by one, and recorded as it is today."""

import json
from pathlib import Path

import pytest
from torch import nn

from companion import data
from companion import network_in_network as nin
from companion._state import alone
from companion.network_in_network._stall import PICTURES

RECORD = json.loads((Path(__file__).parent.parent / "benchmarks/results/stall.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ["He, batch norm", "He, rate × 10"])
def test_networks_trained_side_by_side_go_the_way_of_one_alone(name):
    start = nin.STARTS[name]
    digits = data.digits()
    x, y = digits.train_x[:PICTURES], digits.train_y[:PICTURES]
    for seed, trace in zip((3, 5), nin.watch_stalling(start, seeds=(3, 5), steps=4), strict=True):
        with alone(seed):
            net = nin.stalling(start)
        one = nin.watch(net, (x - x.mean()) / x.std(), y, steps=4, lr=start.lr, momentum=0.9)
        assert trace.losses == pytest.approx(one.losses, rel=1e-4)
        assert trace.gradients == pytest.approx(one.gradients, rel=1e-4)
        assert trace.dead == pytest.approx(one.dead)


def test_the_digits_are_two_of_each_class():
    assert data.digits().train_y[:PICTURES].bincount().tolist() == [2] * 10


def test_first_weights_have_the_spread_that_the_start_asks_for():
    with alone(0):
        nets = {std: nin.stalling(nin.Start(std)) for std in (0.01, None)}
    small, he = (next(m for m in net[2].modules() if isinstance(m, nn.Conv2d)) for net in nets.values())
    assert small.weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert he.weight.std().item() == pytest.approx((2 / (12 * 9)) ** 0.5, rel=0.1)
    assert he.bias.count_nonzero() == small.bias.count_nonzero() == 0


@pytest.mark.parametrize("name", nin.STARTS)
def test_what_is_recorded_begins_as_a_run_does_today(name):
    runs = [run for run in RECORD["runs"] if run["start"] == name]
    assert [run["seed"] for run in runs] == list(range(10))
    (trace,) = nin.watch_stalling(nin.STARTS[name], seeds=[0], steps=3)
    assert trace.losses[2] == pytest.approx(runs[0]["third_loss"], rel=1e-3)


def test_no_seed_and_no_step_are_refused():
    with pytest.raises(ValueError, match="seeds must be at least one, got none"):
        nin.watch_stalling(nin.STARTS["He"], seeds=[], steps=1)
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        nin.watch_stalling(nin.STARTS["He"], seeds=[0], steps=0)
    with pytest.raises(TypeError, match="batch_norm must be a bool, got int"):
        nin.watch_stalling(nin.Start(None, batch_norm=1), seeds=[0], steps=1)
