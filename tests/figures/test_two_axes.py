"""The table of places and channels: its words, its two marks, its room."""

import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from companion import figures

WORDS = {"along": "1×1 convolution", "across": "3×3 convolution\nlooks sideways"}


def draw(place="pixel", channel="channel", **words):
    return figures.two_axes(place, channel, **WORDS | words, alt="A table with a marked row and column.")


def test_every_word_is_drawn_and_in_its_colour():
    axis = draw().figure.axes[0]
    texts = {text.get_text(): to_hex(text.get_color()) for text in axis.texts}
    assert texts == {
        "a pixel": figures.INK,
        "a channel": figures.INK,
        WORDS["along"]: figures.BLUE,
        WORDS["across"]: figures.ORANGE,
    }


def test_one_whole_row_and_one_whole_column_are_marked():
    axis = draw().figure.axes[0]
    frames = [patch for patch in axis.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
    sizes = {to_hex(patch.get_edgecolor()): (patch.get_width(), patch.get_height()) for patch in frames}
    assert sizes == {figures.BLUE: (8, 1), figures.ORANGE: (1, 4)}
    filled = [patch for patch in axis.patches if patch.get_fill()]
    assert len(filled) == 8 + 4  # the crossing is in both


@pytest.mark.parametrize("name", ["place", "channel", "along", "across"])
def test_an_empty_word_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} must not be empty, got ' '"):
        draw(**{name: " "})


def test_no_word_leaves_the_figure_or_lies_on_another():
    figure = draw("patch", "feature", along="channel MLP:\ntwo 1×1 convolutions", across="token MLP").figure
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    width, height = figure.get_size_inches() * figure.dpi
    for i, box in enumerate(boxes):
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
