"""The worked pixel: every number of the maps, the matrix and the product, and the lit pixel on its way."""

import numpy as np

from companion import figures

X = [[[2, 0], [1, 3]], [[1, 2], [0, 1]], [[0, 1], [2, 2]]]
WEIGHT = [[1, 2, 0], [0, -1, 1]]


def test_all_numbers_stand_in_their_places_and_the_product_is_right():
    axis = figures.worked_pixel(X, WEIGHT, at=(1, 1), alt="a").figure.axes[0]
    words = [text.get_text() for text in axis.texts]
    numbers = [int(word.replace("\N{MINUS SIGN}", "-")) for word in words if word.strip("\N{MINUS SIGN}").isdigit()]
    y = np.tensordot(WEIGHT, X, axes=1)
    pixel = [channel[1][1] for channel in X]
    assert numbers == [*np.ravel(X), *np.ravel(WEIGHT), *pixel, *y[:, 1, 1], *y.ravel()]
    assert [word for word in words if word in ("x", "weight", "y")] == ["x", "weight", "y"]


def test_one_pixel_of_each_map_is_lit_and_the_two_columns():
    axis = figures.worked_pixel(X, WEIGHT, at=(0, 1), alt="a").figure.axes[0]
    lit = [patch for patch in axis.patches if patch.get_facecolor()[3] > 0]
    assert len(lit) == 3 + 3 + 2 + 2
