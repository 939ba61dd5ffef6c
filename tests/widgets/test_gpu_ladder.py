"""The ladder in WGSL: what it counts is what the package counts, and its page says what it must."""

import gzip
import random
import re
from importlib.resources import files

import numpy as np
import pytest

from companion import kernels, widgets
from tests.refusals import refusals
from tests.widgets import LADDER, Tags, in_javascript, ladder, paired, settings_of

ELEMENT = "gpu-ladder"


def random_layers(count):
    chance = random.Random(0)
    return [LADDER] + [
        {name: chance.randint(least, most) for name, (least, most) in widgets.GPU_LADDER_LIMITS.items()}
        for _ in range(count)
    ]


def sizes(values):
    """The same layer for the script and for the package."""
    layer = {name: values[name] for name in ("batch", "in_channels", "out_channels")}
    layer["pixels"] = values["size"] ** 2
    return layer


@pytest.mark.parametrize("step", widgets.GPU_LADDER)
def test_what_a_step_asks_for_is_what_the_package_counts(step):
    layers = [sizes(values) for values in random_layers(25)] + [
        {"batch": 1, "in_channels": c, "out_channels": o, "pixels": p}
        for c, o, p in ((1, 1, 1), (3, 5, 1), (9, 2, 3))
    ]
    expression = f"GpuLadderModel.asked('{step}', GpuLadderKernels.{step}.tile, value)"
    found = in_javascript(ELEMENT, expression, layers)
    by = widgets.GPU_LADDER[step]
    assert found == pytest.approx([kernels.asked_intensity(kernels.Layer(**layer), by) for layer in layers])


def test_work_bytes_and_blocks_are_those_of_the_package():
    largest = {name: most for name, (_, most) in widgets.GPU_LADDER_LIMITS.items()}
    cases = [*random_layers(20), largest]
    found = in_javascript(
        ELEMENT,
        "[GpuLadderModel.flops(value), GpuLadderModel.bytes(value),"
        " ...Element.names.map((step) => GpuLadderModel.grid(GpuLadderKernels[step].tile, value))]",
        [sizes(values) for values in cases],
    )
    for values, (flops, moved, *grids) in zip(cases, found, strict=True):
        layer = kernels.NetworkLayer("", "", values["in_channels"], values["out_channels"], values["size"])
        assert (flops, moved) == (layer.flops(values["batch"]), layer.bytes(values["batch"]))
        for by, (across, down) in zip(widgets.GPU_LADDER.values(), grids, strict=True):
            tile = None if isinstance(by, str) else by
            (blocks,) = kernels.Variant("", "", "", block=(256,), tile=tile).grid(kernels.Layer(**sizes(values)))
            assert blocks <= across * down < blocks + down
            assert max(across, down) <= 65_535
    assert any(down > 1 for _, _, *grids in found for _, down in grids), "none needed a second side"


def test_the_roof_and_the_quartiles():
    ceilings = {name: {"median": value} for name, value in (("copy", 200), ("fma", 3000))}
    roof = kernels.Roofline("", bandwidth=200, flops=3000)
    found = in_javascript(ELEMENT, "GpuLadderModel.roof(...value)", [[ceilings, at] for at in (0.06, 4, 15, 400)])
    assert found == [roof.attainable(at) for at in (0.06, 4, 15, 400)]
    samples = [np.random.default_rng(n).random(n).tolist() for n in (1, 2, 5, 7, 8)]
    for values, got in paired(ELEMENT, "GpuLadderModel.quartiles(value)", samples):
        assert [got["q1"], got["median"], got["q3"]] == pytest.approx(np.percentile(values, (25, 50, 75)))


def rows(*medians, predicted=1e9):
    return [
        {"step": step, "median": median, "predicted": predicted}
        for step, median in zip(widgets.GPU_LADDER, medians, strict=True)
    ]


RISING, FLAT, FAST = rows(10, 20, 90, 100), rows(10, 10.5, 20, 20), rows(1, 2, 3, 9, predicted=2.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((RISING, False, 1), ["You guessed it: shared tile gains most, 4.5 times the step before it."]),
        ((RISING, False, 0), ["Not as you guessed: shared tile gains most, 4.5 times"]),
        ((RISING, False, -1), ["shared tile gains most, 4.5 times"]),
        ((FLAT, False, 1), ["Coalescing gains nothing here: 1.05 times", "You guessed it: shared"]),
        ((rows(10, 20, 90, None), True, -1), ["This adapter is software"]),
        ((FAST, False, -1), ["Above what was predicted: shared tile, register tile", "reg"]),
        ((rows(10, 9, 8, 8), False, 0), ["Coalescing gains nothing here: 0.90 times", "No step gains anything"]),
        ((rows(None, None, None, None), False, 0), []),
    ],
)
def test_it_says_what_it_found(arguments, words):
    (found,) = in_javascript(ELEMENT, "GpuLadderModel.findings(...value)", [arguments])
    assert len(found) == len(words)
    assert all(said.startswith(begin) for said, begin in zip(found, words, strict=True))


