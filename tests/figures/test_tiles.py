"""The product of matrices drawn: what is green, and what it needs of the others."""

from matplotlib.colors import to_hex

from companion import figures

WORDS = {"weight": "the weight", "x": "the input", "y": "the output"}


def draw(out_channels=8, columns=12, in_channels=6, *, tile=(4, 8, 4, 2), words=WORDS, **options):
    return figures.tiles(out_channels, columns, in_channels, tile=tile, words=words, alt="a", **options)


def boxes(picture, colour):
    filled = [patch for patch in picture.figure.axes[0].patches if patch.get_fill()]
    found = [patch for patch in filled if to_hex(patch.get_facecolor()) == colour]
    return [(patch.get_x(), patch.get_y(), patch.get_width(), patch.get_height()) for patch in found]


def test_a_tile_needs_its_rows_of_the_weight_and_its_columns_of_x():
    picture = draw()
    assert boxes(picture, figures.GREEN) == [(8, 4, 2, 4)]
    (rows, now), (columns, now_of_x) = boxes(picture, figures.BLUE), boxes(picture, figures.ORANGE)
    assert rows == now == (rows[0], 4, 6, 4)
    assert rows[0] + 6 < 0  # the weight lies left of y
    assert columns == now_of_x == (8, columns[1], 2, 6)
    assert columns[1] + 6 < 0  # and x above it


def test_the_depth_marks_channels_in_both_strips_and_parts_of_the_tile_need_parts_of_them():
    picture = draw(depth=(2, 3))
    (rows, now), (columns, now_of_x) = boxes(picture, figures.BLUE), boxes(picture, figures.ORANGE)
    assert (now[0] - rows[0], now[2]) == (2, 3)
    assert (now_of_x[1] - columns[1], now_of_x[3]) == (2, 3)
    picture = draw(tile=(0, 0, 8, 8), inner=[(2, 0, 2, 1), (2, 4, 2, 1)])
    assert boxes(picture, figures.GREEN)[1:] == [(0, 2, 1, 2), (4, 2, 1, 2)]
    assert [box[1] for box in boxes(picture, figures.BLUE)[2:]] == [2]  # both parts have these rows
    assert [box[0] for box in boxes(picture, figures.ORANGE)[2:]] == [0, 4]
