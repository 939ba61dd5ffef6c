"""The checkerboard and the disc: classes that follow from the channels, and what no straight cut can do."""

import math

import pytest
import torch

from companion.nonlinearity import as_pixels, best_cut, checkerboard, disc
from tests.refusals import refusals


def test_the_checkerboard_is_the_exclusive_or_pixel_by_pixel_and_lies_on_stripes():
    x, y = checkerboard(16, cell=2, noise=0.9, seed=3)
    for i in range(16):
        for j in range(16):
            upright, level = (1 if k // 2 % 2 == 0 else -1 for k in (j, i))
            assert abs(x[0, 0, i, j] - upright) <= 0.9
            assert abs(x[0, 1, i, j] - level) <= 0.9
            assert y[0, i, j] == (upright != level)


@pytest.mark.parametrize("seed", range(3))
def test_no_straight_cut_gets_more_than_three_quarters_of_the_checkerboard(seed):
    pixels, labels = as_pixels(*checkerboard(seed=seed))
    assert best_cut(pixels[:, :, 0, 0], labels).accuracy == 75


def test_the_disc_lies_in_the_plane_of_its_channels_and_covers_half_of_it():
    x, y = disc(200, noise=0)
    assert x[0, :, 0, 0].tolist() == pytest.approx([-0.995, -0.995])
    assert x[0, :, 0, -1].tolist() == pytest.approx([0.995, -0.995]), "channel 1 rises to the right"
    assert x[0, :, 100, 100].tolist() == pytest.approx([0.005, 0.005])
    radius = math.sqrt(2 / math.pi)
    inside = [[math.hypot(*x[0, :, i, j].tolist()) < radius for j in range(0, 200, 7)] for i in range(0, 200, 7)]
    assert y[0, ::7, ::7].tolist() == inside
    assert y.double().mean() == pytest.approx(0.5, abs=0.002)
    x, y = disc(32, noise=0.3, seed=5)
    clean, _ = disc(32, noise=0)
    assert 0.2 < (x - clean).abs().max() <= 0.3
    assert torch.equal(y, (x[:, 0] ** 2 + x[:, 1] ** 2 < 2 / math.pi).long())


@pytest.mark.parametrize("task", [checkerboard, disc])
def test_the_seed_alone_decides_the_noise(task):
    before = torch.get_rng_state()
    (x, y), (again, _), (other, _) = task(seed=1), task(seed=1), task(seed=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(x, again)
    assert not torch.equal(x, other)
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((1, 2, 32, 32), torch.float32, (1, 32, 32), torch.int64)


def test_pixels_come_row_by_row_picture_by_picture_with_their_classes():
    x, y = torch.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5), torch.arange(2 * 4 * 5).reshape(2, 4, 5)
    pixels, labels = as_pixels(x, y)
    wanted = [x[n, :, i, j].tolist() for n in range(2) for i in range(4) for j in range(5)]
    assert pixels[:, :, 0, 0].tolist() == wanted
    assert pixels.shape == (40, 3, 1, 1)
    assert labels.tolist() == list(range(40))


test_bad_input_is_named = refusals(
    (lambda: checkerboard(12, cell=4), r"multiple of 2 \* cell, got size=12 and cell=4"),
    (lambda: checkerboard(cell=0), "cell must be at least 1, got 0"),
    (lambda: checkerboard(noise=1), "noise must be at least 0 and below 1, got 1"),
    (lambda: checkerboard(noise=-0.1), "got -0.1"),
    (lambda: checkerboard(seed=-1), "seed must be at least 0, got -1"),
    (lambda: disc(8.0), "size must be an int, got float", TypeError),
    (lambda: disc(noise=math.inf), "noise must be at least 0 and finite, got inf"),
    (lambda: disc(noise=-1), "got -1"),
    (lambda: as_pixels(torch.zeros(1, 2, 4, 4), torch.zeros(1, 4, 5)), r"\(1, 4, 4\), .* \(1, 4, 5\)"),
)
