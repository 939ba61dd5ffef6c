"""Blocks with branches: every box of every path, in order, between the input and the place where they meet."""

import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.path import Path

from companion import figures
from companion.figures import BLUE

PATHS = [["1×1, 8"], ["1×1, 4", "3×3, 16"], []]


def drawn(paths=PATHS, **options):
    axis = figures.branches(paths, source="input", merge="stack", alt="a", **options).figure.axes[0]
    boxes = [patch for patch in axis.patches if isinstance(patch, Rectangle)]
    words = [text.get_text() for text in axis.texts]
    assert len(boxes) == len(words)
    for box, text in zip(boxes, axis.texts, strict=True):
        middle = box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2
        assert text.get_position() == pytest.approx(middle), "words stand in the middle of their box"
    paths = [patch.get_path() for patch in axis.patches if isinstance(patch, FancyArrowPatch)]
    arrows = [path.vertices[path.codes != Path.CLOSEPOLY] for path in paths]
    return axis, dict(zip(words, boxes, strict=True)), arrows


def sides(box):
    return box.get_x(), box.get_x() + box.get_width()


def test_each_path_is_a_row_of_boxes_from_left_to_right():
    _, boxes, _ = drawn()
    assert set(boxes) == {"input", "stack", "1×1, 8", "1×1, 4", "3×3, 16"}
    assert boxes["1×1, 4"].get_y() == boxes["3×3, 16"].get_y() < boxes["1×1, 8"].get_y()
    order = [sides(boxes[name]) for name in ("input", "1×1, 4", "3×3, 16", "stack")]
    ends = [side for pair in order for side in pair]
    assert ends == sorted(ends)
    assert len(set(ends)) == len(ends), "no two boxes touch"
    assert boxes["1×1, 8"].get_width() == pytest.approx(boxes["3×3, 16"].get_width())


def test_arrows_lead_from_the_input_through_every_path_to_the_end():
    _, boxes, arrows = drawn()
    rows = {}
    for line in arrows:
        rows.setdefault(round(float(line[0, 1]), 6), []).append((line[:, 0].min(), line[:, 0].max()))
    first, last = sides(boxes["input"])[1], sides(boxes["stack"])[0]
    assert sorted(len(lines) for lines in rows.values()) == [1, 2, 3]
    for lines in rows.values():
        lines.sort()
        assert lines[0][0] == pytest.approx(first, abs=0.05)
        assert lines[-1][1] == pytest.approx(last, abs=0.05)
    heights = sorted(rows)
    one, two = boxes["1×1, 4"], boxes["3×3, 16"]
    begins, ends = zip(*rows[heights[1]], strict=True)
    assert begins == pytest.approx((first, sides(one)[1], sides(two)[1]), abs=0.05)
    assert ends == pytest.approx((sides(one)[0], sides(two)[0], last), abs=0.05)
    assert heights[0] < boxes["1×1, 4"].get_y() < heights[1] < boxes["1×1, 8"].get_y() < heights[2]
    assert [len(rows[height]) for height in heights] == [1, 3, 2], "the empty path is one arrow, at the bottom"


def test_both_ends_reach_over_all_paths_and_all_stays_within_the_picture():
    axis, boxes, arrows = drawn()
    for name in ("input", "stack"):
        low, high = boxes[name].get_y(), boxes[name].get_y() + boxes[name].get_height()
        assert all(low < line[0, 1] < high for line in arrows)
    for box in boxes.values():
        assert axis.get_xlim()[0] < box.get_x()
        assert sides(box)[1] < axis.get_xlim()[1]
        assert axis.get_ylim()[0] < box.get_y()
        assert box.get_y() + box.get_height() < axis.get_ylim()[1]


def test_the_highlight_colours_the_boxes_that_begin_so_and_a_path_may_be_empty():
    _, boxes, _ = drawn(highlight="1×1")
    blue = {name for name, box in boxes.items() if to_hex(box.get_facecolor()) == BLUE}
    assert blue == {"1×1, 8", "1×1, 4"}
    _, boxes, _ = drawn()
    assert not any(to_hex(box.get_facecolor()) == BLUE for box in boxes.values())
    _, boxes, arrows = drawn([[]])
    assert (len(boxes), len(arrows)) == (2, 1)
