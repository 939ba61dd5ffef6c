"""A way with stops: its boxes, arrows and words."""

import pytest
from matplotlib.patches import FancyArrowPatch, Rectangle

from companion import figures

STOPS = [("memory", "x"), ("shared\nmemory", "a tile,\ntwice"), ("registers", "8 + 8 floats"), ("memory", "y")]
MOVES = ["3,072", "16\na thread", "64"]


def draw(stops=STOPS, moves=MOVES):
    return figures.journey(stops, moves, alt="Four boxes in a row with arrows.")


def test_stops_stand_in_order_with_an_arrow_between_neighbours():
    axis = draw().figure.axes[0]
    lefts = [patch.get_x() for patch in axis.patches if isinstance(patch, Rectangle)]
    assert lefts == sorted(lefts)
    assert len(lefts) == 4
    assert sum(isinstance(patch, FancyArrowPatch) for patch in axis.patches) == 3
    words = [text.get_text() for text in axis.texts]
    assert sorted(words) == sorted([*MOVES, *(word for stop in STOPS for word in stop)])


def test_no_word_leaves_the_figure_or_lies_on_another():
    figure = draw().figure
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    width, height = figure.get_size_inches() * figure.dpi
    for i, box in enumerate(boxes):
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


@pytest.mark.parametrize(
    ("stops", "moves", "message"),
    [
        (STOPS[:1], [], "stops must be 2 to 4, got 1"),
        (STOPS * 2, MOVES, "stops must be 2 to 4, got 8"),
        (STOPS, MOVES[:2], "moves must be one fewer than stops, got 2 for 4"),
    ],
)
def test_what_can_not_be_drawn_is_refused(stops, moves, message):
    with pytest.raises(ValueError, match=message):
        draw(stops, moves)
