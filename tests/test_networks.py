"""What the five networks have in common: sizes, gradients, first weights, state dicts, bad input."""

import copy
import io
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from companion import networks
from companion.channel_mixing import ChannelShuffle
from companion.network_in_network import GlobalAveragePooling
from companion.residual import ZeroPad
from companion.squeeze_excitation import SqueezeExcitation
from tests.refusals import refusals

NAMES = ["nin", "googlenet", "resnet50", "se_resnet50", "mobilenet_v1"]
LEAST = {"nin": 4, "googlenet": 31}


def build(name, seed=0, **options):
    torch.manual_seed(seed)
    return getattr(networks, name)(4, **options)


@pytest.fixture(scope="module", params=NAMES)
def named(request):
    """A network that no test changes."""
    return request.param, build(request.param).eval()


@torch.no_grad()
def test_any_size_from_the_least_one_on(named):
    name, network = named
    least = LEAST.get(name, 1)
    for shape in ((1, 3, least, least), (1, 3, least, 50), (1, 3, 47, 33), (0, 3, 32, 32)):
        assert network(torch.randn(shape)).shape == (shape[0], 4)


@torch.no_grad()
def test_pictures_of_a_batch_do_not_touch_each_other(named):
    _, network = named
    x = torch.randn(2, 3, 40, 32)
    together, one_by_one = network(x), torch.cat([network(picture[None]) for picture in x])
    tolerance = {"rtol": 0, "atol": 1e-4 * together.abs().max().item()}
    torch.testing.assert_close(one_by_one, together, **tolerance)
    torch.testing.assert_close(network(x.contiguous(memory_format=torch.channels_last)), together, **tolerance)
    assert (together[0] - together[1]).abs().max() > 10 * tolerance["atol"]


@torch.no_grad()
def test_a_network_can_be_cut_between_any_two_stages(named):
    _, network = named
    x = torch.randn(1, 3, 32, 32)
    scores = network(x)
    for i in (1, len(network) // 2, len(network) - 1):
        features = network[:i](x)
        assert torch.equal(network[i:](features), scores)
    assert network[-1] is list(network.children())[-1]


@torch.no_grad()
def test_torch_fx_traces_a_network_with_its_check(named):
    name, network = named
    traced = torch.fx.symbolic_trace(network)
    x = torch.randn(2, 3, 40, 48)
    assert torch.equal(traced(x), network(x))
    with pytest.raises(ValueError, match="x must have H and W of at least"):
        traced(torch.randn(1, 3, LEAST.get(name, 1) - 1, 40))


BLOCKS = [ZeroPad(8, 12, 2), ChannelShuffle(4), GlobalAveragePooling(), SqueezeExcitation(8, 2)]


@pytest.mark.parametrize("block", BLOCKS)
def test_torch_fx_traces_the_blocks_that_look_at_their_input(block):
    traced, x = torch.fx.symbolic_trace(block), torch.randn(2, 8, 5, 6)
    assert torch.equal(traced(x), block(x))


def test_every_parameter_gets_a_gradient(named):
    network = copy.deepcopy(named[1]).train()
    F.cross_entropy(network(torch.randn(3, 3, 40, 40)), torch.tensor([0, 1, 2])).backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad.isfinite().all(), parameter_name
        assert parameter.grad.any(), parameter_name


@pytest.mark.parametrize("name", ["nin", "mobilenet_v1"])  # without and with batch normalisation
def test_a_picture_alone_can_be_trained_on(name):
    network = build(name)
    network(torch.randn(1, 3, 33, 33)).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


def test_convolutions_start_as_he_says_and_biases_at_zero(named):
    _, network = named
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert convolutions
    for layer in convolutions:
        fan_in = layer.weight[0].numel()
        spread = 5 / math.sqrt(2 * layer.weight.numel())  # five standard errors of a standard deviation
        assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=spread)
        assert layer.bias is None or not layer.bias.any()


@torch.no_grad()
def test_a_state_dict_is_loaded_without_code_into_a_network_without_data(named):
    name, network = named
    with torch.device("meta"):
        other = build(name).eval()
    assert {value.device.type for value in other.state_dict().values()} == {"meta"}
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True), assign=True)
    x = torch.randn(1, 3, 32, 32)
    assert torch.equal(other(x), network(x))


@torch.no_grad()
def test_compiles_and_exports():
    network, x = build("nin").eval(), torch.randn(1, 3, 16, 16)
    torch.testing.assert_close(torch.compile(network, fullgraph=True, backend="aot_eager")(x), network(x))
    torch.testing.assert_close(torch.export.export(network, (x,)).module()(x), network(x))


def test_other_inputs_are_refused(named):
    name, network = named
    with pytest.raises(ValueError, match=r"x must have shape \(N, C, H, W\), got \(3, 64, 64\)"):
        network(torch.zeros(3, 64, 64))
    if name in LEAST:
        small = LEAST[name] - 1
        for size in ((small, 64), (64, small)):
            with pytest.raises(ValueError, match=f"H and W of at least {small + 1}, got {size[0]} x {size[1]}"):
                network(torch.zeros(1, 3, *size))


def on_meta(name, **options):
    def call():
        with torch.device("meta"):
            getattr(networks, name)(**options)

    return call


test_bad_options_are_named = refusals(
    *((on_meta(name, num_classes=0), "num_classes must be at least 1, got 0") for name in NAMES),
    *((on_meta(name, num_classes=9.0), "num_classes must be an int, got float", TypeError) for name in NAMES),
    (on_meta("nin", last_activation=1), "last_activation must be a bool, got int", TypeError),
    (on_meta("resnet50", stride_in_first="no"), "stride_in_first must be a bool, got str", TypeError),
    (on_meta("se_resnet50", stride_in_first=0), "stride_in_first must be a bool, got int", TypeError),
    (on_meta("se_resnet50", reduction=3), "reduction must divide channels, got reduction=3"),
    (on_meta("mobilenet_v1", separable=1), "separable must be a bool, got int", TypeError),
    (on_meta("mobilenet_v1", width_multiplier=0), "width_multiplier must be above 0 and finite, got 0"),
    (on_meta("mobilenet_v1", width_multiplier=math.nan), "above 0 and finite, got nan"),
    (on_meta("mobilenet_v1", width_multiplier=0.01), "must leave 32 channels at least one, got 0.01"),
)
