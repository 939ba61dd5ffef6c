"""Histograms: heights are shares of each sample."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from companion import figures
from companion.figures import SERIES


def draw(panels, **settings):
    return figures.histograms(panels, **{"label": "gate", "window": (0, 1), "alt": "a", **settings}).figure


def heights(outline):
    """Heights of the bins, from the corners of an outline that starts and ends on the ground."""
    return outline.get_xy()[1:-1:2, 1].tolist()


def test_an_outline_is_as_high_as_the_share_of_values_in_its_bin():
    figure = draw({"one": {"a": [0.01, 0.02, 0.03, 1], "b": [0.99]}})
    first, second = figure.axes[0].patches
    assert heights(first) == [75, *[0] * 18, 25], "the ends of the window count"
    assert heights(second) == [*[0] * 19, 100]
    assert np.unique(first.get_xy()[:, 0]).tolist() == pytest.approx([i / 20 for i in range(21)])
    assert [to_hex(outline.get_edgecolor()) for outline in (first, second)] == list(SERIES[:2])
    assert first.get_linestyle() != second.get_linestyle(), "colour alone must not tell them apart"


def test_each_panel_has_its_title_and_the_samples_are_named_once():
    figure = draw({"first": {"zeros": [0.5], "ones": [0.5]}, "second": {"zeros": [0.5], "ones": [0.5]}})
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["first", "second"]
    assert [axis.get_xlabel() for axis in figure.axes] == ["gate", "gate"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["zeros", "ones"]
    assert all(axis.get_xlim() == (0, 1) for axis in figure.axes)
