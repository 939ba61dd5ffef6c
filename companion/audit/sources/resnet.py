"""ResNet: FLOPs are MACs; ResNet-50 is the book's own, the others are formulas."""

from fractions import Fraction

from companion.audit._counted import convolutions, part, shape, table
from companion.audit._formulas import vgg
from companion.audit._resnets import resnet, small_resnet
from companion.cost import conv2d


def computed():
    """Return the value of each figure of ``resnet.toml``."""
    fifty = table("resnet50", stride_in_first=True)
    macs = {depth: resnet(depth, shortcut="A").total().macs for depth in (18, 34)}
    macs |= {50: fifty.total.macs} | {depth: resnet(depth).total().macs for depth in (101, 152)}
    vgg_16, vgg_19 = (vgg(letter).total().macs for letter in "DE")
    block = part(fifty, "conv2_x.conv2_2").weights  # 256 channels, 64 in the middle
    stages = ("conv1", "conv2_x", "conv3_x", "conv4_x", "conv5_x")
    return {
        "Table 1, output size": {stage: _side(fifty, stage) for stage in stages},
        "Table 1": {f"{depth}-layer": value for depth, value in macs.items()},
        "Section 3.3": {
            "34-layer baseline": macs[34],
            "VGG-19": vgg_19,
            "34-layer baseline, of VGG-19": Fraction(macs[34], vgg_19),
        },
        "Section 4.1": {
            "50-layer": macs[50],
            "152-layer": macs[152],
            "VGG-16": vgg_16,
            "VGG-19": vgg_19,
            "thirteen projection shortcuts more": _projections("C") - _projections("B"),
            "doubled by a projection": Fraction(block + conv2d(256, 256, 1, bias=False).weights, block),
        },
        "Table 6": {f"ResNet {6 * n + 2}": small_resnet(n).total().parameters for n in (3, 5, 7, 9, 18, 200)},
    }


def otherwise():
    """Return what the reasons of ``resnet.toml`` count."""
    printed = Fraction("3.6") / Fraction("19.6")
    without_linear = vgg("D").total(lambda name: name.startswith("conv")).macs
    return {"Section 3.3": {"34-layer baseline, of VGG-19": printed}, "Section 4.1": {"VGG-16": without_linear}}


def _side(rows, stage):
    """Return the height and width that a stage leaves, "7×7"."""
    last = convolutions(row for row in rows if row.name.startswith(f"{stage}."))[-1]
    return shape(last).rpartition("×")[0]


def _projections(shortcut):
    return sum("shortcut" in name for name in resnet(34, shortcut=shortcut).costs)
