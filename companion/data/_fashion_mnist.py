"""Fashion-MNIST: pictures of clothes, 28 by 28 pixels, ten classes (Xiao et al., arXiv 1708.07747; MIT licence)."""

import gzip
import os
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from companion import _checks
from companion.data._split import Split, dealt

FOLDER = "COMPANION_FASHION_MNIST"  # names the folder in the environment
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
_PARTS = {"train": "train", "test": "t10k"}


def fashion_mnist_folder() -> Path | None:
    """Return the folder with the four files of Fashion-MNIST, or None if there is none here.

    It is the one that the environment variable ``COMPANION_FASHION_MNIST`` names, or else that of Debian's package.
    """
    folder = Path(os.environ.get(FOLDER) or DEBIAN)
    files = [_file(folder, part, kind) for part in _PARTS for kind in ("images", "labels")]
    return folder if all(path.is_file() for path in files) else None


def fashion_mnist(*, train_size: int = 10_000, validation: int = 5_000, draw: int = 0) -> Split:
    """Return a part of Fashion-MNIST: its 10,000 test pictures, and as many of the others as are asked for.

    Nothing is downloaded: `fashion_mnist_folder` says where the files are looked for.

    Args:
        train_size: number of training pictures.
        validation: number of validation pictures, the same whatever the rest; 0 for none.
        draw: which of the pictures that are left are trained on.

    Returns:
        Split of float32 pictures (N, 1, 28, 28) in [0, 1] and int64 classes 0 to 9, each at its share.

    Raises:
        TypeError: if an argument is not an int.
        ValueError: if an argument is out of range.
        FileNotFoundError: if the files are not here.
    """
    folder = fashion_mnist_folder()
    if folder is None:
        raise FileNotFoundError(
            f"Fashion-MNIST is not in {os.environ.get(FOLDER) or DEBIAN}: on Debian, apt-get install "
            f"dataset-fashion-mnist; elsewhere, name the folder of its four .gz files in {FOLDER}"
        )
    validation = _checks.integer("validation", validation, at_least=0)
    y = _labels(folder, "train")
    rest = dealt(y)  # each beginning holds every class at its share
    val, rest = rest[:validation], rest[validation:]
    if _checks.integer("train_size", train_size, at_least=10) > len(rest):
        raise ValueError(f"train_size must be at most {len(rest)}, got {train_size}")
    random = torch.Generator().manual_seed(_checks.integer("draw", draw, at_least=0))
    rest = rest[torch.randperm(len(rest), generator=random)]
    train = rest[dealt(y[rest])][:train_size]
    x = _images(folder, "train")
    chosen = (_scaled(x[val]), y[val]) if validation else ()
    return Split(_scaled(x[train]), y[train], _scaled(_images(folder, "test")), _labels(folder, "test"), *chosen)


def _file(folder: Path, part: str, kind: str) -> Path:
    return folder / f"{_PARTS[part]}-{kind}-idx{3 if kind == 'images' else 1}-ubyte.gz"


def _images(folder: Path, part: str) -> Tensor:
    return _numbers(_file(folder, part, "images"), 16).reshape(-1, 1, 28, 28)


def _labels(folder: Path, part: str) -> Tensor:
    return _numbers(_file(folder, part, "labels"), 8).to(torch.int64)


@cache  # 55 MB, and a second to unpack
def _numbers(path: Path, header: int) -> Tensor:
    """Return the bytes of a file behind its header, as uint8."""
    return torch.from_numpy(np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header).copy())


def _scaled(images: Tensor) -> Tensor:
    return images.to(torch.float32) / 255
