"""GoogLeNet: the book's own, stage by stage; params are weights without biases, ops are MACs."""

from collections import Counter
from fractions import Fraction

from companion import networks
from companion.audit._counted import convolutions, part, shape, table
from companion.audit._formulas import alexnet
from companion.audit._papers import printed
from companion.cost import conv2d

MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
STAGES = {"convolution 7x7/2": "conv1", "convolution 3x3/1": "conv2"}
STAGES |= {f"inception ({name})": f"inception_{name}" for name in MODULES} | {"linear": "linear"}
"""Rows of table 1 and the stages that they are."""


def computed():
    """Return the value of each figure of ``googlenet.toml``."""
    net = table("googlenet")
    costs = {row: part(net, stage) for row, stage in STAGES.items()}
    depths = {row: _depth(net, stage) for row, stage in STAGES.items()}
    channels = {f"inception_{name}": _channels(net, f"inception_{name}") for name in MODULES}
    sizes = {row: _size(net, stage, channels.get(stage)) for row, stage in STAGES.items()}
    sizes |= {f"max pool {i}": _size(net, f"pool{i}") for i in (1, 2, 3, 4)}
    pooled = (14 - 5) // 3 + 1  # 5x5 average pooling with stride 3
    return {
        "Table 1, output size": sizes | {"avg pool": _size(net, "average_pool")},
        "Table 1": {row: [depths[row], costs[row].weights, costs[row].macs] for row in STAGES},
        "Section 1": {
            "parameters, fewer than Krizhevsky et al.": Fraction(alexnet().total().weights, net.total.weights),
            "multiply-adds": net.total.macs,
        },
        "Section 5": {
            "layers with parameters": sum(depths.values()),
            "layers with parameters and poolings": sum(depths.values()) + 5,
            "auxiliary pooling at (4a)": f"{pooled}×{pooled}×{channels['inception_4a']}",
            "auxiliary pooling at (4d)": f"{pooled}×{pooled}×{channels['inception_4d']}",
        },
    }


def otherwise():
    """Return what the reasons of ``googlenet.toml`` count."""
    sides_added = (7 + 7) * 3 * 64
    weights, macs = module("5a", in_channels=928)
    return {
        "Table 1": {
            "convolution 7x7/2": [None, Fraction(sides_added * 1024, 1000), sides_added * 112 * 112],
            "inception (5a)": [None, weights, macs],
        },
        "Section 1": {"multiply-adds": sum(printed("googlenet", "Table 1", "ops")) * 10**6},
    }


def module(name, size=7, **changed):
    """Return weights and MACs of an Inception module by formula, some of its widths changed."""
    w = networks.GOOGLENET_STAGES[[stage.name for stage in networks.GOOGLENET_STAGES].index(f"inception_{name}")]
    w = w.widths._replace(**changed)
    layers = [
        *((w.in_channels, out, 1) for out in (w.out_1x1, w.out_3x3_reduce, w.out_5x5_reduce, w.out_pool)),
        *((w.out_3x3_reduce, w.out_3x3, 3), (w.out_5x5_reduce, w.out_5x5, 5)),
    ]
    total = sum(conv2d(*layer, size=size, padding=layer[2] // 2, bias=False) for layer in layers)
    return total.weights, total.macs


def _branches(rows, stage):
    """Return the last convolution of each branch, and how many convolutions stand in each."""
    chosen = [row for row in convolutions(rows) if row.name.startswith(f"{stage}.")]
    branch = {row.name: row.name.split(".")[1] for row in chosen}
    return {branch[row.name]: row for row in chosen}, Counter(branch.values())


def _depth(rows, stage):
    if not stage.startswith("inception"):  # all in a row
        return sum(row.weights > 0 for row in rows if f"{row.name}.".startswith(f"{stage}."))
    return max(_branches(rows, stage)[1].values())


def _channels(rows, stage):
    return sum(row.output_shape[1] for row in _branches(rows, stage)[0].values())


def _size(rows, stage, channels=None):
    """Return the output of a stage as "H×W×C"; that of a module has the channels of all branches."""
    last = [row for row in rows if f"{row.name}.".startswith(f"{stage}.")][-1]
    size = shape(last)
    return size if channels is None else f"{size.rpartition('×')[0]}×{channels}"
