"""A way with stops: its boxes, arrows and words."""

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
