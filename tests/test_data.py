"""The digits, their split, the two photographs and the canvas."""

import re
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.data import ATTRIBUTION, Split, digit_canvas, digits, lamp_digits, photograph
from tests.refusals import refusals


def as_rows(pictures):
    """Pictures as tuples of pixels, to be counted and looked up."""
    return [tuple(picture.flatten().tolist()) for picture in pictures]


def test_the_split_holds_every_digit_once():
    split = digits()
    found = sorted(
        (*row, label)
        for x, y in [(split.train_x, split.train_y), (split.test_x, split.test_y)]
        for row, label in zip(as_rows(x), y.tolist(), strict=True)
    )
    bunch = sklearn.datasets.load_digits()
    rows = zip((bunch.data / 16).tolist(), bunch.target.tolist(), strict=True)
    wanted = sorted((*row, label) for row, label in rows)
    assert found == wanted  # sixteenths are exact in float32, and no two digits are equal
    assert len(set(as_rows(torch.cat([split.train_x, split.test_x])))) == 1797


def test_shapes_types_and_range_are_as_documented():
    split = digits(train_size=321)
    assert (split.train_x.shape, split.train_y.shape) == ((321, 1, 8, 8), (321,))
    assert (split.test_x.shape, split.test_y.shape) == ((500, 1, 8, 8), (500,))
    assert split.train_x.dtype == split.test_x.dtype == torch.float32
    assert split.train_y.dtype == split.test_y.dtype == torch.int64
    assert split.train_x.min() == 0
    assert split.train_x.max() == 1
    assert split.num_classes == 10


@settings(max_examples=15, deadline=None)
@given(train_size=st.integers(10, 1297), seed=st.integers(0, 2**32 - 1))
def test_each_class_has_its_share_in_both_parts(train_size, seed):
    split = digits(train_size=train_size, seed=seed)
    everything = np.bincount(sklearn.datasets.load_digits().target)
    for labels in (split.train_y, split.test_y):
        counts = np.bincount(labels.numpy(), minlength=10)
        assert np.abs(counts - everything * len(labels) / 1797).max() < 2
        assert counts.min() >= 1


def test_a_small_training_part_begins_a_larger_one_and_the_test_part_stays():
    small, large = digits(train_size=50, seed=3), digits(seed=3)
    for part, length in (("train_x", 50), ("train_y", 50), ("test_x", 500), ("test_y", 500)):
        assert torch.equal(getattr(small, part), getattr(large, part)[:length])
    assert (len(large.train_y), len(large.test_y)) == (1297, 500)


def test_the_seed_decides_the_split_on_every_machine():
    first, again, other = digits(seed=1), digits(seed=1), digits(seed=2)
    assert torch.equal(first.test_x, again.test_x)
    assert torch.equal(first.train_x, again.train_x)
    assert set(as_rows(first.test_x)) != set(as_rows(other.test_x))
    split = digits()
    ink = [(pictures[:8] * 16).sum((1, 2, 3)).tolist() for pictures in (split.train_x, split.test_x)]
    assert ink == [[304, 347, 329, 333, 268, 262, 299, 283], [305, 326, 254, 278, 321, 334, 260, 318]]


