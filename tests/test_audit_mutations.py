"""Would the audit notice? Change a stage of a network or a rule of counting, and verdicts must change."""

from functools import partial

import pytest
import torch
from torch import nn

from companion import audit, cost
from companion.audit import _formulas, _layers, _resnets
from companion.cost import _products
from companion.inception import GOOGLENET
from companion.networks import _googlenet, _mobilenet, _resnet
from tests.test_audit import EXPECTED, found


def is_as_expected(name):
    return found(audit.audit(name)) == EXPECTED[name]


def stage(name, stages, **changes):
    """Return a table of stages with one of them changed."""
    assert name in [s.name for s in stages]
    return tuple(s._replace(**changes) if s.name == name else s for s in stages)


def of_stages(module, table, name, **changes):
    """Return a mutation: what to patch, and with what."""
    return module, table, stage(name, getattr(module, table), **changes)


WIDER = GOOGLENET["3a"]._replace(out_5x5_reduce=24)
googlenet = partial(of_stages, _googlenet, "GOOGLENET_STAGES")
resnet = partial(of_stages, _resnet, "RESNET50_STAGES")
mobilenet = partial(of_stages, _mobilenet, "MOBILENET_V1_STAGES")


class Wide(_mobilenet.DepthwiseSeparable):
    def __init__(self, in_channels, out_channels, *, kernel_size, stride):
        super().__init__(in_channels, out_channels, kernel_size=kernel_size + 2, stride=stride)


STAGES = {
    "googlenet: the stem's kernel": ("googlenet", googlenet("conv1", widths=(3, 64, 5, 2))),
    "googlenet: a width of 3a": ("googlenet", googlenet("inception_3a", widths=WIDER)),
    "googlenet: no pooling": ("googlenet", googlenet("pool4", block=nn.Identity)),
    "resnet: a width": ("resnet", resnet("conv4_x", middle_channels=288)),
    "resnet: a block less": ("resnet", resnet("conv3_x", repeats=3)),
    "resnet: a stride": ("resnet", resnet("conv5_x", stride=1)),
    "senet: a width": ("senet", resnet("conv5_x", middle_channels=528)),
    "mobilenet: a width": ("mobilenet_v1", mobilenet("conv5_x", out_channels=528)),
    "mobilenet: a stride": ("mobilenet_v2", mobilenet("conv6_x", stride=1)),
    "mobilenet: the depthwise kernels": ("mobilenet_v2", (_mobilenet, "DepthwiseSeparable", Wide)),
    "mobilenet: a width, in another paper": ("mobilenet_v2", mobilenet("conv6_x", out_channels=1000)),
}


def altered(**fixed):
    """Return `cost.conv2d` with one of its arguments ignored."""
    return lambda *args, **options: cost.conv2d(*args, **options | fixed)


def biases_among_weights(*args, **options):
    counted = cost.conv2d(*args, **options)
    return counted + cost.Cost(weights=counted.biases)


def doubled(*args, **options):
    return 2 * TORCH_FLOPS(*args, **options)


THINNER = (*_formulas.MOBILENET_V2[:-1], (4, 320, 1, 1))
TORCH_FLOPS = _products.flop_registry[torch.ops.aten.convolution]
RULES = {
    "the stride ignored": ("resnet", (_layers, "conv2d", altered(stride=1))),
    "the groups ignored": ("mobilenet_v2", (_layers, "conv2d", altered(groups=1))),
    "the padding ignored": ("resnet", (_layers, "conv2d", altered(padding=0))),
    "biases among the weights": ("mobilenet_v1", (_layers, "conv2d", biases_among_weights)),
    "no biases in fully connected layers": ("xception", (_layers, "linear", partial(cost.linear, bias=False))),
    "two FLOPs a MAC": ("googlenet", (_products, "flop_registry", {torch.ops.aten.convolution: doubled})),
    "an expansion of MobileNetV2": ("mobilenet_v2", (_formulas, "MOBILENET_V2", THINNER)),
    "a block of ResNet-101": ("resnet", (_resnets, "REPEATS", _resnets.REPEATS | {101: (3, 4, 22, 3)})),
}


@pytest.mark.parametrize(("name", "mutation"), [*STAGES.values(), *RULES.values()], ids=[*STAGES, *RULES])
def test_a_changed_stage_of_a_network_or_rule_of_counting_is_noticed(name, mutation, monkeypatch):
    monkeypatch.setattr(*mutation)
    assert not is_as_expected(name)


@pytest.mark.parametrize("name", ["googlenet", "resnet", "mobilenet_v2", "vgg"])
def test_nothing_is_noticed_where_nothing_was_changed(name):
    assert is_as_expected(name)
