"""Figures: themed SVG, plain PNG, and a text in place of the picture."""

import itertools
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from io import BytesIO

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba
from matplotlib.path import Path
from PIL import Image

from companion import figures
from companion.figures import BLUE, GRID, INK, ORANGE, SERIES

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


# --- Bars


def test_bars_are_as_long_as_their_values_and_in_their_order_from_above():
    picture = figures.bars({"weights": {"a": 1, "b": 4}, "MACs": {"a": 30, "b": 20}}, alt="a")
    for axis, measure, values in zip(picture.figure.axes, ["weights", "MACs"], [[1, 4], [30, 20]], strict=True):
        bars = axis.patches
        assert axis.get_title(loc="left") == measure
        assert [bar.get_width() for bar in bars] == values
        assert [bar.get_x() for bar in bars] == [0, 0]
        assert [to_hex(bar.get_facecolor()) for bar in bars] == list(SERIES[:2])
        assert [bar.get_y() + bar.get_height() / 2 for bar in bars] == pytest.approx([0, 1])
        assert axis.yaxis_inverted()
        assert axis.get_yticks().tolist() == [0, 1]
        low, high = axis.get_xlim()
        assert low == 0
        assert high > 1.3 * max(values), "no place for the numbers"
    assert [label.get_text() for label in picture.figure.axes[0].get_yticklabels()] == ["a", "b"]


def test_a_number_stands_right_of_the_end_of_its_bar():
    axis = figures.bars({"m": {"a": 1, "b": 4}}, alt="a").figure.axes[0]
    for text, value, row in zip(axis.texts, [1, 4], [0, 1], strict=True):
        x, y = text.get_position()
        assert value < x < value + 0.5
        assert (y, text.get_text()) == (row, str(value))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (5e6, "5 M"),
        (2e9, "2 G"),
        (99.7, "99.7"),
        (99.99, "100"),
        (12.34, "12.3"),
        (0.45, "0.45"),
        (0.00001234, "0.0000123"),
        (100.4, "100"),
        (589_824, "589,824"),
        (999_499, "999,499"),
        (1_000_000, "1 M"),
        (13_245_000, "13.2 M"),
        (999_999_999, "1 G"),
        (2_300_000_000_000, "2,300 G"),
    ],
)
def test_numbers_are_written_without_exponents(value, written):
    axis = figures.bars({"m": {"a": value, "b": 1}}, alt="a").figure.axes[0]
    assert axis.texts[0].get_text() == written


def test_numbers_can_be_written_in_another_way():
    axis = figures.bars({"m": {"a": 0.25}}, alt="a", write="{:.0%}".format).figure.axes[0]
    assert axis.texts[0].get_text() == "25%"


def test_panels_stand_two_in_a_row_and_the_spare_one_is_empty():
    axes = figures.bars({m: {"a": 1} for m in "xyz"}, alt="a").figure.axes
    assert [axis.get_title(loc="left") for axis in axes] == ["x", "y", "z", ""]
    assert [axis.axison for axis in axes] == [True, True, True, False]
    assert {axis.get_gridspec().get_geometry() for axis in axes} == {(2, 2)}


# --- Dots


def test_dots_show_every_run_the_mean_and_one_standard_deviation():
    axis = figures.dots({"a": [1.0, 3.0, 5.0], "b": [7.0, 7.0]}, label="x", alt="a").figure.axes[0]
    assert axis.collections[0].get_offsets().tolist() == [[1, 0], [3, 0], [5, 0]]
    assert axis.collections[1].get_offsets().tolist() == [[7, 1], [7, 1]]
    spread, mean, *_ = axis.lines
    assert spread.get_xydata().tolist() == [[1, 0], [5, 0]]  # the standard deviation of 1, 3, 5 is 2
    assert mean.get_xdata().tolist() == [3, 3]
    assert mean.get_ydata().mean() == 0


def test_rows_of_dots_are_named_from_above():
    axis = figures.dots({"a": [1, 2], "b": [3, 4]}, label="accuracy, %", alt="a").figure.axes[0]
    assert axis.get_xlabel() == "accuracy, %"
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    assert axis.get_yticks().tolist() == [0, 1]
    low, high = axis.get_ylim()
    assert low > 1 > 0 > high