def test_digits_leaves_the_random_numbers_alone():
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    digits(seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.random.get_state()[1].tolist() == numpy_before  # noqa: NPY002


@pytest.mark.parametrize("name", ["flower", "china"])
def test_a_photograph_holds_scikit_learns_pixels(name):
    picture = photograph(name)
    pixels = sklearn.datasets.load_sample_image(f"{name}.jpg")
    assert picture.shape == (1, 3, 427, 640)
    assert picture.dtype == torch.float32
    assert picture.is_contiguous()
    assert torch.equal((picture[0] * 255).round().byte().permute(1, 2, 0), torch.tensor(pixels))


def test_a_smaller_photograph_averages_the_pixels_that_it_covers():
    whole = photograph("china").double()[0]
    small = photograph("china", size=(61, 64))  # 427 / 7 and 640 / 10
    assert small.shape == (1, 3, 61, 64)
    for row, column in [(0, 0), (30, 17), (60, 63)]:
        block = whole[:, row * 7 : row * 7 + 7, column * 10 : column * 10 + 10]
        torch.testing.assert_close(small[0, :, row, column].double(), block.mean((1, 2)), rtol=0, atol=1e-6)


def test_the_photograph_is_the_flower_at_its_own_size_unless_you_say_otherwise():
    assert torch.equal(photograph(), photograph("flower", size=(427, 640)))


def test_attributions_say_what_scikit_learns_readme_says():
    readme = (Path(sklearn.datasets.__file__).parent / "images" / "README.txt").read_text()
    sections = dict(re.findall(r"Image: (\w+)\.jpg\n(.*?)(?=Image:|\Z)", readme, re.S))
    assert sections.keys() == ATTRIBUTION.keys()
    for name, ours in ATTRIBUTION.items():
        author = re.search(r"reserved by (\w+)", sections[name]).group(1)
        assert author in ours
        assert "Retrieved 21st August, 2011" in sections[name]
        assert "Retrieved 21st August, 2011" in ours
        links = re.findall(r"https://\S+", sections[name])
        assert sorted(re.findall(r"https://[\w./-]*/", ours)) == sorted(links)


def test_a_canvas_is_dark_but_for_the_digits_at_their_places():
    pictures = digits().test_x[:3]
    positions = [(0, 0), (5, 20), (12, 9)]
    canvas = digit_canvas(pictures, positions, size=(20, 28))
    wanted = torch.zeros(20, 28)
    for picture, (row, column) in zip(pictures, positions, strict=True):
        wanted[row : row + 8, column : column + 8] = picture[0]
    assert canvas.shape == (1, 1, 20, 28)
    assert torch.equal(canvas[0, 0], wanted)


def test_where_two_pictures_overlap_the_brighter_pixel_wins_and_the_pictures_stay():
    bright, dim = torch.full((1, 2, 2), 0.75), torch.full((1, 2, 2), 0.25)
    for pictures in ([bright, dim], [dim, bright]):
        positions = [(0, 0), (0, 1)] if pictures[0] is bright else [(0, 1), (0, 0)]
        canvas = digit_canvas(torch.stack(pictures), positions, size=(2, 3))
        assert canvas[0, 0].tolist() == [[0.75, 0.75, 0.25]] * 2
    pictures = digits().test_x[:2]
    before = pictures.clone()
    digit_canvas(pictures, [(0, 0), (0, 0)], size=(8, 8)).add_(1)
    assert torch.equal(pictures, before)


def canvas(positions, size=(16, 16)):
    return digit_canvas(torch.zeros(2, 1, 8, 8), positions, size=size)


test_bad_arguments_are_named = refusals(
    (lambda: digits(train_size=9), "train_size must be at least 10, got 9"),
    (lambda: digits(train_size=1298), "train_size must be at most 1297, got 1298"),
    (lambda: digits(train_size=0.5), "train_size must be an int, got float", TypeError),
    (lambda: digits(seed=-1), "seed must be at least 0, got -1"),
    (lambda: digits(seed=None), "seed must be an int, got NoneType", TypeError),
    (lambda: photograph("cat"), r"name must be one of \['china', 'flower'\], got 'cat'"),
    (lambda: photograph(size=(428, 640)), r"size must be at most \(427, 640\), got \(428, 640\)"),
    (lambda: photograph(size=(427, 641)), r"size must be at most \(427, 640\), got \(427, 641\)"),
    (lambda: photograph(size=(0, 64)), r"size\[0\] must be at least 1, got 0"),
    (lambda: photograph(size=64), "size must be two ints .* got int", TypeError),
    (lambda: photograph(size="64"), "size must be two ints .* got str", TypeError),
    (lambda: canvas([(0, 0)]), "positions must be one per picture, got 1 for 2 pictures"),
    (lambda: canvas([(0, 0), (9, 0)]), r"positions\[1\] must leave room .* got \(9, 0\)"),
    (lambda: canvas([(0, 9), (0, 0)]), r"positions\[0\] must leave room .* got \(0, 9\)"),
    (lambda: canvas([(0, 0), (-1, 0)]), r"positions\[1\]\[0\] must be at least 0, got -1"),
    (lambda: canvas([(0, 0), 3]), r"positions\[1\] must be two ints .* got int", TypeError),
    (lambda: canvas([(0, 0), (0, 8)], size=16), "size must be two ints .* got int", TypeError),
    (lambda: digit_canvas(torch.zeros(1, 8, 8), [(0, 0)], size=(8, 8)), "pictures must have"),
)


def split(**change):
    train = {"train_x": torch.zeros(4, 1, 8, 8), "train_y": torch.zeros(4).long()}
    test = {"test_x": torch.zeros(2, 1, 8, 8), "test_y": torch.zeros(2).long()}
    return lambda: Split(**(train | test | change))


test_a_split_refuses_parts_that_do_not_fit = refusals(
    (split(train_x=np.zeros((4, 1, 8, 8))), "train_x must be a torch.Tensor, got ndarray", TypeError),
    (split(train_x=torch.zeros(4, 64)), r"train_x must have shape \(N, C, H, W\), got \(4, 64\)"),
    (split(test_x=torch.zeros(2, 1, 8, 8).byte()), "test_x must be floating point, got torch.uint8", TypeError),
    (split(train_y=torch.zeros(4)), "train_y must be torch.int64, got torch.float32", TypeError),
    (split(test_y=torch.zeros(3).long()), "test_x and test_y must be equally many.* got 2 and 3"),
    (split(train_y=torch.tensor([0, 1, 2, -1])), "train_y must hold classes from 0, got -1"),
    (split(test_x=torch.zeros(2, 1, 9, 8)), r"one shape .* got \(1, 8, 8\) and \(1, 9, 8\)"),
    (split(test_x=torch.zeros(0, 1, 8, 8), test_y=torch.zeros(0).long()), "1, got 0 and 0"),
)


def test_the_lamp_says_which_of_two_digits_gives_the_class():
    plain, split = digits(train_size=200, validation=50, draw=3), lamp_digits(train_size=200, validation=50, draw=3)
    for part in ("train", "val", "test"):
        x, y = getattr(plain, f"{part}_x"), getattr(plain, f"{part}_y")
        shown, asked = getattr(split, f"{part}_x"), getattr(split, f"{part}_y")
        labels = dict(zip(as_rows(x), y.tolist(), strict=True))
        green = torch.tensor([labels[row] for row in as_rows(shown[:, 1:2])])
        lit = shown[:, 2, :, 0].all(dim=1)
        assert torch.equal(shown[:, :1], x)
        assert sorted(as_rows(shown[:, 1:2])) == sorted(as_rows(x)), "each digit is green once"
        assert torch.equal(asked, torch.where(lit, green, y))
        assert shown[:, 2].sum() == 8 * lit.sum(), "a column of eight pixels, or nothing"
        assert 0.3 < lit.float().mean() < 0.7


def test_another_draw_of_lamps_leaves_the_test_pictures_alone():
    first, second = (lamp_digits(train_size=200, draw=draw) for draw in (0, 1))
    assert torch.equal(first.test_x, second.test_x)
    assert not torch.equal(first.train_x, second.train_x)
    assert torch.equal(first.train_x, lamp_digits(train_size=200, draw=0).train_x)
