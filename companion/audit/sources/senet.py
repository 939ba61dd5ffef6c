"""SENet: SE-ResNet-50 and NoSqueeze are the book's own, the gates without biases, the stride in the first 1x1."""

from fractions import Fraction

from companion import networks
from companion.audit._counted import convolutions, part, table
from companion.audit._formulas import vgg
from companion.audit._resnets import all_gates, gates, resnet, resnext, sums
from companion.cost import Cost

STAGES = ("conv2_x", "conv3_x", "conv4_x", "conv5_x")


def _se(**options):
    return table("se_resnet50", bias=False, stride_in_first=True, **options)


def _base():
    return table("resnet50", stride_in_first=True).total


def _gates(*stages, **options):
    """Return the cost of the gates in some stages of SE-ResNet-50."""
    return part(_se(**options), lambda row: ".residual.8." in row.name and row.name.startswith(stages))


def _others():
    """Return (MACs without gates, gates, residual sums) of the networks of table 2 that are formulas."""
    nets = {
        "ResNet-101": resnet(101),
        "ResNet-152": resnet(152),
        "ResNeXt-50": resnext(50),
        "ResNeXt-101": resnext(101),
    }
    return {
        name: (net.total().macs, all_gates(int(name.split("-")[1])).macs, sums(net)) for name, net in nets.items()
    }


def _mobile():
    """Return MobileNetV1, the gates behind its 1x1 layers, and the numbers that these would average."""
    net = table("mobilenet_v1")
    maps = [row.output_shape for row in convolutions(net) if row.is_pointwise]
    return net.total, sum((gates(c) for _, c, _, _ in maps), Cost()), sum(c * h * w for _, c, h, w in maps)


def _inner():
    """Return the gates that would stand behind the 3x3 convolutions."""
    stages = networks.RESNET50_STAGES
    return sum((gates(s.middle_channels) for s in stages for _ in range(s.repeats)), Cost())


def computed():
    """Return the value of each figure of ``senet.toml``."""
    base, added = _base(), _gates(*STAGES)
    se = [_se().total.macs, _se().total.parameters]
    mobile, behind, _ = _mobile()
    others = {name: [macs, macs + gate] for name, (macs, gate, _) in _others().items()}
    by_stage = {f"SE Stage {stage[4]}": _gates(stage) for stage in STAGES[:3]}
    return {
        "Table 1": {
            f"{size}×{size}": _se()[f"{stage}.conv{stage[4]}_1.residual.8.reduce"].output_shape[1]
            for size, stage in zip((56, 28, 14, 7), STAGES, strict=True)
        },
        "Section 4": {
            "ResNet-50": base.macs,
            "SE-ResNet-50": se[0],
            "ResNet-101": others["ResNet-101"][0],
            "additional parameters of SE-ResNet-50": added.parameters,
            "parameters of ResNet-50": base.parameters,
            "relative increase of GFLOPs": Fraction(added.macs, base.macs),
            "relative increase of parameters": Fraction(added.parameters, base.parameters),
            "relative increase without the last stage": Fraction(_gates(*STAGES[:3]).parameters, base.parameters),
        },
        "Table 2": {"ResNet-50": [base.macs, se[0]], "VGG-16": [vgg("D").total().macs, None]} | others,
        "Table 3": {
            "MobileNet": [mobile.macs, mobile.weights, mobile.macs + behind.macs, mobile.weights + behind.weights]
        },
        "Table 10": {f"r = {r}": _se(reduction=r).total.parameters for r in (2, 4, 8, 16, 32)}
        | {"original": base.parameters},
        "Table 13": {"ResNet-50": [base.macs, base.parameters], "SE All": se}
        | {row: [base.macs + gate.macs, base.parameters + gate.parameters] for row, gate in by_stage.items()},
        "Table 15": {"SE": se, "SE 3×3": [base.macs + _inner().macs, base.parameters + _inner().parameters]},
        "Table 16": {
            "ResNet-50": [base.macs, base.parameters],
            "NoSqueeze": [_se(squeeze=False).total.macs, _se(squeeze=False).total.parameters],
            "SE": se,
        },
    }


def otherwise():
    """Return what the reasons of ``senet.toml`` count."""
    base, added = _base(), _gates(*STAGES)
    statistics = base.affine  # as many running means and variances as scales and shifts
    channels = sum(row.output_shape[1] for row in _se() if row.name.endswith("residual.8.expand"))
    with_sums = base.macs + added.macs + sums(resnet(50))
    others = {name: [macs + add, None] for name, (macs, _, add) in _others().items() if name != "ResNeXt-101"}
    mobile, behind, means = _mobile()
    return {
        "Section 4": {
            "SE-ResNet-50": with_sums,
            "ResNet-101": others["ResNet-101"][0],
            "relative increase of GFLOPs": Fraction("3.87") / Fraction("3.86") - 1,
        },
        "Table 2": {"ResNet-50": [None, with_sums]} | others,
        "Table 3": {"MobileNet": [None, None, mobile.macs + behind.macs + means, None]},
        "Table 10": {f"r = {r}": _se(reduction=r).total.parameters + statistics for r in (4, 32)}
        | {"r = 8": _se(reduction=8).total.parameters + statistics + channels},
        "Table 13": {
            "SE Stage 4": [None, base.parameters + _gates("conv4_x").parameters + statistics],
            "SE All": [with_sums, None],
        },
        "Table 15": {"SE": [with_sums, None], "SE 3×3": [None, base.parameters + _inner().parameters + statistics]},
        "Table 16": {"SE": [with_sums, None]},
    }
