"""The table of places and channels: its words, its two marks, its room."""

from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from companion import figures

WORDS = {"along": "1×1 convolution", "across": "3×3 convolution\nlooks sideways"}


def draw(place="pixel", channel="channel", **words):
    return figures.two_axes(place, channel, **WORDS | words, alt="A table with a marked row and column.")


def test_every_word_is_drawn_in_its_colour_and_one_whole_row_and_column_are_marked():
    axis = draw().figure.axes[0]
    texts = {text.get_text(): to_hex(text.get_color()) for text in axis.texts}
    assert texts == dict.fromkeys(("a pixel", "a channel"), figures.INK) | {
        WORDS["along"]: figures.BLUE,
        WORDS["across"]: figures.ORANGE,
    }
    frames = [patch for patch in axis.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
    sizes = {to_hex(patch.get_edgecolor()): (patch.get_width(), patch.get_height()) for patch in frames}
    assert sizes == {figures.BLUE: (8, 1), figures.ORANGE: (1, 4)}
    filled = [patch for patch in axis.patches if patch.get_fill()]
    assert len(filled) == 8 + 4  # the crossing is in both
