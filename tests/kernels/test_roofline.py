"""The number h, intensities and rooflines against slow counts, and each layer of the list found in its network."""

import dataclasses
from fractions import Fraction
from functools import cache

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from companion import cost, networks
from companion.kernels import LAYERS, NetworkLayer, Roofline, harmonic_mean
from tests.refusals import refusals
from tests.test_separable import mobilenet_v2

channels = st.integers(1, 4096)
BUILDERS = {
    "GoogLeNet": networks.googlenet,
    "ResNet-50": networks.resnet50,
    "SE-ResNet-50": networks.se_resnet50,
    "MobileNetV1": networks.mobilenet_v1,
    "MobileNetV2": mobilenet_v2,
}


@cache
def pointwise_rows(network):
    with torch.device("meta"):
        module = BUILDERS[network]()
    rows = [row for row in cost.count(module, (1, 3, 224, 224)) if row.is_pointwise and row.groups == 1]
    return {(row.name, row.weights // row.output_shape[1], *row.output_shape[1:]) for row in rows}


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: f"{layer.network} {layer.name}")
def test_each_layer_stands_in_its_network(layer):
    found = {row[0] for row in pointwise_rows(layer.network) if row[1:] == sizes(layer)}
    assert found
    if layer.network != "MobileNetV2":  # which is built without names
        stages = layer.name.split(",")[0].split(" to ")
        assert all(any(stage in name for name in found) for stage in stages)


def sizes(layer):
    return layer.in_channels, layer.out_channels, layer.size, layer.size


def test_the_list_has_all_five_networks_and_no_layer_twice():
    assert {layer.network for layer in LAYERS} == set(BUILDERS)
    assert len({(layer.network, *sizes(layer)) for layer in LAYERS}) == len(LAYERS) == 25


@given(channels, channels)
def test_h_is_the_harmonic_mean(in_channels, out_channels):
    exact = 2 / (Fraction(1, in_channels) + Fraction(1, out_channels))
    assert harmonic_mean(in_channels, out_channels) == pytest.approx(float(exact), rel=1e-15)
    smaller = min(in_channels, out_channels)
    assert smaller <= harmonic_mean(in_channels, out_channels) * (1 + 1e-12)
    assert harmonic_mean(in_channels, out_channels) < 2 * smaller


@pytest.mark.parametrize("layer", LAYERS[::4], ids=lambda layer: layer.label)
@pytest.mark.parametrize("batch", [1, 32])
def test_flops_and_bytes_are_those_that_cost_counts(layer, batch):
    counted = cost.count(
        nn.Conv2d(layer.in_channels, layer.out_channels, 1, bias=False),
        (batch, layer.in_channels, layer.size, layer.size),
    ).total
    assert layer.flops(batch) == 2 * counted.macs
    assert layer.bytes(batch) == counted.bytes
    assert layer.bytes(batch, bytes_per_element=2) == counted.bytes // 2
    assert layer.intensity(batch) == pytest.approx(counted.intensity, rel=1e-12)


@given(channels, channels, st.integers(1, 64))
def test_the_intensity_rises_to_h_over_the_bytes_of_a_number(in_channels, out_channels, size):
    layer = NetworkLayer("", "", in_channels, out_channels, size)
    few, many = layer.intensity(1), layer.intensity(10**9)
    assert few <= many <= layer.h / 4
    assert many == pytest.approx(layer.h / 4, rel=1e-5)
    assert layer.intensity(10**9, 2) == pytest.approx(layer.h / 2, rel=1e-5)


def test_the_roof_is_the_lower_of_two_ceilings_and_no_layer_is_faster():
    roof = Roofline("", bandwidth=3e12, flops=60e12)
    assert roof.ridge == 20
    for intensity in (1, 19.9, 20, 20.1, 500):
        assert roof.attainable(intensity) == min(3e12 * intensity, 60e12)
        assert roof.limit(intensity) == ("memory" if intensity < 20 else "arithmetic")
    for h in (40, 400):
        layer = NetworkLayer("", "", h, h, 56)
        assert roof.seconds(layer, 256) == max(layer.bytes(256) / 3e12, layer.flops(256) / 60e12)


test_what_is_no_ceiling_and_no_channels_is_refused = refusals(
    *((lambda value=value: Roofline("", 1.0, value), f"flops .*got {value}") for value in (0, float("inf"))),
    *((lambda value=value: Roofline("", value, 1.0), f"bandwidth .*got {value}") for value in (-1.0, float("nan"))),
    (lambda: harmonic_mean(8, 0), "out_channels must be at least 1, got 0"),
)


def test_the_ridge_is_no_whole_number_and_a_roof_stays_as_it_is():
    roof = Roofline("x", bandwidth=2e12, flops=3e12)
    assert roof.ridge == 1.5
    with pytest.raises(dataclasses.FrozenInstanceError):
        roof.flops = 6e12
