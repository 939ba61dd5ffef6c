"""MobileNetV1: the book's own, in its widths and resolutions; parameters are weights."""

from fractions import Fraction

from companion.audit._counted import convolutions, part, shape, table
from companion.audit._formulas import alexnet, squeezenet, vgg
from companion.audit._papers import printed, rows
from companion.cost import Cost, CostTable, linear

PLANET = 10**7  # "10 million" weights of its last layer, which reads one vector: as many MACs


def computed():
    """Return the value of each figure of ``mobilenet_v1.toml``."""
    whole, full, half = _net(), _net(separable=False), _net(0.5, 160)
    kinds = {
        "Conv 1x1": part(whole, lambda row: row.is_pointwise),
        "Conv DW 3x3": part(whole, lambda row: (row.groups or 1) > 1),
        "Conv 3x3": part(whole, "conv1"),
        "Fully Connected": part(whole, "fc"),
    }
    macs, weights = both(whole.total)
    shares = {row: [Fraction(kind.macs, macs), Fraction(kind.weights, weights)] for row, kind in kinds.items()}
    popular = {
        "GoogleNet": both(table("googlenet").total),
        "VGG 16": both(vgg("D").total()),
        "Squeezenet": both(squeezenet().total()),
        "AlexNet": both(alexnet().total()),
    }
    small, body = both(half.total), with_classes(whole, 0)
    savings = [1 / (Fraction(1, row.output_shape[1]) + Fraction(1, 9)) for row in whole if row.is_pointwise]
    widths, sizes = (1.0, 0.75, 0.5, 0.25), (224, 192, 160, 128)
    return {
        "Table 1, input size": _inputs(whole),
        "Table 1": {"Conv dw / s2, 3x3x1024": _last_stride(whole)},
        "Table 2": shares,
        "Table 3": {
            "Convolution": _block(full),
            "Depthwise Separable Conv": _block(whole),
            "α = 0.75": _block(_net(0.75)),
            "ρ = 0.714": _block(_net(0.75, 160)),  # 160 / 224: the maps are of 10 x 10
        },
        "Table 4": {"Conv MobileNet": both(full.total), "MobileNet": both(whole.total)},
        "Table 5": {"0.75 MobileNet": both(_net(0.75).total), "Shallow MobileNet": _shallow(whole)},
        "Table 6": {f"{width} MobileNet-224": both(_net(width).total) for width in widths},
        "Table 7": {f"1.0 MobileNet-{size}": both(_net(size=size).total) for size in sizes},
        "Table 8": {
            "1.0 MobileNet-224": both(whole.total),
            "GoogleNet": popular["GoogleNet"],
            "VGG 16": popular["VGG 16"],
        },
        "Table 9": {
            "0.50 MobileNet-160": small,
            "Squeezenet": popular["Squeezenet"],
            "AlexNet": popular["AlexNet"],
        },
        "Table 10": {
            f"{width} MobileNet-{size}": both(with_classes(_net(width, size), 120))
            for width in (1.0, 0.75)
            for size in (224, 192)
        },
        "Table 12": {
            f"{width} MobileNet-{size}": both(with_classes(_net(width, size), 0))
            for width in (1.0, 0.5, 0.25)
            for size in (224, 128)
        },
        "Section 3.1": {"less computation than standard convolutions": (min(savings), max(savings))},
        "Section 3.2": {
            "layers": sum(row.weights > 0 for row in whole),
            "computation time in 1x1 convolutions": shares["Conv 1x1"][0],
            "parameters in 1x1 convolutions": shares["Conv 1x1"][1],
        },
        "Section 4.2": {
            "smaller than VGG 16": Fraction(popular["VGG 16"][1], weights),
            "less compute intensive than VGG 16": Fraction(popular["VGG 16"][0], macs),
            "less computation than GoogleNet, more than": Fraction(popular["GoogleNet"][0], macs),
            "0.5 MobileNet-160 smaller than AlexNet": Fraction(popular["AlexNet"][1], small[1]),
            "0.5 MobileNet-160 less compute than AlexNet": Fraction(popular["AlexNet"][0], small[0]),
            "0.5 MobileNet-160 less computation than Squeezenet": Fraction(popular["Squeezenet"][0], small[0]),
        },
        "Section 4.4": {
            "PlaNet MobileNet": [body.macs + PLANET, body.weights + PLANET],
            "its body": [None, body.weights],
        },
        "Section 4.5": {
            "0.25 MobileNet-128, of 1600 M": Fraction(with_classes(_net(0.25, 128), 0).macs, 1600 * 10**6)
        },
    }


def otherwise():
    """Return what the reasons of ``mobilenet_v1.toml`` count."""
    googlenet = sum(printed("googlenet", "Table 1", "params")) * 1000

    def without_classifier(*args, **options):
        return [with_classes(_net(*args, **options), 0).macs, None]

    return {
        "Table 4": {"Conv MobileNet": without_classifier(separable=False)},
        "Table 7": {"1.0 MobileNet-160": without_classifier(size=160)},
        "Table 8": {
            "GoogleNet": [None, googlenet],
        },
        "Table 9": {
            "0.50 MobileNet-160": without_classifier(0.5, 160),
            "Squeezenet": [None, squeezenet().total().parameters],
        },
        "Table 10": {f"1.0 MobileNet-{size}": [_net(size=size).total.macs, None] for size in (224, 192)},
        "Section 4.2": {  # quotients of the printed figures of table 9
            "0.5 MobileNet-160 smaller than AlexNet": 60 / Fraction("1.32"),
            "0.5 MobileNet-160 less computation than Squeezenet": Fraction(1700, 76),
        },
        "Section 4.4": {"PlaNet MobileNet": [Fraction(with_classes(_net(), 0).macs + PLANET, 1000), None]},
    }


def both(cost: Cost) -> list[int]:
    """Return the two columns of most tables of the paper: mult-adds and parameters."""
    return [cost.macs, cost.weights]


def with_classes(net: CostTable, num_classes: int) -> Cost:
    """Return the cost of a network with a classifier for so many classes in place of its own; 0 for none."""
    body, fc = part(net, lambda row: row.name != "fc"), net["fc"]
    return body + linear(fc.weights // fc.biases, num_classes) if num_classes else body


def _net(width=1.0, size=224, **options):
    return table("mobilenet_v1", size, width_multiplier=width, **options)


def _block(net):
    """Return mult-adds and parameters of a block with 512 channels in and out, at width 1."""
    return both(part(net, "conv5_x.conv5_2"))


def _shallow(net):
    """Leave out the five blocks of table 1 that keep 512 channels at 14 x 14."""
    five = tuple(f"conv5_x.conv5_{i}." for i in range(2, 7))
    return both(part(net, lambda row: not row.name.startswith(five)))


def _inputs(net):
    """Return the input of each row of table 1, which is the output of the row before."""
    repeated = tuple(f"conv5_x.conv5_{i}." for i in range(3, 7))  # the table has these in the row of conv5_2
    layers = [row for row in convolutions(net) if not row.name.startswith(repeated)]
    inputs = ["224×224×3", *map(shape, layers), shape(net["average_pool"])]
    return dict(zip(rows("mobilenet_v1", "Table 1, input size"), inputs, strict=True))


def _last_stride(net):
    before, last = convolutions(net)[-3:-1]
    return before.output_shape[2] // last.output_shape[2]
