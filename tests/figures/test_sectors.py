"""Sectors drawn: each wanted float, each fetched sector, and the words that count them."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from companion import figures


def draw(arrays, **options):
    return figures.sectors(arrays, alt="Rows of memory with coloured floats.", **options)


def boxes(picture, colour):
    patches = [patch for patch in picture.figure.axes[0].patches if to_hex(patch.get_facecolor()) == colour]
    return [(patch.get_x(), patch.get_y(), patch.get_width()) for patch in patches]


def words(picture):
    return [text.get_text() for text in picture.figure.axes[0].texts]


def test_neighbours_share_their_sectors_and_arrays_no_place():
    picture = draw({"x": (range(64, 96), 64)})
    assert sorted(x for x, _, _ in boxes(picture, figures.BLUE)) == list(range(32))
    assert [(x, wide) for x, _, wide in boxes(picture, figures.ORANGE)] == [(0, 8), (8, 8), (16, 8), (24, 8)]
    assert words(picture) == ["x: 4 sectors for 32 floats", "row 1"]
    picture = draw({"a": ([0], 8), "b": ([0], 8), "c": ([0], 8)})
    assert len({y for _, y, _ in boxes(picture, figures.BLUE)}) == 3


def test_threads_a_row_apart_need_a_sector_each_and_long_arrays_are_cut():
    picture = draw({"weight": ([256 * o + 21 for o in range(32)], 256)}, rows=3)
    title, *names, rest = words(picture)
    assert (title, rest) == ("weight: 32 sectors for 32 floats", "and so on for 29 more rows")
    assert names == ["row 0", "row 1", "row 2"]
    blue, orange = boxes(picture, figures.BLUE), boxes(picture, figures.ORANGE)
    assert [x for x, _, _ in blue] == [5, 5, 5]  # the drawing begins at float 16, where the sector does
    assert [(x, wide) for x, _, wide in orange] == [(0, 8)] * 3
    assert [y for _, y, _ in blue] == [y for _, y, _ in orange] == sorted({y for _, y, _ in blue})


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_one_float_for_all_threads_is_one_float(kind):
    assert words(draw({"x": (kind([9] * 32), 16)})) == ["x: 1 sector for 1 float", "row 0"]
