"""scikit-learn's two photographs, and digits placed on a larger picture."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from companion import _checks

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

    >>> from companion.data import digits
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