@pytest.mark.parametrize(
    ("info", "software"),
    [
        ({"vendor": "google", "architecture": "swiftshader"}, True),
        ({"vendor": "mesa", "description": "llvmpipe (LLVM 15.0.6)"}, True),
        ({"description": "Microsoft Basic Render Driver"}, True),
        ({"vendor": "someone", "isFallbackAdapter": True}, True),
        ({"vendor": "apple", "architecture": "metal-3"}, False),
        ({}, False),
    ],
)
def test_it_knows_a_software_adapter(info, software):
    assert in_javascript(ELEMENT, "GpuLadderModel.isSoftware(value)", [info]) == [software]


def test_the_reference_sums_in_float64_and_an_output_that_was_not_written_stays_an_error():
    layer = {"batch": 2, "in_channels": 5, "out_channels": 3, "pixels": 4}
    chance = np.random.default_rng(0)
    x, weight, bias = chance.normal(size=(2, 5, 4)), chance.normal(size=(3, 5)), chance.normal(size=3)
    y = np.maximum(np.einsum("oc,ncp->nop", weight, x) + bias[:, None], 0).ravel()
    off = y.copy()
    off[7] += 0.5
    arrays = {"layer": layer} | {n: a.ravel().tolist() for n, a in (("x", x), ("weight", weight), ("bias", bias))}
    values = [[arrays, list(range(24)), list(one)] for one in (y, off)]
    right, wrong = in_javascript(ELEMENT, "GpuLadderDevice.errorOf(...value)", values)
    scale = np.einsum("oc,ncp->nop", abs(weight), abs(x)) + abs(bias)[:, None]
    assert right < 1e-15
    assert wrong == pytest.approx(0.5 / scale.ravel()[7])
    unwritten = "String(GpuLadderDevice.errorOf(value[0], value[1], value[2].with(7, NaN)))"
    assert in_javascript(ELEMENT, unwritten, values[:1]) == ["NaN"]


def test_the_source_is_that_of_the_package_from_its_first_line_of_code():
    for step, code in settings_of(ladder())["cuda"].items():
        whole = kernels.step(step)
        assert whole.endswith(f"{code}\n")
        assert all(line.startswith("//") or not line for line in whole.removesuffix(f"{code}\n").splitlines())
        assert not code.startswith("//")


def test_the_scripts_are_small():
    shared = files(widgets).joinpath("base.js").read_text("utf-8")
    own = ladder().script.removeprefix(shared)
    assert len(own) < len(ladder().script)
    assert len(gzip.compress(own.encode(), 9)) <= 12_000


def test_without_scripts_the_reader_gets_what_is_known_without_a_gpu():
    widget = ladder()
    layer = kernels.Layer(**sizes(LADDER))
    asked = [kernels.asked_intensity(layer, by) for by in widgets.GPU_LADDER.values()]
    assert re.findall("<td>([^<]+)</td>", widget.fallback) == [f"{value:.3g}" for value in asked]
    assert "GFLOP/s" not in widget.fallback, "nothing was measured"
    assert repr(widget) == "Kernel ladder in WGSL: 1 × 64 × 28 × 28 to 256 channels"
    assert [tag for tag, _ in Tags(widget.fallback).seen][:3] == ["p", "table", "caption"]


def test_what_was_recorded_is_shown_with_what_it_was_recorded_on():
    speeds = dict(zip(widgets.GPU_LADDER, (1.2, 12345.6, 0.0, 7), strict=True))
    shown = ladder(recorded=speeds, recorded_on="<one>, 2025").fallback
    assert "<caption>Recorded on &lt;one&gt;, 2025</caption>" in shown
    assert re.findall("<td>([^<]+)</td>", shown)[4:] == ["1", "12,346", "0", "7"]
    with pytest.raises(ValueError, match=r"recorded must have the steps naive, .*, got naive$"):
        ladder(recorded={"naive": 1.0}, recorded_on="one")
    for half in ({"recorded": speeds}, {"recorded": {}}, {"recorded_on": "one"}):
        with pytest.raises(ValueError, match="recorded and recorded_on must be given together, got"):
            ladder(**half)


@pytest.mark.parametrize("name", widgets.GPU_LADDER_LIMITS)
def test_it_takes_what_its_sliders_can_show_and_nothing_else(name):
    least, most = widgets.GPU_LADDER_LIMITS[name]
    for value in (least, most):
        assert settings_of(ladder(**{name: value}))["values"][name] == value
    for value in (least - 1, most + 1):
        with pytest.raises(ValueError, match=f"{name} must be (at least 1|from {least} to {most}), got {value}"):
            ladder(**{name: value})
    with pytest.raises(TypeError, match=f"{name} must be an int, got float"):
        ladder(**{name: 3.0})


def test_the_largest_arrays_can_be_bound_everywhere():
    most = {name: limit for name, (_, limit) in widgets.GPU_LADDER_LIMITS.items()}
    assert 4 * most["batch"] * most["in_channels"] * most["size"] ** 2 <= 2**27


NO_CODE = dict.fromkeys(widgets.GPU_LADDER, "")
test_bad_input_is_named = refusals(
    (lambda: widgets.gpu_ladder({}, {}, **LADDER), "cuda must have the steps naive, .*, got none"),
    (lambda: widgets.gpu_ladder(NO_CODE, {"naive": 1}, **LADDER), "asked must .*, got naive"),
)
