"""The five networks layer by layer, against tables typed and worked out here from the papers."""

import functools
import subprocess
import sys

import pytest
import torch

from companion import cost, networks


@functools.cache
def counted(build, size=224, **options):
    with torch.device("meta"):
        return cost.count(build(**options), (1, 3, size, size))


def conv(name, c_in, c_out, k, size, *, groups=1, bias=False):
    """One line of a table: what the formulas give for a convolution, ``size`` being that of its output."""
    weights = k * k * c_in * c_out // groups
    return name, weights, c_out * bias, weights * size**2, (1, c_out, size, size)


def linear(name, c_in, c_out):
    return name, c_in * c_out, c_out, c_in * c_out, (1, c_out)


def layers(table):
    """The same columns of the rows that have weights."""
    return [(row.name, row.weights, row.biases, row.macs, row.output_shape) for row in table if row.weights]


def total(lines):
    weights, biases, macs = (sum(column) for column in list(zip(*lines, strict=True))[1:4])
    return weights, biases, macs


def affine(lines):
    """Scale and shift of the normalisation that follows every convolution."""
    return sum(2 * shape[1] for *_, shape in lines if len(shape) == 4)


# --- Network in Network


def nin(num_classes=10):
    widths = [(3, 192, 160, 96), (96, 192, 192, 192), (192, 192, 192, num_classes)]
    lines = []
    for i, (c, k, size) in enumerate(zip(widths, (5, 5, 3), (32, 16, 8), strict=True), start=1):
        for j in range(3):
            name = f"mlpconv{i}.layers.{2 * j}"
            lines.append(conv(name, c[j], c[j + 1], 1 if j else k, size, bias=True))
    return lines


@pytest.mark.parametrize("num_classes", [10, 100])
def test_nin_is_the_table_of_its_authors(num_classes):
    table = counted(networks.nin, 32, num_classes=num_classes)
    assert layers(table) == nin(num_classes)
    assert table.total.affine == 0


def test_nin_for_cifar_10_has_966_986_parameters():
    assert counted(networks.nin, 32).total.parameters == 965_568 + 1_418 == 966_986
    assert counted(networks.nin, 32).total.macs == 222_486_528


# --- GoogLeNet

# Size, channels in, and the columns of table 1; last the operations that it prints, in millions.
TABLE_1 = {
    "3a": (28, 192, 64, 96, 128, 16, 32, 32, 128),
    "3b": (28, 256, 128, 128, 192, 32, 96, 64, 304),
    "4a": (14, 480, 192, 96, 208, 16, 48, 64, 73),
    "4b": (14, 512, 160, 112, 224, 24, 64, 64, 88),
    "4c": (14, 512, 128, 128, 256, 24, 64, 64, 100),
    "4d": (14, 512, 112, 144, 288, 32, 64, 64, 119),
    "4e": (14, 528, 256, 160, 320, 32, 128, 128, 170),
    "5a": (7, 832, 256, 160, 320, 32, 128, 128, 54),
    "5b": (7, 832, 384, 192, 384, 48, 128, 128, 71),
}


def inception(name, size, c, one, reduce_3, three, reduce_5, five, pooled, *_):
    branches = [
        ("branch1.0", c, one, 1),
        *(("branch2.0", c, reduce_3, 1), ("branch2.2", reduce_3, three, 3)),
        *(("branch3.0", c, reduce_5, 1), ("branch3.2", reduce_5, five, 5)),
        ("branch4.1", c, pooled, 1),
    ]
    return [conv(f"inception_{name}.{branch}", *shape, size, bias=True) for branch, *shape in branches]


def googlenet(num_classes=1000):
    lines = [
        conv("conv1.0", 3, 64, 7, 112, bias=True),
        conv("conv2.reduce.0", 64, 64, 1, 56, bias=True),
        conv("conv2.convolve.0", 64, 192, 3, 56, bias=True),
    ]
    for name, columns in TABLE_1.items():
        lines += inception(name, *columns)
    return [*lines, linear("linear", 1024, num_classes)]


def test_googlenet_is_table_1():
    table = counted(networks.googlenet)
    assert layers(table) == googlenet()
    assert total(googlenet()) == (6_990_272, 8_280, 1_582_671_872)
    assert (table.total.parameters, table.total.macs, table.total.affine) == (6_998_552, 1_582_671_872, 0)


