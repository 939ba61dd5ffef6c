"""Figures: themed SVG, plain PNG, and a text in place of the picture."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import partial
from io import BytesIO

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image

from companion import figures
from companion.figures import BLUE

SCORES = [[-1.0, 1.0], [-2.0, 2.0]]
DRAWN = {
    "bars": partial(figures.bars, {"weights": {"a": 3, "b": 5e6}, "MACs": {"a": 1.25, "b": 2e9}}),
    "branches": partial(figures.branches, [["1×1"], []], source="in", merge="sum", highlight="1"),
    "curves": partial(
        figures.curves,
        {"a": ([1, 2, 4], [1, 2, 3])},
        **{"xlabel": "rank", "ylabel": "loss", "xscale": "log", "yscale": "log", "levels": {"here": 2}},
    ),
    "dots": partial(figures.dots, {"a": [97.0, 98.0], "b": [50, 60, 70]}, label="accuracy, %", window=(60, 99)),
    "dot_panels": partial(figures.dot_panels, {"few": {"a": [1, 2]}, "many": {"a": [3, 4]}}, label="x"),
    "heat_maps": partial(figures.heat_maps, {"a": [[0, -1]]}, xlabel="channel", ylabel="class", label="gate"),
    "histograms": partial(figures.histograms, {"one": {"a": [0, 1], "b": [0.5]}}, label="gate", window=(0, 1)),
    "mixing_matrix": partial(figures.mixing_matrix, [[1, -1, 0]], titles=["m"], write=".1f"),
    "number_grids": partial(
        figures.number_grids, [("x", [[[1, 2]]] * 2), ("y", [[[-3]]])], ["sum\n→"], bypass=True
    ),
    "pipeline": partial(figures.pipeline, 4, 3),
    "pixel_maps": partial(figures.pixel_maps, {"a": [[0, 1]], "b": [[1, 0]]}, signed=True),
    "regions": partial(figures.regions, {"a": SCORES}, limits=(-1, 1), points=[(0, 0.5)], labels=[1]),
    "roofline": partial(figures.roofline, {"a": (3e12, 6e13)}, {"net": [8, 40]}, points={"a": [(8, 2e13)]}),
    "scatter": partial(
        figures.scatter,
        {"full": {"a": (4e8, 9.0)}, "other": {"b": (1e6, 1)}},
        xlabel="MACs",
        ylabel="ms",
        rays={"r": 1e-7},
    ),
    "sectors": partial(figures.sectors, {"x": (range(64, 96), 64), "weight": ([256 * o for o in range(9)], 256)}),
    "stacked": partial(
        figures.stacked,
        *({"": {"a": (1, 2), "b": (3, 0)}}, ["1×1", "rest"]),
        **{"marks": {"a": 2}, "mark_name": "printed", "xlabel": "MACs"},
    ),
    "sweep": partial(figures.sweep, {"a": {0.01: 90.0, 0.03: 92.0, 0.1: 91.0}}),
    "tensor_blocks": partial(
        figures.tensor_blocks, [("x", (8, 4, 4)), ("y", (2, 4, 4))], ["1×1"], highlight=True, shortcut="sum"
    ),
    "tiles": partial(
        figures.tiles, 8, 12, 6, tile=(0, 0, 8, 8), words={"weight": "w:\nout × in", "x": "x: in", "y": "y"}
    ),
    "two_axes": partial(figures.two_axes, "patch", "feature", along="channel MLP:\ntwo 1×1", across="token MLP"),
    "worked_pixel": partial(figures.worked_pixel, [[[1, 2]], [[0, 1]]], [[1, 1]], at=(0, 1)),
}
every_figure = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)


def test_every_figure_of_the_package_is_among_these():
    functions = {name for name in figures.__all__ if name.islower()}
    assert functions - {"canvas"} == set(DRAWN)


@every_figure
def test_alt_text_is_required(draw):
    with pytest.raises(TypeError, match="alt"):
        draw()
    with pytest.raises(ValueError, match="alt must say what is to be seen in the figure, got '  '"):
        draw(alt="  ")
    with pytest.raises(ValueError, match="alt must say what is to be seen in the figure, got None"):
        draw(alt=None)


@every_figure
def test_a_notebook_gets_text_html_and_png(draw):
    bundle = draw(alt='Less is "more" & <more>', caption="A < B")._repr_mimebundle_()
    assert bundle["text/plain"] == 'Picture: Less is "more" & <more>'
    assert bundle["image/png"].startswith(b"\x89PNG")
    html = ET.fromstring(bundle["text/html"])
    assert html.tag == "figure"
    assert html.find("div").attrib["role"] == "img"
    assert html.find("div").attrib["aria-label"] == 'Less is "more" & <more>'
    assert html.find("figcaption").text == "A < B"


HOSTILE = '<script>&"'
OPTIONS = {"xscale", "yscale", "write", "merge", "shortcut"}  # names of what is to be done, not words to be shown


def hostile(value, asked=""):
    """Put markup in front of every word that an author gives."""
    if isinstance(value, str):
        return value if asked in OPTIONS else HOSTILE + value
    if isinstance(value, dict):
        return {hostile(name): hostile(held) for name, held in value.items()}
    return type(value)(map(hostile, value)) if type(value) in (list, tuple) else value


@every_figure
def test_no_word_of_an_author_becomes_markup(draw):
    given = {name: hostile(value, name) for name, value in draw.keywords.items()}
    if draw.func is figures.tiles:  # looks its words up by name
        given["words"] = dict.fromkeys(draw.keywords["words"], HOSTILE)
    draw = partial(draw.func, *map(hostile, draw.args), **given)
    html = draw(alt=HOSTILE, caption=HOSTILE)._repr_mimebundle_()["text/html"]
    assert "<script" not in html
    root = ET.fromstring(html)
    assert root.find("div").attrib["aria-label"] == root.find("figcaption").text == HOSTILE
    assert len(root.findall(".//{http://www.w3.org/2000/svg}svg")) == 1


@every_figure
def test_every_colour_is_a_variable_of_the_page(draw):
    svg = draw(alt="a").svg
    themed = re.sub(r"var\(--fig-\w+, #[0-9a-f]{6}\)", "", svg)
    left = re.findall(r"(?:fill|stroke): #[0-9a-f]+", themed)
    assert not left, "a colour that no theme can change"
    assert "currentColor" in svg


def test_words_written_outside_the_style_take_the_ink_of_the_page():
    figure, axis = figures.canvas()
    axis.plot([0, 1], label="in the legend")
    axis.legend()
    axis.text(0, 0, "plain")
    axis.text(0, 1, "blue", color=BLUE)
    svg = figures.Picture(figure, alt="a").svg
    fills = {word: fill for fill, word in re.findall(r"<text[^>]*fill: (\w+)[^>]*>([^<]*)", svg)}
    assert fills["in the legend"] == fills["plain"] == "currentColor"
    assert fills["blue"] == "var"


@every_figure
def test_drawing_twice_gives_the_same_bytes_and_no_shared_ids(draw):
    one, two, other = draw(alt="a"), draw(alt="a"), draw(alt="b")
    assert one.svg == two.svg
    assert one.png == two.png
    ids = [set(re.findall(r' id="([^"]+)"', picture.svg)) for picture in (one, other)]
    assert not ids[0] & ids[1]
    used = set(re.findall(r"(?:url\(|href=\")#([^)\"]+)", one.svg))
    assert used == ids[0], "a reference without its id, or an id that nothing refers to"


@every_figure
def test_settings_of_matplotlib_stay_as_they_were(draw):
    before = dict(matplotlib.rcParams)
    draw(alt="a")._repr_mimebundle_()
    assert dict(matplotlib.rcParams) == before


def test_words_stay_as_they_are_in_the_font_of_the_page():
    title = f"0.12345 {BLUE} url(#x)"  # looks like a coordinate, a colour and a reference
    svg = figures.mixing_matrix([[0.299, 0.587, 0.114]], titles=[title], write=".3f", alt="a").svg
    assert {"0.299", "0.587", "0.114", title} <= set(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
    assert not re.search(r"<[^>]*\d\.\d{3}", svg), "a coordinate of more than two decimals"
    assert "font-family" not in svg


def test_texts_are_one_line_each():
    picture = DRAWN["bars"](alt=" two\n  lines ", caption="and\n\ta caption  ")
    assert (picture.alt, picture.caption) == ("two lines", "and a caption")
    assert 'aria-label="two lines"' in picture.html
    assert "<figcaption>and a caption</figcaption>" in picture.html
    assert "figcaption" not in DRAWN["bars"](alt="a").html


@pytest.mark.parametrize(("draw", "inches"), [(DRAWN["curves"], 5.4), (DRAWN["mixing_matrix"], 2.7)])
def test_a_picture_shrinks_with_the_page_and_grows_no_larger_than_it_is(draw, inches):
    picture = draw(alt="a")
    style = re.match(r'<svg style="([^"]*)"', picture.svg)[1]
    assert {"width: 100%", f"max-width: {96 * inches:.0f}px", "height: auto"} <= set(style.split("; "))
    assert not re.search(r"<svg[^>]* (?:width|height)=", picture.svg)
    assert picture.figure.get_size_inches()[0] == inches


@every_figure
def test_no_word_leaves_the_figure_or_lies_on_another(draw):
    figure = draw(alt="a").figure
    figure.draw_without_rendering()
    texts = [text for axis in figure.axes for text in axis.texts if text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    width, height = figure.get_size_inches() * figure.dpi
    for i, box in enumerate(boxes):
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


@every_figure
def test_a_png_is_on_white(draw):
    png = Image.open(BytesIO(draw(alt="a").png))
    assert png.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_figures_and_widgets_need_no_torch():
    program = "import sys, companion.figures, companion.widgets; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


NUMBERS = {
    "curves": lambda kind: figures.curves({"a": (kind([1, 2]), kind([3, 4]))}, xlabel="x", ylabel="y", alt="a"),
    "dots": lambda kind: figures.dots({"a": kind([1.5, 2.5])}, label="x", alt="a"),
    "histograms": lambda kind: figures.histograms({"x": {"a": kind([0, 0.5])}}, label="x", window=(0, 1), alt="a"),
    "mixing_matrix": lambda kind: figures.mixing_matrix(kind([[1, -0.3], [0, 2]]), write=".2f", alt="a"),
    "pixel_maps": lambda kind: figures.pixel_maps({"a": kind([[1, 2], [3, 4]])}, alt="a"),
    "regions": lambda kind: figures.regions(
        {"a": kind(SCORES)}, limits=(-1, 1), points=kind([(0, 0.5), (0.5, 0)]), labels=kind([1, 0]), alt="a"
    ),
    "roofline": lambda kind: figures.roofline({"a": (3e12, 6e13)}, {"b": kind([8, 40])}, alt="a"),
    "stacked": lambda kind: figures.stacked({"": {"a": kind([1, 2])}}, ["b", "c"], xlabel="x", alt="a"),
}


def learned(values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("draw", NUMBERS.values(), ids=NUMBERS)
def test_lists_arrays_and_tensors_draw_the_same(draw):
    assert draw(list).svg == draw(np.array).svg == draw(torch.tensor).svg == draw(learned).svg
