"""The cost explorer: its arithmetic is the package's, and its presets are layers of real networks."""

import random
import re

import numpy as np
import pytest

from companion import cost, widgets
from companion.audit import _formulas
from companion.inception import GOOGLENET
from companion.networks import mobilenet_v1, resnet50
from companion.separable import cost_ratio
from tests.refusals import refusals
from tests.widgets import EXPLORER, Tags, in_javascript, paired, settings_of

KINDS = ["full", *widgets.EXPLORER_KINDS]
VALUES = EXPLORER | {"batch": 1, "groups": 1}


def by_the_package(values, kind):
    """Layers of the kind, as the package counts them."""
    before, middle, after = (values[f"{name}_channels"] for name in ("in", "middle", "out"))
    k = values["kernel_size"]
    layers = {
        "full": [(before, after, k, 1)],
        "reduced": [(before, middle, 1, 1), (middle, after, k, 1)],
        "bottleneck": [(before, middle, 1, 1), (middle, middle, k, 1), (middle, after, 1, 1)],
        "separable": [(before, before, k, before), (before, after, 1, 1)],
        "grouped": [(before, after, k, values["groups"])],
    }[kind]
    options = {"size": values["size"], "batch": values["batch"], "bias": False}
    return sum(cost.conv2d(i, o, k, groups=g, padding=k // 2, **options) for i, o, k, g in layers)


def random_values(count, largest=200):
    chance = random.Random(0)
    for _ in range(count):
        groups = chance.choice([1, 2, 3, 8])
        channels = {"in": groups, "middle": 1, "out": groups}
        yield {
            "size": chance.randint(1, 112),
            "kernel_size": chance.choice([1, 3, 5, 7]),
            "batch": chance.randint(1, 128),
            "groups": groups,
        } | {f"{name}_channels": by * chance.randint(1, largest // by) for name, by in channels.items()}


def test_the_explorer_computes_what_the_package_computes():
    cases = [[values, kind] for values in [VALUES, *random_values(40)] for kind in KINDS]
    for (values, kind), got in paired("cost-explorer", "Element.cost(...value)", cases):
        wanted = by_the_package(values, kind)
        assert (got["weights"], got["macs"], got["bytes"]) == (wanted.weights, wanted.macs, wanted.bytes)
        assert got["intensity"] == pytest.approx(wanted.intensity)


def test_the_marks_stand_where_the_costs_cross():
    cases = [[values, kind] for values in [VALUES, *random_values(12, 60)] for kind in ("reduced", "bottleneck")]
    for (values, kind), widest in paired("cost-explorer", "Element.widest(...value)", cases):
        full = by_the_package(values, "full").weights
        saves = [m for m in range(1, 200) if by_the_package(values | {"middle_channels": m}, kind).weights < full]
        assert saves == list(range(1, widest + 1))
    equal = VALUES | {"in_channels": 18, "middle_channels": 9, "out_channels": 2, "kernel_size": 3}
    assert by_the_package(equal, "reduced").weights == by_the_package(equal, "full").weights
    known = [cases[0], [equal, "reduced"]]
    assert in_javascript("cost-explorer", "Element.widest(...value)", known) == [193, 8]


def test_a_batch_from_which_on_more_bytes_move():
    cases = [[values, kind] for values in [VALUES, *random_values(30)] for kind in widgets.EXPLORER_KINDS]
    for (values, kind), first in paired("cost-explorer", "Element.batch(...value)", cases):

        def moves_more(batch, values=values, kind=kind):
            full, other = (by_the_package(values | {"batch": batch}, name).bytes for name in ("full", kind))
            return other > full

        if first is None:
            assert not moves_more(1)
            assert not moves_more(10**9)
        else:
            assert moves_more(first)
            assert first == 1 or not moves_more(first - 1)
    equal = VALUES | {"size": 1, "in_channels": 2, "middle_channels": 1, "out_channels": 2}
    equal |= {"kernel_size": 3, "batch": 8}
    assert by_the_package(equal, "reduced").bytes == by_the_package(equal, "full").bytes
    known = [cases[0], [equal, "reduced"]]
    assert in_javascript("cost-explorer", "Element.batch(...value)", known) == [8, 9]  # 8: as in the chapter


def test_what_a_separable_pair_saves_is_nine_tenths_of_its_limit_at_the_mark():
    cases = [VALUES | {"kernel_size": k} for k in (3, 5, 7)]
    for values, (_, slider, place) in paired("cost-explorer", "Element.crossing(value, 'separable')", cases):
        k = values["kernel_size"]
        assert slider == "out_channels"
        assert cost_ratio(place, k) * k**2 * 9 == 10


def test_the_divisors_are_those_of_both():
    pairs = [[random.Random(1).randint(1, 60), b] for b in range(1, 30)]
    for (a, b), got in paired("cost-explorer", "Element.divisors(...value)", pairs):
        assert got == [g for g in range(1, 61) if a % g == b % g == 0]


@pytest.mark.parametrize(
    ("full", "other", "words"),
    [
        (121, 10, "12.1 times fewer"),
        (10, 25, "2.5 times more"),
        (7, 7, "about as many"),
        (100, 104, "about as many"),
        (100, 94, "1.1 times fewer"),
    ],
)
def test_the_explorer_says_how_many_times(full, other, words):
    assert in_javascript("cost-explorer", "Element.ratio(...value)", [[full, other]]) == [words]


def test_the_right_guess():
    full = {"bytes": 100, "macs": 100}
    cases = [[full, {"bytes": moved, "macs": macs}] for moved, macs in ((10, 10), (60, 10), (100, 10), (130, 10))]
    assert in_javascript("cost-explorer", "Element.answer(...value)", cases) == [0, 1, 2, 2]


def test_the_python_that_it_shows_prints_what_it_counts(capsys):
    cases = [[values, kind] for values in random_values(4) for kind in widgets.EXPLORER_KINDS]
    for (values, kind), lines in paired("cost-explorer", "Element.python(...value)", cases):
        exec(lines, {})
        assert capsys.readouterr().out == f"{by_the_package(values, kind)}\n"


def test_the_presets_are_layers_of_real_networks():
    presets = list(widgets.EXPLORER_PRESETS.values())
    googlenet, resnet, mobilenet, alexnet, vgg = presets
    widths = GOOGLENET["3a"]
    assert (googlenet["in_channels"], googlenet["middle_channels"]) == (widths.in_channels, widths.out_5x5_reduce)
    assert (googlenet["out_channels"], googlenet["kernel_size"], googlenet["size"]) == (widths.out_5x5, 5, 28)
    for preset, network, block in (
        (resnet, resnet50(), "conv2_x.conv2_2"),
        (mobilenet, mobilenet_v1(), "conv5_x.conv5_2"),
    ):
        table = cost.count(network, (1, 3, 224, 224))
        rows = [row for row in table if row.name.startswith(f"{block}.") and row.kind == "Conv2d"]
        assert {row.output_shape[2:] for row in rows} == {(preset["size"], preset["size"])}
        assert sum(rows, cost.Cost()) == by_the_package(preset | {"batch": 1}, preset["kind"])
    for preset, net, name in ((alexnet, _formulas.alexnet(), "conv2"), (vgg, _formulas.vgg("D"), "conv8")):
        kind = "full" if preset is vgg else preset["kind"]
        assert net.costs[name].weights == by_the_package(preset | {"batch": 1}, kind).weights
        assert net.costs[name].macs == by_the_package(preset | {"batch": 1}, kind).macs


def test_every_preset_can_be_asked_for():
    for preset in widgets.EXPLORER_PRESETS.values():
        assert settings_of(widgets.cost_explorer(**preset))["kind"] == preset["kind"]


def test_the_explorer_gives_its_script_the_numbers_and_the_limits():
    widget = widgets.cost_explorer(**EXPLORER | {"size": np.int64(28)})
    words = "size = 28, in_channels = 256, middle_channels = 16, out_channels = 32, kernel_size = 5"
    assert repr(widget) == f"Cost explorer: {words}, batch = 1, groups = 1, kind = reduced"
    settings = settings_of(widget)
    assert settings["values"] == VALUES
    assert settings["kind"] == "reduced"
    limits = {name: tuple(limit) for name, limit in settings["limits"].items()}
    assert limits == widgets.EXPLORER_LIMITS
    assert set(in_javascript("cost-explorer", "Object.keys(Element.words)", [0])[0]) == set(limits)
    documented = re.findall(r"(\w+): .*?, (\d+) to (\d+)", widgets.cost_explorer.__doc__)
    assert limits.pop("kernel_size")
    assert {name: (int(least), int(most), 1) for name, least, most in documented} == limits


@pytest.mark.parametrize("kind", widgets.EXPLORER_KINDS)
def test_without_scripts_the_reader_gets_the_two_in_a_table(kind):
    values = VALUES | {"batch": 2, "groups": 8}
    cells = re.findall("<td>([^<]+)</td>", widgets.cost_explorer(**values, kind=kind).fallback)
    costs = [by_the_package(values, name) for name in ("full", kind)]
    wanted = [[f"{c.weights:,}", f"{c.macs:,}", f"{c.bytes:,}", f"{c.intensity:.1f}"] for c in costs]
    assert [cells[:4], cells[4:]] == wanted
    assert [tag for tag, _ in Tags(widgets.cost_explorer(**values).fallback).seen][:2] == ["table", "caption"]


@pytest.mark.parametrize("name", widgets.EXPLORER_LIMITS)
def test_the_explorer_takes_what_its_sliders_can_show_and_nothing_else(name):
    least, most, step = widgets.EXPLORER_LIMITS[name]
    for value in (least, least + step, most):
        assert settings_of(widgets.cost_explorer(**VALUES | {name: value}))["values"][name] == value
    for value in (least - 1, most + step):
        with pytest.raises(ValueError, match=f"{name} must be (at least 1|(odd and )?from {least} to {most}), got"):
            widgets.cost_explorer(**VALUES | {name: value})
    with pytest.raises(TypeError, match=f"{name} must be an int, got float"):
        widgets.cost_explorer(**VALUES | {name: 3.0})


def explore(**bad):
    return lambda: widgets.cost_explorer(**VALUES | bad)


test_bad_input_is_named = refusals(
    (explore(groups=3), "groups must divide .*, got groups=3, in_channels=256 and out_channels=32"),
    (explore(groups=64), "groups must divide .*, got groups=64, in_channels=256 and out_channels=32"),
    (explore(groups=0), "groups must be at least 1, got 0"),
    (explore(kind="full"), "kind must be one of reduced, bottleneck, separable, grouped, got 'full'"),
)
