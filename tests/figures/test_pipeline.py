"""The pipeline: which tile is on its way in which turn."""

import pytest

from companion import figures
from companion.figures import BLUE


def draw(*args):
    return figures.pipeline(*args, alt="a").figure


@pytest.mark.parametrize(
    ("stages", "starts"), [(2, [-1, 0, 1, 2, 3]), (3, [-1, -1, 0, 1, 2]), (4, [-1, -1, -1, 0, 1])]
)
def test_a_tile_sets_out_its_stages_ahead_and_is_multiplied_in_its_turn(stages, starts):
    (axis,) = draw(5, stages).axes
    boxes = [bar.get_datalim(axis.transData).intervalx.tolist() for bar in axis.collections]
    assert boxes[0::2] == [[start, tile] for tile, start in enumerate(starts)]
    assert boxes[1::2] == [[tile, tile + 1] for tile in range(5)]
    rows = [bar.get_datalim(axis.transData).intervaly.mean() for bar in axis.collections]
    assert rows == pytest.approx([tile for tile in range(5) for _ in "ab"])


def test_rows_and_turns_are_named():
    (axis,) = draw(4, 3).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == [f"tile {i}" for i in range(4)]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["before", "0", "1", "2", "3"]
    bottom, top = axis.get_ylim()
    assert bottom > top, "the first tile on top"
    (legend,) = [text for text in axis.texts if text.get_color() == BLUE]
    assert legend.get_text() == "blue: multiplied"
    assert [text.get_text() for text in axis.texts].count("on its way") == 4
