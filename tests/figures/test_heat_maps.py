"""Heat maps: one scale for all, around zero, which has no colour of its own."""

import numpy as np
import pytest

from companion import figures


def drawn(maps):
    figure = figures.heat_maps(maps, xlabel="channel", ylabel="class", label="gate", alt="a").figure
    return figure, [axis.images[0] for axis in figure.axes if axis.images]


def test_all_maps_share_one_scale_around_zero():
    _, images = drawn({"a": [[1, -1]], "b": [[0, 3]]})
    assert [image.get_clim() for image in images] == [(-3, 3), (-3, 3)]
    np.testing.assert_array_equal(images[1].get_array(), [[0, 3]])


def test_zero_is_clear_and_the_signs_have_colours_of_their_own():
    _, (image,) = drawn({"a": [[1, -1]]})
    below, zero, above = (image.cmap(value) for value in (0.0, 0.5, 1.0))
    assert zero[3] == pytest.approx(0, abs=0.01)
    assert below[3] == above[3] == 1
    assert below[:3] != above[:3]


def test_axes_and_scale_say_what_they_are():
    figure, _ = drawn({"first layer": [[1, -1]], "second": [[1, 0]]})
    words = {axis.get_title(loc="left") for axis in figure.axes}
    words |= {text for axis in figure.axes for text in (axis.get_xlabel(), axis.get_ylabel())}
    assert {"channel", "class", "gate", "first layer", "second"} <= words


def test_maps_of_zeros_can_be_drawn():
    _, (image,) = drawn({"a": [[0, 0]]})
    assert image.get_clim() == (-1, 1)