@pytest.mark.parametrize(
    ("cycle", "order"), [({}, [0, 1, 2, 3, 0]), ({"cycle": 2}, [0, 1, 0, 1, 0]), ({"cycle": 1}, [0] * 5)]
)
def test_rows_of_dots_take_the_colours_in_turn(cycle, order):
    axis = figures.dots({name: [1, 2] for name in "abcde"}, label="x", alt="a", **cycle).figure.axes[0]
    wanted = [SERIES[i] for i in order]
    assert [to_hex(points.get_facecolor()[0]) for points in axis.collections] == wanted
    assert [line.get_color() for line in axis.lines] == [colour for colour in wanted for _ in range(2)]


def test_a_run_outside_the_window_is_named_at_its_edge():
    runs = {"a": [92.0, 95.0], "b": [12.0, 95.0, 10.0, 120.0]}
    axis = figures.dots(runs, label="x", alt="a", window=(90, 100)).figure.axes[0]
    assert axis.get_xlim() == (90, 100)
    seen = [(text.get_text(), text.get_position(), text.get_ha()) for text in axis.texts]
    assert seen == [("◂ 10, 12", (90, 1), "left"), ("120 ▸", (100, 1), "right")]


# --- Curves


def curves(lines, **settings):
    return figures.curves(lines, xlabel="x", ylabel="y", alt="a", **settings).figure.axes[0]


def test_curves_pass_through_their_points_in_their_colours():
    axis = curves({"a": ([1, 2, 4], [3, 1, 2]), "b": ([1, 4], [5, 6])}, levels={"here": 4, "there": 2})
    first, second, *levels = axis.lines
    assert first.get_xydata().tolist() == [[1, 3], [2, 1], [4, 2]]
    assert second.get_xydata().tolist() == [[1, 5], [4, 6]]
    assert [first.get_color(), second.get_color()] == list(SERIES[:2])
    assert [set(level.get_ydata()) for level in levels] == [{4}, {2}]
    assert {level.get_color() for level in levels} == {INK}
    named = [(text.get_text(), text.xy[1]) for text in axis.texts[:2]]
    assert named == [("here", 4), ("there", 2)]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("x", "y")
    assert (axis.get_xscale(), axis.get_yscale()) == ("linear", "linear")
    assert axis.get_xlim() == (1, 4), "a curve ends where its name stands"


@pytest.mark.parametrize("settings", [{}, {"levels": {"far": 40}}, {"levels": {"here": 5}}, {"yscale": "log"}])
def test_a_line_is_named_at_its_end_in_its_colour(settings):
    axis = curves({"low": ([0, 1], [9, 1]), "high": ([0, 1], [1, 9])}, **settings)
    axis.figure.draw_without_rendering()
    to_axes = axis.transData + axis.transAxes.inverted()
    names = [text for text in axis.texts if text.get_text() in ("low", "high")]
    for text, name, colour, end in zip(names, ["low", "high"], SERIES[:2], [1, 9], strict=True):
        assert (text.get_text(), text.get_color()) == (name, colour)
        assert text.xycoords == "axes fraction"
        assert text.xy == (pytest.approx(1.01), pytest.approx(to_axes.transform((1, end))[1], abs=0.01))


def test_names_beside_the_axes_are_not_cut_off():
    picture = figures.curves({"name": ([0, 1], [0, 1])}, xlabel="x", ylabel="y", alt="a")
    assert "name" in words(picture.svg)


def test_names_of_lines_that_end_together_are_moved_apart_and_keep_their_order():
    axis = curves({"a": ([0, 1], [1, 0.001]), "b": ([0, 1], [1, 0.0]), "c": ([0, 1], [1, 0.0])})
    heights = {text.get_text(): text.xy[1] for text in axis.texts}
    assert sorted(heights, key=heights.get) == ["b", "c", "a"]
    assert all(above - below > 0.07 for below, above in itertools.pairwise(sorted(heights.values())))


def ticks(axis):
    marks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
    return [(float(place), label.get_text()) for place, label in marks]


