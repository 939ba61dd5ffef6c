"""Figures: themed SVG, plain PNG, and a text in place of the picture."""

import itertools
import re
import xml.etree.ElementTree as ET

import matplotlib
import pytest

from companion import figures

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
}
every_figure = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)


@every_figure
def test_alt_text_is_required(draw):
    with pytest.raises(TypeError, match="alt"):
        draw()
    with pytest.raises(ValueError, match="alt must say what is to be seen"):
        draw(alt="  ")


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


def test_text_stays_text_in_the_font_of_the_page():
    svg = DRAWN["dots"](alt="a").svg
    assert re.search(r"<text[^>]*>accuracy, %</text>", svg)
    assert "font-family" not in svg


def test_bars_are_as_long_as_their_values():
    picture = figures.bars({"weights": {"a": 1, "b": 4}}, alt="a")
    widths = [patch.get_width() for patch in picture.figure.axes[0].patches]
    assert widths == [1, 4]
    assert [text.get_text() for text in picture.figure.axes[0].texts] == ["1", "4"]


def test_dots_show_every_run_the_mean_and_one_standard_deviation():
    axis = figures.dots({"a": [1.0, 3.0, 5.0]}, label="x", alt="a").figure.axes[0]
    assert axis.collections[0].get_offsets()[:, 0].tolist() == [1, 3, 5]
    spread, mean = (line.get_xdata() for line in axis.lines[:2])
    assert list(mean) == [3, 3]
    assert list(spread) == [1, 5]  # the standard deviation of 1, 3, 5 is 2


def test_a_spread_is_not_drawn_beyond_what_is_possible():
    axis = figures.dots({"a": [10.0, 99.0, 99.0]}, label="x", alt="a", limits=(0, 100)).figure.axes[0]
    assert list(axis.lines[0].get_xdata()) == [pytest.approx(17.95, abs=0.1), 100]


def test_names_of_lines_that_end_together_are_moved_apart():
    lines = {name: ([0, 1], [1, end]) for name, end in (("a", 0.0), ("b", 0.0), ("c", 0.001))}
    axis = figures.curves(lines, xlabel="x", ylabel="y", alt="a").figure.axes[0]
    heights = sorted(text.xy[1] for text in axis.texts)
    assert [text.get_text() for text in axis.texts] == ["a", "b", "c"]
    assert all(above - below > 0.07 for below, above in itertools.pairwise(heights))


def test_a_matrix_is_coloured_by_sign_and_size():
    picture = figures.mixing_matrix([[2, -1, 0]], alt="a")
    cells = picture.figure.axes[0].patches[:-1]  # the last patch is the frame
    assert len(cells) == 2, "zero is not painted"
    (_, _, _, strong), (_, _, _, weak) = (cell.get_facecolor() for cell in cells)
    assert weak == pytest.approx(strong / 2)
    assert "var(--fig-blue" in picture.svg
    assert "var(--fig-orange" in picture.svg


def test_blocks_share_one_scale():
    figure = figures.tensor_blocks([("x", (8, 4, 4)), ("y", (2, 4, 4))], ["1×1"], alt="a").figure
    fronts = [patch.get_xy() for patch in figure.axes[0].patches if hasattr(patch, "get_xy")][::3]
    depths = [front[1][0] - front[0][0] for front in fronts]
    assert depths[0] == pytest.approx(4 * depths[1])


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: figures.bars({}, alt="a"), "groups must hold"),
        (lambda: figures.bars({"m": {"a": 1}, "n": {"b": 1}}, alt="a"), "the same variants in every measure"),
        (lambda: figures.dots({"a": [1.0]}, label="x", alt="a"), "at least two values"),
        (
            lambda: figures.mixing_matrix([[1]], titles=["a", "b"], alt="a"),
            "titles must be one for each matrix, got 2",
        ),
        (lambda: figures.mixing_matrix([[1] * 65], alt="a"), "at most 64 rows and columns, got 65"),
        (lambda: figures.tensor_blocks([("x", (1, 1, 1))], ["1×1"], alt="a"), "operations must be one fewer"),
    ],
)
def test_bad_input_is_named(draw, words):
    with pytest.raises(ValueError, match=words):
        draw()
