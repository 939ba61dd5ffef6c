"""Widgets: their arithmetic is the package's, and a reader without scripts gets the same facts."""

import json
import random
import re
import subprocess
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from companion import cost, pointwise, widgets
from tests.refusals import refusals
from tools import vendor

PICTURE = [[[2, 0, 1], [1, 3, 0]], [[1, 2, 0], [0, 1, 1]]]
KERNELS = {"1×1": [[[[1]], [[-2]]], [[[0]], [[3]]]], "3×3": np.arange(-18, 18).reshape(2, 2, 3, 3).tolist()}
EXPLORER = {"size": 28, "in_channels": 256, "middle_channels": 16, "out_channels": 32, "kernel_size": 5}
NODE = vendor.find_node()


def mixer():
    pixels = np.random.default_rng(0).random((6, 8, 3))
    return widgets.channel_mixer(pixels, alt='A "test"', weights=[0.5, -1, 0.25], bias=0.1)


EVERY = [mixer(), widgets.cost_explorer(**EXPLORER), widgets.dot_product(PICTURE, KERNELS, fallback="<p>1</p>")]


def in_javascript(element: str, expression: str, values: list) -> list:
    """Run a widget's own script in Node and evaluate an expression of its class ``Element`` on each value."""
    script = widgets.Widget(element, {}, "", "").script
    program = f"""
        globalThis.HTMLElement = class {{}};
        let Element;
        globalThis.customElements = {{ get: () => Element, define: (name, element) => {{ Element = element }} }};
        {script}
        console.log(JSON.stringify({json.dumps(values)}.map((value) => {expression})));
    """
    result = subprocess.run([NODE, "-"], input=program, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


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


def test_the_mixer_is_a_1x1_convolution():
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(20, 3, generator=generator, dtype=torch.float64)
    parameters = torch.randn(20, 4, generator=generator, dtype=torch.float64)
    values = [
        [x.tolist(), given[:3].tolist(), given[3].item()] for x, given in zip(pixels, parameters, strict=True)
    ]
    got = in_javascript("channel-mixer", "Element.mix(...value)", values)
    for pixel, given, y in zip(pixels, parameters, got, strict=True):
        wanted = pointwise.definition(pixel[None, :, None, None], given[None, :3], given[3:])
        assert y == pytest.approx(wanted.item())


@pytest.mark.parametrize("name", KERNELS)
def test_the_dot_product_is_a_convolution(name):
    kernels = torch.tensor(KERNELS[name], dtype=torch.float64)
    y = torch.nn.functional.conv2d(torch.tensor(PICTURE).double()[None], kernels, padding="same")[0]
    places = [[o, i, j] for o in range(2) for i in range(2) for j in range(3)]
    values = [[PICTURE, KERNELS[name][o], i, j] for o, i, j in places]
    assert in_javascript("dot-product", "Element.value(...value)", values) == [y[tuple(at)].item() for at in places]
    terms = in_javascript("dot-product", "Element.terms(...value)", values[:1])[0]
    assert len(terms) == kernels[0].numel()


def test_the_dot_product_takes_what_fits():
    widget = widgets.dot_product(PICTURE, KERNELS, fallback="<p>static</p>")
    assert repr(widget) == "Dot product: x of 2 × 2 × 3, kernels 1×1, 3×3"
    assert widget.settings == {"x": PICTURE, "kernels": KERNELS}
    for x, kernels, message in (
        ([[1, 2]], KERNELS, r"x must have shape \(C_in, H, W\), got \(1, 2\)"),
        (PICTURE, {}, "kernels must be at least one, got none"),
        (PICTURE, {"a": np.ones((2, 3, 1, 1))}, r"got \(2, 3, 1, 1\) for 'a'"),
        (PICTURE, {"a": np.ones((2, 2, 2, 2))}, r"k odd, with one C_out, got \(2, 2, 2, 2\) for 'a'"),
        (PICTURE, {"a": np.ones((2, 2, 1, 1)), "b": np.ones((1, 2, 1, 1))}, r"one C_out, got \(2, 2, 1, 1\)"),
    ):
        with pytest.raises(ValueError, match=message):
            widgets.dot_product(x, kernels, fallback="")


def test_the_mixer_writes_its_formula_for_people():
    values = [[["red", "near-infrared"], [0.5, -1], 0.25], [["a + −b"], [-0.0004], -1], [["a", "b"], [-2, 0], 0]]
    assert in_javascript("channel-mixer", "Element.formula(...value)", values) == [
        "y = 0.500 · red − 1.000 · near-infrared + 0.250",
        "y = −0.000 · a + −b − 1.000",
        "y = −2.000 · a + 0.000 · b + 0.000",
    ]


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


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.seen = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def settings_of(widget):
    """The settings as the script reads them."""
    return json.loads(Tags(widget.html).seen[0][1]["data-settings"])


def pictures_of(widget):
    """The attributes of the pictures in the fallback, inputs first."""
    return [attributes for tag, attributes in Tags(widget.fallback).seen if tag == "img"]


def decoded(picture):
    kind, data = picture["src"].removeprefix("data:image/").split(";base64,")
    image = Image.open(BytesIO(b64decode(data)))
    assert image.format.lower() == kind
    return np.asarray(image)


def test_the_mixer_falls_back_to_two_pictures_and_its_formula():
    assert [picture["alt"] for picture in pictures_of(mixer())] == ['A "test"', "The same, mixed to one channel"]
    assert ["data-input" in picture for picture in pictures_of(mixer())] == [True, False]
    assert "<br>y = 0.5 · red − 1 · green + 0.25 · blue + 0.1, for every pixel.</p>" in mixer().fallback
    assert repr(mixer()) == "Channel mixer: y = 0.5 · red − 1 · green + 0.25 · blue + 0.1"


def test_the_mixed_picture_of_the_fallback_is_the_clipped_weighted_sum():
    pixels = np.random.default_rng(1).random((6, 8, 3))
    weights, bias = [1.5, -1, 0.25], 0.1
    widget = widgets.channel_mixer(pixels, alt="Noise", weights=weights, bias=bias)
    got = decoded(pictures_of(widget)[-1])
    assert got.shape == (6, 8)
    for y, x in np.ndindex(6, 8):
        mixed = sum(weights[c] * pixels[y, x, c] for c in range(3)) + bias
        assert got[y, x] == round(255 * min(max(mixed, 0), 1))
    assert {0, 255} < set(got.flat), "some values are clipped, others are not"


def test_a_colour_picture_is_shown_as_one_and_other_channels_one_by_one_and_exactly():
    pixels = np.zeros((16, 16, 3))
    pixels[:, :, 1] = 1
    picture, _ = pictures_of(widgets.channel_mixer(pixels, alt="Green", weights=[0, 1, 0]))
    np.testing.assert_allclose(decoded(picture), 255 * pixels, atol=3)  # JPEG is not exact
    pixels = np.random.default_rng(0).random((5, 4, 2))
    widget = widgets.channel_mixer(pixels, alt="Noise", weights=[2, -2], names=["a", "b"], limit=4)
    *shown, _ = pictures_of(widget)
    assert ["data-input" in picture for picture in shown] == [True, True]
    for c, picture in enumerate(shown):
        np.testing.assert_array_equal(decoded(picture), (pixels[:, :, c] * 255).round())


def test_the_mixer_gives_its_script_all_that_it_needs_and_presets_for_colours_where_there_are_colours():
    assert settings_of(mixer()) == {
        "names": ["red", "green", "blue"],
        "weights": [0.5, -1, 0.25],
        "bias": 0.1,
        "limit": 2,
        "presets": {name: list(values) for name, values in widgets.COLOUR_PRESETS.items()},
    }
    presets = {"Both": (4, -3, 0.5)}
    two = {"alt": "a", "weights": [1, 2], "names": ["a", "b"]}
    settings = settings_of(widgets.channel_mixer(np.zeros((1, 1, 2)), **two, presets=presets, limit=4))
    assert (settings["limit"], settings["presets"]) == (4, {"Both": [4, -3, 0.5]})
    widget = widgets.channel_mixer(np.zeros((2, 2, 1)), alt="a", weights=[1], names=["grey"])
    assert settings_of(widget)["presets"] == {}
    none = widgets.channel_mixer(np.zeros((2, 2, 3)), alt="a", weights=[1, 1, 1], presets={})
    assert settings_of(none)["presets"] == {}


def test_the_colour_presets_keep_what_they_promise():
    grey, red, difference, negative = (np.array(preset) for preset in widgets.COLOUR_PRESETS.values())
    white, pixel = np.array([1, 1, 1, 1]), np.array([0.2, 0.9, 0.4, 1])  # the last 1 takes the bias
    assert grey @ white == pytest.approx(1)
    assert red @ pixel == 0.2
    assert difference @ pixel == pytest.approx(0.4 - 0.2 + 0.3)
    assert grey.tolist() == [0.299, 0.587, 0.114, 0]  # Rec. ITU-R BT.601
    assert negative @ pixel == pytest.approx(1 - grey @ pixel)


def test_names_are_text_wherever_they_stand():
    name = "near-infrared <b>"
    widget = widgets.channel_mixer(
        np.zeros((1, 1, 1)), alt="<a>", weights=[-1], names=[name], presets={"<i>": (1, 0)}
    )
    tags = [tag for tag, _ in Tags(widget.html).seen]
    assert tags == ["channel-mixer", "p", "img", "img", "br", "script"]
    assert repr(widget) == "Channel mixer: y = −1 · near-infrared <b> + 0"
    written = in_javascript("channel-mixer", "BookWidget.slider('a', value, -1, 1, 0)", [name])[0]
    assert "near-infrared &lt;b&gt;" in written
    assert "<b>" not in written


@pytest.mark.parametrize("widget", EVERY, ids=lambda widget: widget.element)
def test_a_notebook_gets_text_and_html(widget):
    bundle = widget._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == widget.summary
    assert bundle["text/html"].startswith(f"<{widget.element} data-settings=")
    assert bundle["text/html"].endswith(f"{widget.fallback}</{widget.element}><script>{widget.script}</script>")
    assert "</script" not in widget.script
    assert "http" not in widget.html, "nothing is asked of another host"
    assert "import(" not in widget.script


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


GOOD = {"channels": np.zeros((4, 4, 3)), "alt": "a", "weights": [1, 1, 1]}
NAN = float("nan")


def mixing(**bad):
    return lambda: widgets.channel_mixer(**GOOD | bad)


test_bad_input_is_named = refusals(
    (
        lambda: widgets.cost_explorer(**EXPLORER | {"kernel_size": 4}),
        "must be odd and from 1 to 7, got 4",
    ),
    (mixing(channels=np.zeros((4, 4))), r"channels must have shape \(H, W, C\), got \(4, 4\)"),
    (mixing(channels=np.zeros((0, 4, 3))), r"channels must have shape \(H, W, C\), got \(0, 4, 3\)"),
    (mixing(channels=np.full((1, 1, 3), 255, np.uint8)), r"channels must lie in \[0, 1\], got 255 to 255"),
    (mixing(channels=np.full((1, 1, 3), -0.5)), r"channels must lie in \[0, 1\], got -0.5 to -0.5"),
    (mixing(channels=np.full((1, 1, 3), NAN)), r"channels must lie in \[0, 1\], got nan to nan"),
    (mixing(alt=" "), "alt must say what the picture shows, got ' '"),
    (mixing(alt=None), "alt must say what the picture shows, got None"),
    (mixing(weights=[1, 1]), "weights must be one for each of 3 channels, got 2"),
    (mixing(names=["a", "b"]), "names must be one for each of 3 channels, got 2"),
    (mixing(weights=[1, -2.5, 0]), r"weights must lie in \[-2, 2\], got \[1, -2.5, 0\]"),
    (mixing(weights=[1, NAN, 0]), r"weights must lie in \[-2, 2\], got \[1, nan, 0\]"),
    (mixing(weights=[0, 0, 1], limit=0.5), r"weights must lie in \[-0.5, 0.5\], got \[0, 0, 1\]"),
    (mixing(limit=float("inf")), "limit must be above 0 and finite, got inf"),
    (mixing(bias=1.5), r"bias must lie in \[-1, 1\], got \[1.5\]"),
    (mixing(presets={"p": (1, 1, 1)}), "presets must be 3 weights and a bias, got 3 values for 'p'"),
    (mixing(presets={"p": (3, 1, 1, 0)}), r"weights of presets\['p'\] must lie in \[-2, 2\], got \[3, 1, 1\]"),
    (mixing(presets={"p": (1, 1, 1, 2)}), r"bias of presets\['p'\] must lie in \[-1, 1\], got \[2\]"),
)
