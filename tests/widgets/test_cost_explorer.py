"""The cost explorer: its arithmetic is the package's."""

import random
import re

import numpy as np
import pytest

from companion import cost, widgets
from tests.widgets import EXPLORER, in_javascript, settings_of


def test_the_explorer_computes_what_the_package_computes():
    chance = random.Random(0)
    names = list(EXPLORER)
    settings = [EXPLORER] + [
        dict(zip(names, [*(chance.randint(1, 200) for _ in range(4)), chance.choice([1, 3, 5, 7])], strict=True))
        for _ in range(50)
    ]
    for given, got in zip(settings, in_javascript("cost-explorer", "Element.cost(value)", settings), strict=True):
        size, first, middle, last, k = given.values()
        direct = cost.conv2d(first, last, k, size=size, padding=k // 2, bias=False)
        reduced = cost.conv2d(first, middle, 1, size=size, bias=False) + cost.conv2d(
            middle, last, k, size=size, padding=k // 2, bias=False
        )
        assert got == {
            "weights": {"direct": direct.weights, "reduced": reduced.weights},
            "macs": {"direct": direct.macs, "reduced": reduced.macs},
        }


@pytest.mark.parametrize(
    ("direct", "reduced", "words"),
    [
        (121, 10, "12.1 times fewer MACs"),
        (10, 25, "2.5 times more MACs"),
        (7, 7, "about as many MACs"),
        (100, 104, "about as many MACs"),
        (100, 94, "1.1 times fewer MACs"),
    ],
)
def test_the_explorer_says_what_the_reduction_takes(direct, reduced, words):
    macs = {"direct": direct, "reduced": reduced}
    assert in_javascript("cost-explorer", "Element.verdict(value)", [macs]) == [words]
    assert "the reduction takes ${verdict}." in widgets.cost_explorer(**EXPLORER).script


def test_the_explorer_says_its_settings_and_gives_its_script_the_numbers_and_the_limits():
    widget = widgets.cost_explorer(**EXPLORER)
    words = "size = 28, in_channels = 256, middle_channels = 16, out_channels = 32, kernel_size = 5"
    assert widget.fallback == f"<p>With JavaScript you can change these numbers here: {words}.</p>"
    assert repr(widget) == f"Cost explorer: {words}"
    given = EXPLORER | {"size": np.int64(28)}
    settings = settings_of(widgets.cost_explorer(**given))
    limits = settings.pop("limits")
    assert settings == EXPLORER
    assert limits["kernel_size"] == [1, 7, 2]
    assert {name: tuple(limit) for name, limit in limits.items()} == widgets.EXPLORER_LIMITS
    assert set(in_javascript("cost-explorer", "Object.keys(Element.words)", [0])[0]) == set(limits)
    documented = re.findall(r"(\w+): .*?, (\d+) to (\d+)", widgets.cost_explorer.__doc__)
    assert {name: [int(least), int(most), 1] for name, least, most in documented} == {
        name: limit for name, limit in limits.items() if name != "kernel_size"
    }


@pytest.mark.parametrize("name", EXPLORER)
def test_the_explorer_takes_what_its_sliders_can_show_and_nothing_else(name):
    least, most, step = widgets.EXPLORER_LIMITS[name]
    for value in (least, least + step, most):
        assert settings_of(widgets.cost_explorer(**EXPLORER | {name: value}))[name] == value
    for value in (least - 1, most + step):
        with pytest.raises(ValueError, match=f"{name} must be (at least 1|(odd and )?from {least} to {most}), got"):
            widgets.cost_explorer(**EXPLORER | {name: value})
    with pytest.raises(TypeError, match=f"{name} must be an int, got float"):
        widgets.cost_explorer(**EXPLORER | {name: 3.0})
