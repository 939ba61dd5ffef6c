"""A computation with its numbers: what stands in the cells, in which colour, and what joins the columns."""

import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from companion import figures

COLUMNS = [("x", [[[1, -2]], [[3, 4]]]), ("weight", [[[0.5, 0]]]), ("y", [[[7], [8]]])]


def axis_of(**options):
    return figures.number_grids(COLUMNS, ["·", "="], alt="a", **options).figure.axes[0]


def cells(axis):
    """What stands in each cell, with the colour of its edge, from the left, then from above."""
    boxes = sorted((patch.get_x(), patch.get_y(), to_hex(patch.get_edgecolor())) for patch in axis.patches)
    words = {text.get_position(): text.get_text() for text in axis.texts}
    return [(words[x + 0.5, y + 0.5], colour) for x, y, colour in boxes]


def test_a_channel_keeps_its_colour_from_a_stack_to_the_columns_of_a_matrix_and_sums_have_none():
    blue, orange = figures.SERIES[:2]
    assert cells(axis_of()) == [
        *(("1", blue), ("3", orange), ("−2", blue), ("4", orange)),
        *(("0.5", blue), ("0", orange), ("7", figures.INK), ("8", figures.INK)),
    ]


def test_titles_and_signs_stand_between_the_columns_in_order():
    words = [text for text in axis_of().texts if text.get_text() in ("x", "·", "weight", "=", "y")]
    ordered = sorted(words, key=lambda text: text.get_position()[0])
    assert [text.get_text() for text in ordered] == ["x", "·", "weight", "=", "y"]


@pytest.mark.parametrize("bypass", [False, True])
def test_the_bypass_leads_from_the_first_column_to_the_last_sign(bypass):
    axis = axis_of(bypass=bypass)
    assert len(axis.lines) == bypass
    if bypass:
        (sign,) = (text for text in axis.texts if text.get_text() == "=")
        first = [patch.get_x() for patch in axis.patches if isinstance(patch, Rectangle)]
        assert axis.lines[0].get_xdata()[0] == min(first) + 1
        assert axis.lines[0].get_xdata()[-1] == pytest.approx(sign.get_position()[0])


def test_numbers_are_written_as_asked():
    assert "0.50" in [text.get_text() for text in axis_of(write=".2f").texts]
