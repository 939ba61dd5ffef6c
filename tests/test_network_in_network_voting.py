"""The network that votes at every pixel: as in its chapter, packed and unpacked, and as it is recorded."""

import json

import pytest
import torch
from torch import nn

from benchmarks import digit_net
from companion import data, receptive_field
from companion import network_in_network as nin
from companion._state import alone
from companion.network_in_network import _voting
from tests.refusals import refusals

RECORD = json.loads(_voting.RECORD.read_text("utf-8"))


def trained_a_little():
    """A network whose normalisations have statistics of their own."""
    with alone(0):
        net = nin.voting()
        for _ in range(3):
            net(2 + torch.randn(16, 1, 8, 8))
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5, generator=torch.Generator().manual_seed(1))
            nn.init.normal_(part.bias, generator=torch.Generator().manual_seed(2))
    return net.eval()


def test_each_vote_sees_five_by_five_pixels():
    seen = receptive_field.gradient_map(trained_a_little()[:-1], torch.randn(1, 1, 9, 9), position=(4, 4)) > 0
    assert seen.nonzero().min(dim=0).values.tolist() == [2, 2]
    assert seen.nonzero().max(dim=0).values.tolist() == [6, 6]


def test_packed_weights_make_the_same_network_but_for_their_precision():
    net, x = trained_a_little(), torch.rand(20, 1, 8, 8)
    record = _voting.packed(net)
    again = _voting.unpacked(record)
    convs = [part for part in again.modules() if isinstance(part, nn.Conv2d)]
    assert record["shapes"] == [list(conv.weight.shape[:3]) for conv in convs]
    assert not any(isinstance(part, nn.BatchNorm2d) for part in again.modules())
    with torch.no_grad():
        maps = net[:-1](x)
        torch.testing.assert_close(again[:-1](x), maps, rtol=0, atol=0.01 * maps.abs().max().item())
    assert _voting.packed(again) == record  # half precision is kept exactly


def test_the_recorded_weights_reach_today_what_is_recorded():
    assert digit_net.reached(RECORD) == pytest.approx(RECORD["accuracy"], abs=0.01)
    assert RECORD["accuracy"]["test"] > 95
    about = RECORD["about"]
    assert {name: about[name] for name in digit_net.SETTINGS} == digit_net.SETTINGS
    assert (about["train"], about["test"]) == (len(data.digits().train_y), len(data.digits().test_y))
    assert "PyTorch" in about["machine"]
    net = nin.recorded_voting()
    assert not net.training
    assert _voting.packed(net) == {name: RECORD[name] for name in ("shapes", "weights")}


def test_the_script_trains_what_is_recorded(tmp_path):
    digit_net.main(tmp_path / "digit_net.json")
    record = json.loads((tmp_path / "digit_net.json").read_text("utf-8"))
    assert list(record) == list(RECORD)
    assert record["accuracy"]["test"] == pytest.approx(RECORD["accuracy"]["test"], abs=1.0)
    assert record["shapes"] == RECORD["shapes"]


test_bad_input_is_refused = refusals(
    (lambda: _voting.unpacked({"weights": "AAA="}), "weights must hold 6730 numbers, got 1"),
)
