"""Real pictures without a download: scikit-learn's handwritten digits and its two photographs.

The digits are 1,797 pictures of 8 by 8 pixels, written by 13 people: the test set of "Optical Recognition of
Handwritten Digits" (Alpaydin, 1998), https://archive.ics.uci.edu/ml/datasets/Optical+Recognition+of+Handwritten+Digits.
The split made here is random, so the same hands wrote both of its parts: it says nothing about new hands.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from companion import _checks

# scikit-learn is imported where it is used: a worker process that only needs Split then starts without it.

TEST_SIZE = 500  # pictures, whatever the size of the training part

ATTRIBUTION = {
    "china": (
        "china.jpg, some rights reserved by danielbuechele (https://www.flickr.com/photos/danielbuechele/), "
        "CC BY 2.0 (https://creativecommons.org/licenses/by/2.0/). Retrieved 21st August, 2011 from "
        "https://www.flickr.com/photos/danielbuechele/6061409035/sizes/z/in/photostream/ by Robert Layton."
    ),
    "flower": (
        "flower.jpg, some rights reserved, CC BY 2.0 (https://creativecommons.org/licenses/by/2.0/). "
        "scikit-learn's README gives the name danielbuechele and links it to the account vultilion "
        "(https://www.flickr.com/photos/vultilion/). Retrieved 21st August, 2011 from "
        "https://www.flickr.com/photos/vultilion/6056698931/sizes/z/in/photostream/ by Robert Layton."
    ),
}
"""Who made each photograph and under which licence, as scikit-learn's own README has it."""


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Labelled pictures in a training part and a test part.

    Attributes:
        train_x: training pictures (N, C, H, W), floating point.
        train_y: their classes (N,), int64, from 0.
        test_x: test pictures (M, C, H, W).
        test_y: their classes (M,).

    Raises:
        TypeError: if a field is not a tensor of that kind of number.
        ValueError: if a shape is wrong, a part is empty or a class is negative.
    """

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor

    def __post_init__(self):
        for part in ("train", "test"):
            labelled(f"{part}_x", getattr(self, f"{part}_x"), f"{part}_y", getattr(self, f"{part}_y"))
        if self.train_x.shape[1:] != self.test_x.shape[1:]:
            raise ValueError(
                "train_x and test_x must hold pictures of one shape (C, H, W), "
                f"got {tuple(self.train_x.shape[1:])} and {tuple(self.test_x.shape[1:])}"
            )

    @property
    def num_classes(self) -> int:
        """Number of classes: one more than the largest label."""
        return int(max(self.train_y.max(), self.test_y.max())) + 1

    def __repr__(self) -> str:
        shape = ", ".join(str(n) for n in self.train_x.shape[1:])
        parts = f"{len(self.train_y)} to train, {len(self.test_y)} to test"
        return f"Split({parts}, pictures ({shape}), {self.num_classes} classes)"


def labelled(x_name: str, x: Tensor, y_name: str, y: Tensor) -> None:
    """Check pictures ``x`` (N, C, H, W) against their classes ``y`` (N,), as ``Split`` describes them."""
    _checks.tensor(x_name, x, "(N, C, H, W)")
    _checks.tensor(y_name, y, "(N,)")
    if not x.is_floating_point():
        raise TypeError(f"{x_name} must be floating point, got {x.dtype}")
    if y.dtype != torch.int64:
        raise TypeError(f"{y_name} must be torch.int64, got {y.dtype}")
    if len(x) != len(y) or len(x) == 0:
        raise ValueError(f"{x_name} and {y_name} must be equally many, at least 1, got {len(x)} and {len(y)}")
    if y.min() < 0:
        raise ValueError(f"{y_name} must hold classes from 0, got {int(y.min())}")


def digits(*, train_size: int | None = None, seed: int = 0) -> Split:
    """Return the 1,797 digits, split by class: always 500 to test, up to 1,297 to train.

    The test part depends on ``seed`` alone. A smaller training part is the beginning of a larger one, with
    each class at its share to within a picture or two.

    Args:
        train_size: number of training pictures, from 10 (one per class) to 1,297; all 1,297 if not given.
        seed: which split.

    Returns:
        Split of float32 pictures (N, 1, 8, 8) in [0, 1] and int64 classes 0 to 9.

    Raises:
        TypeError: if ``train_size`` or ``seed`` is not an int.
        ValueError: if ``train_size`` is out of range or ``seed`` is negative.

    >>> digits(train_size=100)
    Split(100 to train, 500 to test, pictures (1, 8, 8), 10 classes)
    """
    from sklearn.datasets import load_digits
    from sklearn.utils import check_random_state

    # A seeded RandomState draws the same numbers in every NumPy; the newer generators don't promise it.
    random = check_random_state(_checks.integer("seed", seed, at_least=0))
    bunch = load_digits()
    x = torch.from_numpy(bunch.images).to(torch.float32)[:, None] / 16  # (1797, 1, 8, 8), grey levels 0 to 16
    y = torch.from_numpy(bunch.target).to(torch.int64)  # (1797,)

    shuffled = torch.from_numpy(random.permutation(len(y)))
    dealt = shuffled[_dealt(y[shuffled])]
    test, train = dealt[:TEST_SIZE], dealt[TEST_SIZE:]
    if train_size is not None:
        train_size = _checks.integer("train_size", train_size, at_least=10)
        if train_size > len(train):
            raise ValueError(f"train_size must be at most {len(train)}, got {train_size}")
    train = train[_dealt(y[train])][:train_size]
    return Split(x[train], y[train], x[test], y[test])


def _dealt(labels: Tensor) -> Tensor:
    """Return an order (N,) in which each beginning holds every class at its share, to about one."""
    rank = torch.empty(len(labels), dtype=torch.float64)
    for label in labels.unique():
        members = (labels == label).nonzero().flatten()
        rank[members] = (torch.arange(len(members), dtype=torch.float64) + 0.5) / len(members)
    return rank.argsort(stable=True)


def photograph(name: str = "flower", *, size: Sequence[int] | None = None) -> Tensor:
    """Return one of scikit-learn's two photographs; name its author where you show it (``ATTRIBUTION``).

    Args:
        name: "flower" or "china".
        size: (H, W) to shrink the picture to, each pixel the mean of those that it covers. The original is
            427 high and 640 wide; another ratio squeezes the picture.

    Returns:
        float32 tensor of shape (1, 3, H, W) in [0, 1]: red, green, blue.

    Raises:
        TypeError: if ``size`` is not two ints.
        ValueError: if there is no such photograph or ``size`` is larger than it.

    >>> photograph("china", size=(122, 160)).shape
    torch.Size([1, 3, 122, 160])
    """
    from sklearn.datasets import load_sample_image

    if name not in ATTRIBUTION:
        raise ValueError(f"name must be one of {sorted(ATTRIBUTION)}, got {name!r}")
    pixels = torch.tensor(load_sample_image(f"{name}.jpg"))  # (427, 640, 3), uint8
    picture = pixels.permute(2, 0, 1)[None].to(torch.float32).contiguous() / 255  # (1, 3, 427, 640)
    if size is None:
        return picture
    height, width = _two_ints("size", size)
    if height > picture.shape[2] or width > picture.shape[3]:
        raise ValueError(f"size must be at most {tuple(picture.shape[2:])}, got {(height, width)}")
    return F.interpolate(picture, size=(height, width), mode="area")


def digit_canvas(pictures: Tensor, positions: Sequence[Sequence[int]], *, size: Sequence[int]) -> Tensor:
    """Return one large dark picture with small ones placed on it, for sliding a classifier over it.

    Args:
        pictures: (N, C, h, w), bright on dark.
        positions: for each picture, (row, column) of its upper left pixel. Where two overlap, the brighter wins.
        size: (H, W) of the canvas.

    Returns:
        Tensor (1, C, H, W) of the pictures' dtype, 0 where no picture lies.

    Raises:
        TypeError: if ``positions`` or ``size`` do not hold ints.
        ValueError: if there is not one position per picture, or one does not fit the canvas.

    >>> canvas = digit_canvas(digits().test_x[:2], [(0, 0), (8, 16)], size=(16, 24))
    >>> canvas.shape, float(canvas[:, :, :8, 8:].max())
    (torch.Size([1, 1, 16, 24]), 0.0)
    """
    _checks.tensor("pictures", pictures, "(N, C, h, w)")
    height, width = _two_ints("size", size)
    if len(positions) != len(pictures):
        raise ValueError(f"positions must be one per picture, got {len(positions)} for {len(pictures)} pictures")
    _, channels, h, w = pictures.shape
    canvas = pictures.new_zeros(1, channels, height, width)
    for i, (picture, position) in enumerate(zip(pictures, positions, strict=True)):
        row, column = _two_ints(f"positions[{i}]", position, at_least=0)
        if row + h > height or column + w > width:
            raise ValueError(
                f"positions[{i}] must leave room for {h} by {w} pixels on {height} by {width}, got {(row, column)}"
            )
        window = canvas[0, :, row : row + h, column : column + w]
        window.copy_(torch.maximum(window, picture))
    return canvas


def _two_ints(name: str, value: object, *, at_least: int = 1) -> tuple[int, int]:
    # _checks.pair takes one int for both axes, which here would squeeze a picture unasked.
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"{name} must be two ints (vertical, horizontal), got {type(value).__name__}")
    return _checks.pair(name, value, at_least=at_least)
