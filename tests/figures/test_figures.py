"""Figures: themed SVG, plain PNG, and a text in place of the picture."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from io import BytesIO

import matplotlib
import pytest
from PIL import Image

from companion import figures
from companion.figures import BLUE

DRAWN = {
    "bars": lambda **text: figures.bars({"weights": {"a": 3, "b": 5e6}, "MACs": {"a": 1.25, "b": 2e9}}, **text),
    "dots": lambda **text: figures.dots({"a": [97.0, 98.0], "b": [50, 60, 70]}, label="accuracy, %", **text),
    "curves": lambda **text: figures.curves(
        {"a": ([1, 2, 4], [1, 2, 3])},
        xlabel="rank",
        ylabel="loss",
        xscale="log",
        yscale="log",
        levels={"here": 2},
        **text,
    ),
    "mixing_matrix": lambda **text: figures.mixing_matrix([[1, -1, 0]], titles=["m"], write=".1f", **text),
    "tensor_blocks": lambda **text: figures.tensor_blocks(
        [("x", (8, 4, 4)), ("y", (2, 4, 4))], ["1×1"], highlight=True, **text
    ),
    "pixel_maps": lambda **text: figures.pixel_maps({"a": [[0, 1]], "b": [[1, 0]]}, signed=True, **text),
    "pipeline": lambda **text: figures.pipeline(4, 3, **text),
    "stacked": lambda **text: figures.stacked(
        {"": {"a": (1, 2), "b": (3, 0)}},
        ["1×1", "rest"],
        marks={"a": 2},
        mark_name="printed",
        xlabel="MACs",
        **text,
    ),
}
every_figure = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)


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


def test_words_stay_text_in_the_font_of_the_page():
    svg = DRAWN["dots"](alt="a").svg
    assert re.search(r"<text[^>]*>accuracy, %</text>", svg)
    assert "font-family" not in svg


def words(svg: str) -> list[str]:
    return [text for _, text in re.findall(r"<text([^>]*)>([^<]*)</text>", svg)]


def test_words_that_look_like_coordinates_or_colours_stay_as_they_are():
    title = f"0.12345 {BLUE} url(#x)"
    svg = figures.mixing_matrix([[0.299, 0.587, 0.114]], titles=[title], write=".3f", alt="a").svg
    assert {"0.299", "0.587", "0.114", title} <= set(words(svg))
    assert not re.search(r"<[^>]*\d\.\d{3}", svg), "a coordinate of more than two decimals"


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
def test_a_png_is_on_white(draw):
    png = Image.open(BytesIO(draw(alt="a").png))
    assert png.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_figures_and_widgets_need_no_torch():
    program = "import sys, companion.figures, companion.widgets; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# --- Bad input


def curves(lines, **settings):
    return figures.curves(lines, xlabel="x", ylabel="y", alt="a", **settings).figure.axes[0]


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: figures.bars({}, alt="a"), "groups must hold"),
        (lambda: figures.bars({"m": {}}, alt="a"), "groups must hold the same variants"),
        (lambda: figures.bars({"m": {"a": 1}, "n": {"b": 1}}, alt="a"), "the same variants in every measure"),
        (lambda: figures.bars({"m": {"a": 1, "b": -1}}, alt="a"), r"finite values of at least 0, got \[1, -1\]"),
        (lambda: figures.bars({"m": {"a": 1, "b": NAN}}, alt="a"), r"finite values of at least 0, got \[1, nan\]"),
        (lambda: figures.bars({"m": {"a": INF}}, alt="a"), r"finite values of at least 0, got \[inf\]"),
        (lambda: figures.dots({}, label="x", alt="a"), "runs must hold variants of at least two values each"),
        (lambda: figures.dots({"b": [1, 2], "a": [1.0]}, label="x", alt="a"), r"got numbers of values .*'a': 1"),
        (lambda: figures.dots({"a": [1, 2]}, label="x", alt="a", cycle=0), "cycle must be 1 to 4, got 0"),
        (lambda: figures.dots({"a": [1, 2]}, label="x", alt="a", cycle=5), "cycle must be 1 to 4, got 5"),
        (lambda: curves({}), "lines must be 1 to 4, one colour each, got 0"),
        (lambda: curves({name: ([1], [1]) for name in "abcde"}), "lines must be 1 to 4, one colour each, got 5"),
        (lambda: curves({"a": ([1, 2], [1])}), "one y for each x, got 2 x and 1 y for 'a'"),
        (lambda: curves({"a": ([], [])}), "one y for each x, got 0 x and 0 y for 'a'"),
        (
            lambda: figures.mixing_matrix([[1]], titles=["a", "b"], alt="a"),
            "titles must be one for each matrix, got 2 for 1",
        ),
        (lambda: figures.mixing_matrix(alt="a"), "matrices must be at least one, got none"),
        (lambda: figures.mixing_matrix([], alt="a"), r"rows of one length, got rows of lengths \[\]"),
        (lambda: figures.mixing_matrix([[]], alt="a"), r"rows of one length, got rows of lengths \[0\]"),
        (lambda: figures.mixing_matrix([[1]], [[1, 2], [3]], alt="a"), r"got rows of lengths \[2, 1\]"),
        (lambda: figures.mixing_matrix([[1] * 65], alt="a"), "at most 64 rows and columns, got 65"),
        (lambda: figures.mixing_matrix([[1]] * 66, alt="a"), "at most 64 rows and columns, got 66"),
        (lambda: figures.mixing_matrix([[1, NAN]], alt="a"), "matrices must hold finite numbers, got nan"),
        (lambda: figures.tensor_blocks([], [], alt="a"), "operations must be one fewer than steps, got 0 for 0"),
        (lambda: figures.tensor_blocks([("x", (1, 1, 1))], ["1×1"], alt="a"), "operations must be one fewer"),
        (lambda: figures.pixel_maps({}, alt="a"), "maps must hold at least one map, got none"),
        (lambda: figures.pixel_maps({"a": [[1]]}, columns=0, alt="a"), "columns must be at least 1, got 0"),
        (lambda: figures.pixel_maps({"a": [1, 2]}, alt="a"), r"\(H, W\) or \(H, W, 3\), got \(2,\) for 'a'"),
        (lambda: figures.pixel_maps({"a": [[(1, 2)]]}, alt="a"), r"\(H, W, 3\), got \(1, 1, 2\) for 'a'"),
        (lambda: figures.pixel_maps({"a": [[]]}, alt="a"), r"\(H, W, 3\), got \(1, 0\) for 'a'"),
        (
            lambda: figures.pixel_maps({"a": [[(0, 0, 1.5)]]}, alt="a"),
            r"colours in \[0, 1\], got 0.0 to 1.5 for 'a'",
        ),
        (
            lambda: figures.pixel_maps({"a": [[(0, 0, -1)]]}, alt="a"),
            r"colours in \[0, 1\], got -1.0 to 0.0 for 'a'",
        ),
        (
            lambda: figures.pixel_maps({"a": [[(0, 0, 1)]]}, signed=True, alt="a"),
            r"\(H, W\) to be signed, got \(1, 1, 3\) for 'a'",
        ),
    ],
)
def test_bad_input_is_named(draw, words):
    with pytest.raises(ValueError, match=words):
        draw()