def test_googlenet_has_the_sizes_of_table_1_between_its_stages():
    table = counted(networks.googlenet)
    shapes = {row.name: row.output_shape[1:] for row in table}
    pools = [(64, 56, 56), (192, 28, 28), (480, 14, 14), (832, 7, 7)]
    assert [shapes[f"pool{i}"] for i in (1, 2, 3, 4)] == pools
    assert shapes["average_pool"] == (1024,)


@pytest.mark.parametrize("name", TABLE_1)
def test_the_operations_that_table_1_prints_are_macs(name):
    table = counted(networks.googlenet)
    macs = sum(row for row in table if row.name.startswith(f"inception_{name}.")).macs
    printed = TABLE_1[name][-1]
    if name == "5a":  # its own widths give 51.1 million, and not the 54 that are printed
        assert (round(macs / 1e6, 1), printed) == (51.1, 54)
    else:
        assert abs(macs / 1e6 - printed) < 1


def test_auxiliary_heads_add_6_379_728_parameters_that_evaluation_leaves_alone():
    plain, table = counted(networks.googlenet), counted(networks.googlenet, auxiliary_heads=True)
    expected = sum(
        (channels * 128 + 128) + (4 * 4 * 128 * 1024 + 1024) + (1024 * 1000 + 1000) for channels in (512, 528)
    )
    assert table.total.parameters - plain.total.parameters == expected == 6_379_728
    assert table.total.macs == plain.total.macs
    assert list(table)[: len(plain)] == list(plain)
    heads = {row.name.split(".")[1] for row in list(table)[len(plain) :]}
    assert heads == {"inception_4a", "inception_4d"}


# --- ResNet-50 and SE-ResNet-50


def resnet50(*, stride_in_first=False, reduction=None, squeeze=True, bias=True, num_classes=1000):
    lines, c = [conv("conv1.0", 3, 64, 7, 112)], 64
    for stage, (repeats, middle, size) in enumerate([(3, 64, 56), (4, 128, 28), (6, 256, 14), (3, 512, 7)], 2):
        for i in range(1, repeats + 1):
            name, before = f"conv{stage}_x.conv{stage}_{i}", size
            if i == 1 and stage > 2 and not stride_in_first:
                before = 2 * size  # the first 1x1 still works at the size of the stage before
            lines.append(conv(f"{name}.residual.0", c, middle, 1, before))
            lines.append(conv(f"{name}.residual.3", middle, middle, 3, size))
            lines.append(conv(f"{name}.residual.6", middle, 4 * middle, 1, size))
            if reduction:
                thin, at = 4 * middle // reduction, 1 if squeeze else size
                lines.append(conv(f"{name}.residual.8.reduce", 4 * middle, thin, 1, at, bias=bias))
                lines.append(conv(f"{name}.residual.8.expand", thin, 4 * middle, 1, at, bias=bias))
            if i == 1:
                lines.append(conv(f"{name}.shortcut.0", c, 4 * middle, 1, size))
            c = 4 * middle
    return [*lines, linear("fc", 2048, num_classes)]


@pytest.mark.parametrize(("stride_in_first", "macs"), [(False, 4_089_184_256), (True, 3_857_973_248)])
def test_resnet50_has_the_published_total_wherever_the_stride_is(stride_in_first, macs):
    lines = resnet50(stride_in_first=stride_in_first)
    table = counted(networks.resnet50, stride_in_first=stride_in_first)
    assert layers(table) == lines
    assert table.total.affine == affine(lines) == 53_120
    assert (table.total.parameters, table.total.macs) == (25_557_032, macs)
    assert total(lines)[2] == macs


def test_se_resnet50_has_the_published_total():
    table = counted(networks.se_resnet50)
    assert layers(table) == resnet50(reduction=16)
    added = sum(
        2 * c * c // 16 + c // 16 + c for c, n in ((256, 3), (512, 4), (1024, 6), (2048, 3)) for _ in range(n)
    )
    assert added == 28_088_024 - 25_557_032 == 2_530_992
    assert table.total.parameters == 28_088_024


