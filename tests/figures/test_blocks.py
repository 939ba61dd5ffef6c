"""Matrices, blocks and maps: what is drawn is what was given, to scale."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.path import Path

from companion import figures
from companion.figures import BLUE, GRID, INK, ORANGE, SERIES


def test_a_matrix_has_a_cell_for_each_weight_that_is_not_zero():
    axis = figures.mixing_matrix([[2, -1, 0], [0, 0.5, -2]], alt="a").figure.axes[0]
    *cells, frame = axis.patches
    places = {cell.get_xy(): cell.get_facecolor() for cell in cells}
    signs = {place: to_hex(colour) for place, colour in places.items()}
    assert signs == {(0, 0): BLUE, (1, 0): ORANGE, (1, 1): BLUE, (2, 1): ORANGE}
    strength = {place: colour[3] / places[0, 0][3] for place, colour in places.items()}
    assert strength == pytest.approx({(0, 0): 1, (1, 0): 0.5, (1, 1): 0.25, (2, 1): 1})
    assert 0.5 < places[0, 0][3] < 1
    assert {(cell.get_width(), cell.get_height()) for cell in cells} == {(1, 1)}
    assert (frame.get_xy(), frame.get_width(), frame.get_height(), frame.get_fill()) == ((0, 0), 3, 2, False)
    assert to_hex(frame.get_edgecolor()) == GRID
    assert not axis.texts


def test_a_matrix_has_its_first_row_above_its_size_beside_it_and_numbers_in_its_cells():
    axis = figures.mixing_matrix([[1, 2, 3], [4, 5, 6]], alt="a").figure.axes[0]
    assert (axis.get_xlim(), axis.get_ylim()) == ((0, 3), (2, 0))
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("3 in", "2 out")
    assert axis.get_aspect() == 1
    axis = figures.mixing_matrix([[0.299, 0], [-1, 0.5]], write=".2f", alt="a").figure.axes[0]
    seen = {text.get_position(): text.get_text() for text in axis.texts}
    assert seen == {(0.5, 0.5): "0.30", (1.5, 0.5): "0.00", (0.5, 1.5): "−1.00", (1.5, 1.5): "0.50"}


def test_matrices_stand_side_by_side_under_their_titles_each_on_its_own_scale():
    picture = figures.mixing_matrix([[8]], [[1, 0.5]], titles=["left", "right"], alt="a")
    assert [axis.get_title(loc="left") for axis in picture.figure.axes] == ["left", "right"]
    strongest = [axis.patches[0].get_facecolor()[3] for axis in picture.figure.axes]
    assert strongest[0] == strongest[1]
    assert figures.mixing_matrix([[8]], alt="a").figure.axes[0].get_title(loc="left") == ""


def test_a_picture_of_matrices_is_as_high_as_they_need_up_to_64_a_side():
    one, two, four = ([[[1] * 3] * 3] * n for n in (1, 2, 4))
    heights = [figures.mixing_matrix(*m, alt="a").figure.get_figheight() for m in (one, two, four)]
    assert heights[0] == heights[1] == 2.7
    assert heights[2] < 1.7
    assert figures.mixing_matrix(*[[[1] * 8]] * 2, alt="a").figure.get_figheight() < 1.2, "one row of eight"
    assert figures.mixing_matrix(*[[[1]] * 8] * 2, alt="a").figure.get_figheight() == 2.7, "eight rows of one"
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
    options = {"steps": STEPS, "operations": ["1×1", "3×3"], "alt": "a"}
    plain, lit = (figures.tensor_blocks(**options, highlight=on).figure.axes[0] for on in (False, True))
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


def test_ink_is_drawn_from_the_page_to_grey_beside_signed_maps_and_apart_from_their_scale():
    maps = {"ink": [[0, 9]], "votes": [[-1, 2]]}
    ink, votes = figures.pixel_maps(maps, signed=True, ink=["ink"], alt="a").figure.axes
    assert votes.images[0].get_clim() == (-2, 2)
    clear, grey = (ink.images[0].cmap(value) for value in (0.0, 1.0))
    assert clear[3] == 0
    assert to_hex(grey, keep_alpha=True) == "#767676ff", "4.5 : 1 against white, 4 : 1 against a dark page"
    with pytest.raises(ValueError, match=r"ink must name maps, got \['no'\]"):
        figures.pixel_maps(maps, signed=True, ink=["no"], alt="a")


def test_signed_maps_share_one_scale_blue_above_zero_and_orange_below():
    maps = {"a": [[1, -2]], "b": [[0, 0.5]], "hole": [[float("nan"), 0]]}
    axes = figures.pixel_maps(maps, signed=True, alt="a").figure.axes
    for axis in axes:
        (image,) = axis.images
        assert image.get_clim() == (-2, 2)
        assert [to_hex(image.to_rgba(v)) for v in (2, -2)] == [BLUE, ORANGE]
        assert image.to_rgba(0)[3] == pytest.approx(0, abs=0.01), "zero is the colour of the page"
        (edge,) = axis.patches
        left, right, bottom, top = image.get_extent()
        assert edge.get_bbox().bounds == (left, top, right - left, bottom - top)
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


def test_a_shortcut_leads_from_the_first_block_over_the_others_to_the_last():
    steps = [("x", (4, 8, 8)), ("wide", (24, 8, 8)), ("y", (4, 8, 8))]
    options = {"steps": steps, "operations": ["1×1", "1×1"], "alt": "a"}
    plain, joined = (figures.tensor_blocks(**options, shortcut=words).figure.axes[0] for words in ("", "sum"))
    assert (len(plain.lines), len(joined.lines)) == (0, 1)
    assert "sum" in [text.get_text() for text in joined.texts]
    tops = max(patch.get_path().vertices[:, 1].max() for patch in joined.patches if hasattr(patch, "get_xy"))
    assert max(joined.lines[0].get_ydata()) > tops, "it passes over the blocks"