def test_a_logarithmic_axis_is_marked_with_plain_numbers():
    axis = curves({"a": ([1, 2, 4, 8], [0.05, 1, 20, 300])}, xscale="log", yscale="log")
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    assert ticks(axis.xaxis) == [(1, "1"), (2, "2"), (4, "4"), (8, "8")]
    assert ticks(axis.yaxis) == [(0.1, "0.1"), (1, "1"), (10, "10"), (100, "100")]
    assert not [*axis.xaxis.get_minorticklocs(), *axis.yaxis.get_minorticklocs()]
    large = curves({"a": ([1, 2], [1e5, 1e7])}, yscale="log")
    assert [word for _, word in ticks(large.yaxis)] == ["100,000", "1,000,000", "10,000,000"]
    two = curves({"a": ([1, 2], [0.9, 11])}, yscale="log")
    assert [word for _, word in ticks(two.yaxis)] == ["1", "10"]


@pytest.mark.parametrize("ends", [(2, 8), (3, 4), (61, 63), (0.2, 0.7), (7, 30)])
def test_a_short_logarithmic_axis_has_marks_all_the_same(ends):
    marks = ticks(curves({"a": ([1, 2], ends)}, yscale="log").yaxis)
    assert len(marks) >= 2
    assert all(ends[0] * 0.9 <= place <= ends[1] * 1.1 for place, _ in marks)
    assert [float(word) for _, word in marks] == pytest.approx([place for place, _ in marks])


def test_a_level_beyond_the_lines_lies_within_the_marks():
    axis = curves({"a": ([1, 2], [1, 10])}, yscale="log", levels={"far": 2000})
    assert [word for _, word in ticks(axis.yaxis)] == ["1", "10", "100", "1,000"]


# --- Matrices


def test_a_matrix_has_a_cell_for_each_weight_that_is_not_zero():
    axis = figures.mixing_matrix([[2, -1, 0], [0, 0.5, -2]], alt="a").figure.axes[0]
    *cells, frame = axis.patches
    places = {cell.get_xy(): cell.get_facecolor() for cell in cells}
    blue, orange = to_rgba(BLUE)[:3], to_rgba(ORANGE)[:3]
    assert {place: colour[:3] for place, colour in places.items()} == {
        (0, 0): blue,
        (1, 0): orange,
        (1, 1): blue,
        (2, 1): orange,
    }
    strength = {place: colour[3] / places[0, 0][3] for place, colour in places.items()}
    assert strength == pytest.approx({(0, 0): 1, (1, 0): 0.5, (1, 1): 0.25, (2, 1): 1})
    assert 0.5 < places[0, 0][3] < 1
    assert {(cell.get_width(), cell.get_height()) for cell in cells} == {(1, 1)}
    assert (frame.get_xy(), frame.get_width(), frame.get_height(), frame.get_fill()) == ((0, 0), 3, 2, False)
    assert to_hex(frame.get_edgecolor()) == GRID
    assert not axis.texts


def test_a_matrix_has_its_first_row_above_and_says_its_size():
    axis = figures.mixing_matrix([[1, 2, 3], [4, 5, 6]], alt="a").figure.axes[0]
    assert (axis.get_xlim(), axis.get_ylim()) == ((0, 3), (2, 0))
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("3 in", "2 out")
    assert axis.get_aspect() == 1


def test_numbers_stand_in_the_middle_of_their_cells():
    axis = figures.mixing_matrix([[0.299, 0], [-1, 0.5]], write=".2f", alt="a").figure.axes[0]
    seen = {text.get_position(): text.get_text() for text in axis.texts}
    assert seen == {(0.5, 0.5): "0.30", (1.5, 0.5): "0.00", (0.5, 1.5): "-1.00", (1.5, 1.5): "0.50"}


def test_matrices_stand_side_by_side_under_their_titles_each_on_its_own_scale():
    picture = figures.mixing_matrix([[8]], [[1, 0.5]], titles=["left", "right"], alt="a")
    assert [axis.get_title(loc="left") for axis in picture.figure.axes] == ["left", "right"]
    strongest = [axis.patches[0].get_facecolor()[3] for axis in picture.figure.axes]
    assert strongest[0] == strongest[1]
    assert figures.mixing_matrix([[8]], alt="a").figure.axes[0].get_title(loc="left") == ""


