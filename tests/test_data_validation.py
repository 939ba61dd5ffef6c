"""Validation parts, draws of the training part, and Fashion-MNIST read from files of its own format."""

import gzip

import numpy as np
import pytest
import torch

from companion import data
from tests.refusals import refusals

PARTS = ("train", "val", "test")
LABEL = torch.tensor([0])


def pictures(split, part):
    return {tuple(x.flatten().tolist()) for x in getattr(split, f"{part}_x")}


def test_digits_are_set_aside_to_choose_by_and_no_part_shares_a_picture():
    split, without = data.digits(validation=297), data.digits()
    assert [len(getattr(split, f"{part}_y")) for part in PARTS] == [1000, 297, 500]
    assert torch.equal(split.test_x, without.test_x)
    parts = [pictures(split, part) for part in PARTS]
    assert sum(map(len, parts)) == len(set().union(*parts))
    assert pictures(split, "train") | pictures(split, "val") == pictures(without, "train")
    assert split.val_y.bincount().min() >= 28
    assert repr(split) == "Split(1000 to train, 500 to test, 297 to choose by, pictures (1, 8, 8), 10 classes)"


def test_a_draw_changes_the_training_pictures_alone():
    splits = [data.digits(train_size=100, validation=297, draw=draw) for draw in (0, 1, 2)]
    for split in splits[1:]:
        assert torch.equal(split.test_x, splits[0].test_x)
        assert torch.equal(split.val_x, splits[0].val_x)
        assert split.train_y.bincount().tolist() == pytest.approx([10] * 10, abs=1)
        assert len(pictures(split, "train") & pictures(splits[0], "train")) < 30
    again = data.digits(train_size=50, validation=297, draw=2)
    assert torch.equal(again.train_x, splits[2].train_x[:50]), "the beginning of the larger part"
    full = [pictures(data.digits(validation=297, draw=draw), "train") for draw in (0, 1)]
    assert full[0] == full[1], "there is no choice where all are taken"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Fashion-MNIST in small: picture i of a part is grey i, and its class i % 10."""
    for name, count in (("train", 200), ("t10k", 30)):
        images = np.repeat(np.arange(count, dtype=np.uint8), 28 * 28).tobytes()
        labels = (np.arange(count, dtype=np.uint8) % 10).tobytes()
        (tmp_path / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(16) + images))
        (tmp_path / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(8) + labels))
    monkeypatch.setenv("COMPANION_FASHION_MNIST", str(tmp_path))
    return tmp_path


def test_fashion_mnist_is_read_from_the_named_folder(folder):
    assert data.fashion_mnist_folder() == folder
    split = data.fashion_mnist(train_size=100, validation=50)
    assert [len(getattr(split, f"{part}_y")) for part in PARTS] == [100, 50, 30]
    assert split.train_x.shape == (100, 1, 28, 28)
    for part in PARTS:
        grey = (255 * getattr(split, f"{part}_x")[:, 0, 0, 0]).round().long()
        assert torch.equal(grey % 10, getattr(split, f"{part}_y")), "each picture with its own label"
        assert torch.equal(getattr(split, f"{part}_x").amax(dim=(1, 2, 3)), getattr(split, f"{part}_x")[:, 0, 0, 0])
    assert not pictures(split, "train") & pictures(split, "val")
    assert split.train_y.bincount().tolist() == [10] * 10
    assert split.val_y.bincount().tolist() == [5] * 10
    assert torch.equal(split.test_x[:, 0, 0, 0] * 255, torch.arange(30.0))


def test_another_draw_of_fashion_mnist_takes_other_training_pictures(folder):
    first, second = (data.fashion_mnist(train_size=50, validation=50, draw=draw) for draw in (0, 1))
    assert torch.equal(first.val_x, second.val_x)
    assert pictures(first, "train") != pictures(second, "train")


def test_without_the_files_one_sentence_says_how_to_get_them(folder):
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    assert data.fashion_mnist_folder() is None
    words = "apt-get install dataset-fashion-mnist; elsewhere, name the folder"
    with pytest.raises(FileNotFoundError, match=words):
        data.fashion_mnist()


test_bad_arguments_are_named = pytest.mark.usefixtures("folder")(
    refusals(
        (lambda: data.digits(validation=1288), "validation must be at most 1287, got 1288"),
        (lambda: data.digits(validation=-1), "validation must be at least 0, got -1"),
        (lambda: data.digits(train_size=1001, validation=297), "train_size must be at most 1000, got 1001"),
        (lambda: data.digits(draw=-1), "draw must be at least 0, got -1"),
        (lambda: data.fashion_mnist(train_size=151, validation=50), "train_size must be at most 150, got 151"),
        (lambda: data.fashion_mnist(train_size=9, validation=0), "train_size must be at least 10, got 9"),
        (
            lambda: data.Split(*[torch.zeros(1, 1, 8, 8), LABEL] * 2, torch.zeros(1, 1, 4, 4), LABEL),
            r"train_x and val_x must hold pictures of one shape \(C, H, W\), got \(1, 8, 8\) and \(1, 4, 4\)",
        ),
    )
)