@pytest.mark.parametrize("reduction", [2, 4, 8, 16, 32])
@pytest.mark.parametrize("bias", [True, False])
def test_the_variants_of_table_10_are_there(reduction, bias):
    with torch.device("meta"):
        parameters = sum(p.numel() for p in networks.se_resnet50(reduction=reduction, bias=bias).parameters())
    weights, biases, _ = total(resnet50(reduction=reduction, bias=bias))
    assert parameters == weights + biases + 53_120
    millions = {2: 45.7, 4: 35.6, 8: 30.6, 16: 28.1, 32: 26.8}  # the paper prints 35.7, 30.7 and 26.9
    assert round(parameters / 1e6, 1) == millions[reduction]


def test_no_squeeze_of_table_16_has_the_same_weights_and_4_27_billion_macs():
    options = {"squeeze": False, "stride_in_first": True}
    table = counted(networks.se_resnet50, **options)
    assert layers(table) == resnet50(reduction=16, **options)
    assert table.total.parameters == 28_088_024
    assert round(table.total.macs / 1e9, 2) == 4.27
    assert round(counted(networks.se_resnet50, stride_in_first=True).total.macs / 1e9, 2) == 3.86


# --- MobileNetV1


def mobilenet_v1(alpha=1, *, separable=True, num_classes=1000):
    """Table 1; its last depthwise convolution has stride 1, as the sizes printed beside it need."""
    c = int(32 * alpha)
    lines = [conv("conv1.0", 3, c, 3, 112)]
    for stage, (width, repeats, size) in enumerate(
        [(64, 1, 112), (128, 2, 56), (256, 2, 28), (512, 6, 14), (1024, 2, 7)], start=2
    ):
        for i in range(1, repeats + 1):
            name, out = f"conv{stage}_x.conv{stage}_{i}", int(width * alpha)
            if separable:
                lines.append(conv(f"{name}.depthwise.0", c, c, 3, size, groups=c))
                lines.append(conv(f"{name}.pointwise.0", c, out, 1, size))
            else:
                lines.append(conv(f"{name}.0", c, out, 3, size))
            c = out
    return [*lines, linear("fc", c, num_classes)]


@pytest.mark.parametrize(
    ("alpha", "parameters", "printed"),  # printed: millions of mult-adds and of parameters, in table 6
    [
        (1, 4_231_976, (569, 4.2)),
        (0.75, 2_585_560, (325, 2.6)),
        (0.5, 1_331_592, (149, 1.3)),
        (0.25, 470_072, (41, 0.5)),
    ],
)
def test_mobilenet_v1_is_table_1_at_every_width(alpha, parameters, printed):
    lines, table = mobilenet_v1(alpha), counted(networks.mobilenet_v1, width_multiplier=alpha)
    assert layers(table) == lines
    assert table.total.affine == affine(lines)
    assert table.total.parameters == parameters
    assert (round(table.total.macs / 1e6), round(parameters / 1e6, 1)) == printed


def test_full_convolutions_cost_what_table_4_says():
    lines, table = mobilenet_v1(separable=False), counted(networks.mobilenet_v1, separable=False)
    assert layers(table) == lines
    assert table.total.affine == affine(lines)
    without_fc = table.total.macs - table["fc"].macs
    assert (round(without_fc / 1e6, 1), round(table.total.weights / 1e6, 2)) == (4866.3, 29.28)


# --- All five


def test_stages_are_added_up_by_their_prefix():
    for name, size in (("nin", 32), ("googlenet", 224), ("se_resnet50", 224), ("mobilenet_v1", 224)):
        table = counted(getattr(networks, name), size)
        stages = list(dict.fromkeys(row.name.split(".")[0] for row in table))
        sums = [sum(row for row in table if (row.name + ".").startswith(stage + ".")) for stage in stages]
        assert sum(sums) == table.total
    table = counted(networks.resnet50)
    macs = {i: sum(row for row in table if row.name.startswith(f"conv{i}_x.")).macs for i in (2, 3, 4, 5)}
    assert macs == {i: sum(line[3] for line in resnet50() if line[0].startswith(f"conv{i}_x")) for i in macs}


def test_counting_all_five_takes_little_memory():
    program = """
import resource, torch
from companion import cost, networks
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
for name in ("nin", "googlenet", "resnet50", "se_resnet50", "mobilenet_v1"):
    with torch.device("meta"):
        network = getattr(networks, name)()
    cost.count(network, (1, 3, 224, 224))
print(peak() - before)
"""
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert float(output) < 1536  # MiB