def test_matrices_may_be_arrays_of_zeros_and_of_64_a_side():
    axis = figures.mixing_matrix(np.zeros((64, 64)), alt="a").figure.axes[0]
    assert len(axis.patches) == 1, "only the frame"


# --- Blocks


STEPS = [("in", (8, 4, 4)), ("thin", (2, 4, 2)), ("out", (4, 2, 4))]


def faces(axis):
    """The corners of each block's front, top and side, for every block."""
    polygons = [patch.get_xy()[:-1] for patch in axis.patches if hasattr(patch, "get_xy")]
    return [polygons[i : i + 3] for i in range(0, len(polygons), 3)]


def extent(corners):
    return tuple(corners.max(axis=0) - corners.min(axis=0))


def test_blocks_share_one_scale_for_channels_and_one_for_height_and_width():
    axis = figures.tensor_blocks(STEPS, ["1×1", "3×3"], alt="a").figure.axes[0]
    fronts, _, sides = zip(*faces(axis), strict=True)
    (deep, tall), *others = (extent(front) for front in fronts)
    assert others == [pytest.approx((deep / 4, tall)), pytest.approx((deep / 2, tall / 2))]
    widths = [extent(side)[0] for side in sides]
    assert widths == pytest.approx([widths[0], widths[0] / 2, widths[0]])
    assert axis.get_aspect() == 1


def test_blocks_stand_in_a_row_without_touching_and_within_the_picture():
    axis = figures.tensor_blocks(STEPS, ["1×1", "3×3"], alt="a").figure.axes[0]
    blocks = [np.concatenate(block) for block in faces(axis)]
    assert all(a[:, 0].max() + 0.5 < b[:, 0].min() for a, b in itertools.pairwise(blocks))
    corners = np.concatenate(blocks)
    for values, (low, high) in zip(corners.T, (axis.get_xlim(), axis.get_ylim()), strict=True):
        assert low < values.min() < values.max() < high
    assert sum(abs(axis.get_xlim() - np.array([corners[:, 0].min(), corners[:, 0].max()]))) < 0.5, "idle room"
    fronts = [block[0] for block in faces(axis)]
    assert [front[:, 1].mean() for front in fronts] == pytest.approx([0.5] * 3), "centred on one line"


def test_the_faces_of_a_block_share_their_edges():
    axis = figures.tensor_blocks(STEPS[:1], [], alt="a").figure.axes[0]
    corners = [{tuple(corner.round(9)) for corner in face} for face in faces(axis)[0]]
    assert [len(a & b) for a, b in itertools.combinations(corners, 2)] == [2, 2, 2]
    assert len(set.union(*corners)) == 7


def test_blocks_are_named_with_their_sizes_and_operations():
    axis = figures.tensor_blocks(STEPS, ["1×1", "3×3"], alt="a").figure.axes[0]
    places = {text.get_text(): text.get_position() for text in axis.texts}
    assert list(places) == ["in", "8 × 4 × 4", "1×1", "thin", "2 × 4 × 2", "3×3", "out", "4 × 2 × 4"]
    names, sizes, operations = (list(places)[0::3], list(places)[1::3], list(places)[2::3])
    middles = [np.concatenate(block)[:, 0] for block in faces(axis)]
    middles = [(xs.min() + xs.max()) / 2 for xs in middles]
    assert [places[name][0] for name in names] == [places[size][0] for size in sizes] == pytest.approx(middles)
    assert all(places[size][1] < places[name][1] < 0 for name, size in zip(names, sizes, strict=True))
    between = [places[operation][0] for operation in operations]
    assert middles[0] < between[0] < middles[1] < between[1] < middles[2]
    paths = [patch.get_path() for patch in axis.patches if not hasattr(patch, "get_xy")]
    arrows = [path.vertices[path.codes != Path.CLOSEPOLY, 0] for path in paths]
    assert len(arrows) == 2, "one an operation"
    ends = [np.concatenate(block)[:, 0] for block in faces(axis)]
    for (before, after), arrow in zip(itertools.pairwise(ends), arrows, strict=True):
        assert before.max() < arrow.min() < arrow.max() < after.min()


