"""The channel mixer: its arithmetic is the package's, and a reader without scripts gets the same facts."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from companion import pointwise, widgets
from tests.refusals import refusals
from tests.widgets import Tags, in_javascript, mixer, settings_of


def test_the_mixer_is_a_1x1_convolution():
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(20, 3, generator=generator, dtype=torch.float64)
    parameters = torch.randn(20, 4, generator=generator, dtype=torch.float64)
    rows = zip(pixels.tolist(), parameters.tolist(), strict=True)
    values = [[x, given[:3], given[3]] for x, given in rows]
    got = in_javascript("channel-mixer", "Element.mix(...value)", values)
    for pixel, given, y in zip(pixels, parameters, got, strict=True):
        wanted = pointwise.definition(pixel[None, :, None, None], given[None, :3], given[3:])
        assert y == pytest.approx(wanted.item())


def test_the_mixer_writes_its_formula_for_people():
    values = [[["red", "near-infrared"], [0.5, -1], 0.25], [["a + −b"], [-0.0004], -1], [["a", "b"], [-2, 0], 0]]
    assert in_javascript("channel-mixer", "Element.formula(...value)", values) == [
        "y = 0.500 · red − 1.000 · near-infrared + 0.250",
        "y = −0.000 · a + −b − 1.000",
        "y = −2.000 · a + 0.000 · b + 0.000",
    ]


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
    options = {"alt": "<a>", "weights": [-1], "names": [name], "presets": {"<i>": (1, 0)}}
    widget = widgets.channel_mixer(np.zeros((1, 1, 1)), **options)
    tags = [tag for tag, _ in Tags(widget.html).seen]
    assert tags == ["channel-mixer", "p", "img", "img", "br", "script"]
    assert repr(widget) == "Channel mixer: y = −1 · near-infrared <b> + 0"
    written = in_javascript("channel-mixer", "BookWidget.slider('a', value, -1, 1, 0)", [name])[0]
    assert "near-infrared &lt;b&gt;" in written
    assert "<b>" not in written


GOOD = {"channels": np.zeros((4, 4, 3)), "alt": "a", "weights": [1, 1, 1]}
NAN = float("nan")


def mixing(**bad):
    return lambda: widgets.channel_mixer(**GOOD | bad)


test_bad_input_is_named = refusals(
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
