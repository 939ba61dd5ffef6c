"""What the five networks cost in total; test_audit has the tables of their papers, stage by stage."""

import pytest
import torch

from companion import cost, networks


def counted(name, size=224, **options):
    with torch.device("meta"):
        return cost.count(getattr(networks, name)(**options), (1, 3, size, size))


@pytest.mark.parametrize("num_classes", [10, 100])
def test_nin_is_the_table_of_its_authors(num_classes):
    widths = [(3, 192, 160, 96), (96, 192, 192, 192), (192, 192, 192, num_classes)]
    lines = []
    for i, (c, k, size) in enumerate(zip(widths, (5, 5, 3), (32, 16, 8), strict=True), start=1):
        for j in range(3):
            weights = c[j] * c[j + 1] * (1 if j else k**2)
            shape = (1, c[j + 1], size, size)
            lines.append((f"mlpconv{i}.layers.{2 * j}", weights, c[j + 1], weights * size**2, shape))
    rows = [row for row in counted("nin", 32, num_classes=num_classes) if row.weights]
    assert [(row.name, row.weights, row.biases, row.macs, row.output_shape) for row in rows] == lines


@pytest.mark.parametrize(
    ("name", "options", "parameters", "affine", "macs"),
    [
        ("nin", {"size": 32}, 966_986, 0, 222_486_528),
        ("googlenet", {}, 6_998_552, 0, 1_582_671_872),
        ("resnet50", {}, 25_557_032, 53_120, 4_089_184_256),
        ("resnet50", {"stride_in_first": True}, 25_557_032, 53_120, 3_857_973_248),
        ("se_resnet50", {}, 28_088_024, 53_120, 4_089_184_256 + 2_514_944),  # a gate reads one vector
        ("mobilenet_v1", {}, 4_231_976, 21_888, 568_740_352),
        ("mobilenet_v1", {"width_multiplier": 0.75}, 2_585_560, 16_416, 325_400_448),
        ("mobilenet_v1", {"width_multiplier": 0.5}, 1_331_592, 10_944, 149_497_088),
        ("mobilenet_v1", {"width_multiplier": 0.25}, 470_072, 5_472, 41_030_272),
        ("mobilenet_v1", {"separable": False}, 29_294_088, 11_968, 4_867_293_184),
    ],
)
def test_a_network_has_its_published_totals(name, options, parameters, affine, macs):
    total = counted(name, **options).total
    assert (total.parameters, total.affine, total.macs) == (parameters, affine, macs)