def test_blocks_take_the_colours_in_turn():
    axis = figures.tensor_blocks([(name, (1, 1, 1)) for name in "abcde"], [""] * 4, alt="a").figure.axes[0]
    fronts = [patch for patch in axis.patches if hasattr(patch, "get_xy")][::3]
    assert [to_hex(front.get_facecolor()) for front in fronts] == [*SERIES, SERIES[0]]


def test_a_highlight_is_one_rod_through_the_channels_of_every_block():
    plain, lit = (
        figures.tensor_blocks(STEPS, ["1×1", "3×3"], alt="a", highlight=highlight).figure.axes[0]
        for highlight in (False, True)
    )
    polygons = [patch for patch in lit.patches if hasattr(patch, "get_xy")]
    rods = [polygon.get_xy()[:-1] for polygon in polygons if to_hex(polygon.get_facecolor()) == INK]
    fronts = [block[0] for block in faces(plain)]
    assert len(rods) == len(fronts) == 3
    assert len(lit.patches) == len(plain.patches) + 3
    for rod, front in zip(rods, fronts, strict=True):
        assert (rod[:, 0].min(), rod[:, 0].max()) == (front[:, 0].min(), front[:, 0].max())
        assert front[:, 1].min() < rod[:, 1].min() < rod[:, 1].max() < front[:, 1].max()
        assert len({tuple(corner) for corner in rod}) == 4
        assert len(set(rod[:, 1])) == 2, "a rectangle"


# --- Maps


def test_a_map_goes_from_black_to_white_pixel_for_pixel():
    axis = figures.pixel_maps({"title": [[3, 5, 4], [7, 6, 3]]}, alt="a").figure.axes[0]
    (image,) = axis.images
    assert image.get_array().tolist() == [[3, 5, 4], [7, 6, 3]]
    assert image.to_rgba([3, 7])[:, :3].tolist() == [[0, 0, 0], [1, 1, 1]]
    assert image.get_interpolation() == "none"
    assert axis.get_title() == "title"
    assert not axis.axison


def test_signed_maps_share_one_scale_blue_above_zero_and_orange_below():
    maps = {"a": [[1, -2]], "b": [[0, 0.5]], "hole": [[float("nan"), 0]]}
    axes = figures.pixel_maps(maps, signed=True, alt="a").figure.axes
    for axis in axes:
        (image,) = axis.images
        assert image.get_clim() == (-2, 2)
        assert [to_hex(image.to_rgba(v)) for v in (2, -2)] == [BLUE, ORANGE]
        assert image.to_rgba(0)[:3] == pytest.approx((1, 1, 1), abs=0.01)
    assert figures.pixel_maps({"a": [[0]]}, signed=True, alt="a").figure.axes[0].images[0].get_clim() == (-1, 1)


def test_colours_are_drawn_as_they_are():
    red_and_grey = [[(1, 0, 0), (0.5, 0.5, 0.5)]]
    (image,) = figures.pixel_maps({"a": red_and_grey}, alt="a").figure.axes[0].images
    np.testing.assert_array_equal(image.get_array(), red_and_grey)
    assert image.get_array().dtype == float, "integers would be read as 0 to 255"


@pytest.mark.parametrize(
    ("columns", "shape"),
    [({}, (1, 3)), ({"columns": 1}, (3, 1)), ({"columns": 2}, (2, 2)), ({"columns": 5}, (1, 5))],
)
def test_maps_stand_in_rows_of_so_many_columns(columns, shape):
    figure = figures.pixel_maps({name: [[0, 1]] for name in "abc"}, alt="a", height=1.25, **columns).figure
    assert figure.axes[0].get_gridspec().get_geometry() == shape
    assert [axis.get_title() for axis in figure.axes if axis.images] == ["a", "b", "c"]
    assert not any(axis.axison for axis in figure.axes)
    assert figure.get_size_inches()[1] == 1.25 * shape[0]


# --- Bad input


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
