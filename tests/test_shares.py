"""Who spends: kinds of layers add up to the whole network, in what is counted and in what is measured."""

from contextlib import suppress

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from companion import audit, cost, networks, separable, squeeze_excitation
from companion.audit import _shares


def small():
    """A network with every kind of layer, one of each: its weights are 108, 36, 48, 4, 4 and 20."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, bias=False),
        nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False),
        nn.BatchNorm2d(4),
        nn.Conv2d(4, 12, 1),
        nn.Conv2d(12, 4, 1, groups=2),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, padding=1, groups=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 5),
    )


def test_layers_are_added_up_by_kind():
    parts = audit.by_kind(cost.count(small(), (1, 3, 6, 6)))
    assert list(parts) == list(audit.KINDS)
    weights = {kind: part.weights for kind, part in parts.items()}
    assert weights == {
        "1×1": 48 + 24,  # groups or not
        "depthwise": 36,
        "other convolutions": 108 + 72,  # two groups of two channels are not depthwise
        "fully connected": 20,
        "rest": 0,
    }
    assert parts["rest"].affine == 8
    assert parts["fully connected"].macs == 20
    assert parts["1×1"].macs == 36 * 72


def test_a_multiplier_of_channels_is_depthwise_and_a_gate_1x1():
    parts = audit.by_kind(cost.count(separable.DepthwiseSeparable(8, 16, multiplier=2), (1, 8, 5, 5)))
    assert (parts["depthwise"].weights, parts["1×1"].weights) == (8 * 2 * 9, 16 * 16)
    parts = audit.by_kind(cost.count(squeeze_excitation.SqueezeExcitation(32), (1, 32, 8, 8)))
    assert parts["1×1"].macs == parts["1×1"].weights == 2 * 32 * 2


def tied():
    """Two depthwise layers that share their weights."""
    net = nn.Sequential(*(nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False) for _ in range(2)))
    net[1].weight = net[0].weight
    return net


@pytest.mark.parametrize(
    ("net", "macs"),
    [
        (tied(), {"depthwise": 2 * 4 * 9 * 36}),
        (weight_norm(nn.Conv2d(4, 8, 3, padding=1, groups=4)), {"depthwise": 8 * 9 * 36}),
        (nn.ConvTranspose2d(4, 8, 3, padding=1, groups=4), {"depthwise": 8 * 9 * 36}),
        (nn.ConvTranspose2d(4, 2, 3, padding=1, groups=2), {"other convolutions": 4 * 9 * 36}),
        (nn.Sequential(nn.Flatten(), weight_norm(nn.Linear(144, 2))), {"fully connected": 288}),
    ],
    ids=["tied", "parametrized", "transposed", "transposed in groups", "parametrized and fully connected"],
)
def test_a_kind_is_that_of_what_ran_wherever_its_weights_are_kept(net, macs):
    parts = audit.by_kind(cost.count(net, (1, 4, 6, 6)))
    assert {kind: part.macs for kind, part in parts.items() if part.macs} == macs


@pytest.mark.parametrize("name", ["nin", "googlenet", "resnet50", "se_resnet50", "mobilenet_v1"])
def test_the_kinds_of_each_network_add_up_to_its_total(name):
    with torch.device("meta"):
        network = getattr(networks, name)()
    size = (1, 3, 32, 32) if name == "nin" else (1, 3, 224, 224)
    table, result = cost.count(network, size), audit.shares(network, size)
    assert sum(result.costs.values()) == table.total
    for measure in ("weights", "macs", "bytes"):
        assert sum(result.parts(measure).values()) == pytest.approx(1)
        pointwise = table.share(lambda row: row.is_pointwise, quantity=measure)
        assert result.parts(measure)["1×1"] == pytest.approx(pointwise)


def test_mobilenets_printed_shares_come_out():
    with torch.device("meta"):
        result = audit.shares(networks.mobilenet_v1(), (1, 3, 224, 224))
    assert (f"{result.parts('macs')['1×1']:.2%}", f"{result.parts('weights')['1×1']:.2%}") == ("94.86%", "74.59%")
    assert repr(result).splitlines()[4].split() == ["1×1", "74.59%", "94.86%", "22.46%"]
    assert "94.86%" in result._repr_html_()


def test_time_is_measured_where_it_is_spent(monkeypatch):
    """A clock that each layer moves by hand: 1 s a convolution, 10 s a linear layer, 100 s what else there is."""
    now = 0.0

    def tick(seconds):
        def hook(*_):
            nonlocal now
            now += seconds

        return hook

    monkeypatch.setattr("companion.audit._shares.perf_counter", lambda: now)
    network = small()
    for layer in network:  # hooks of ours come first, so that those of the measurement stop the clock after them
        layer.register_forward_hook(tick({nn.Conv2d: 1, nn.Linear: 10}.get(type(layer), 100)))
    result = audit.shares(network, (1, 3, 6, 6), runs=3)
    assert result.seconds == {"1×1": 2, "depthwise": 1, "other convolutions": 2, "fully connected": 10, "rest": 400}
    assert result.parts("seconds")["rest"] == pytest.approx(400 / 415)
    assert "time" in repr(result)


class Gated(nn.Conv2d):
    """A convolution that runs a layer of its own before itself, and another that refuses its input."""

    def __init__(self):
        super().__init__(4, 4, 3, padding=1)
        self.inner, self.refuses = nn.Conv2d(4, 4, 1), nn.Linear(5, 5)

    def forward(self, x):
        with suppress(RuntimeError):
            self.refuses(x)
        return super().forward(self.inner(x))


def test_the_time_of_a_layer_within_a_layer_is_counted_once(monkeypatch):
    """A clock that each look at it moves by a second: at each beginning and each end of a layer."""
    times = iter(range(100))
    monkeypatch.setattr("companion.audit._shares.perf_counter", lambda: next(times))
    kinds = {"": "other convolutions", "inner": "1×1", "refuses": "fully connected"}
    seconds = _shares._one_run(Gated(), (1, 4, 6, 6), kinds)
    assert seconds == {"1×1": 1, "depthwise": 0, "other convolutions": 3, "fully connected": 1, "rest": 2}


def test_a_network_is_timed_in_its_own_dtype():
    assert audit.shares(small().double(), (1, 3, 6, 6), runs=1).seconds["1×1"] > 0


def test_the_median_of_the_runs_is_taken_without_the_first(monkeypatch):
    lengths = iter([50, 3, 1, 2])
    monkeypatch.setattr("companion.audit._shares._one_run", lambda *_: dict.fromkeys(audit.KINDS, next(lengths)))
    assert audit.shares(small(), (1, 3, 6, 6), runs=3).seconds == dict.fromkeys(audit.KINDS, 2)


@pytest.fixture
def two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("two_threads")
def test_a_measured_network_is_left_as_it_was():
    network = small().train()
    threads = []
    network.register_forward_hook(lambda *_: threads.append(torch.get_num_threads()))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    result = audit.shares(network, (2, 3, 6, 6), runs=1)
    assert all(seconds > 0 for seconds in result.seconds.values())
    assert network.training
    assert network[0].training
    assert (threads[-2:], torch.get_num_threads()) == ([1, 1], 2)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in network)


def test_what_was_not_counted_has_no_shares():
    result = audit.shares(nn.ReLU(), (1, 3, 6, 6))
    assert result.parts("bytes")["rest"] == 1
    for measure in ("macs", "seconds"):
        with pytest.raises(ValueError, match=f"measure must be one that was counted, got '{measure}'"):
            result.parts(measure)
    with pytest.raises(ValueError, match="runs must be at least 0, got -1"):
        audit.shares(small(), (1, 3, 6, 6), runs=-1)
