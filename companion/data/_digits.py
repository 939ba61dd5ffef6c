"""scikit-learn's handwritten digits.

1,797 pictures of 8 by 8 pixels, written by 13 people: the test set of "Optical Recognition of Handwritten Digits"
(Alpaydin, 1998), https://archive.ics.uci.edu/ml/datasets/Optical+Recognition+of+Handwritten+Digits.
The split made here is random, so the same hands wrote all of its parts: it says nothing about new hands.
"""

import torch

from companion import _checks
from companion.data._split import Split, dealt

# scikit-learn is imported where it is used: a worker process that only needs Split then starts without it.

TEST_SIZE = 500  # pictures, whatever the size of the training part


def digits(*, train_size: int | None = None, validation: int = 0, draw: int = 0, seed: int = 0) -> Split:
    """Return the 1,797 digits, split by class: always 500 to test, the others to train and to choose by.

    The test part depends on ``seed`` alone, the validation part on its size too. Of one draw, a smaller training
    part is the beginning of a larger one, with each class at its share to within a picture or two.

    Args:
        train_size: number of training pictures, from 10 (one per class) on; all that are left if not given.
        validation: number of validation pictures, from 0 for none to 1,287.
        draw: which training pictures are taken of those that are left, where ``train_size`` leaves a choice.
        seed: which split.

    Returns:
        Split of float32 pictures (N, 1, 8, 8) in [0, 1] and int64 classes 0 to 9.

    Raises:
        TypeError: if an argument is not an int.
        ValueError: if an argument is out of range.

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
    order = shuffled[dealt(y[shuffled])]
    test, rest = order[:TEST_SIZE], order[TEST_SIZE:]
    validation = _checks.integer("validation", validation, at_least=0)
    if validation > len(rest) - 10:
        raise ValueError(f"validation must be at most {len(rest) - 10}, got {validation}")
    val, train = rest[:validation], rest[validation:]
    if _checks.integer("draw", draw, at_least=0):
        train = train[torch.from_numpy(check_random_state(draw).permutation(len(train)))]
    train = train[dealt(y[train])][: _size(train_size, len(train))]
    chosen = (x[val], y[val]) if validation else ()
    return Split(x[train], y[train], x[test], y[test], *chosen)


def _size(train_size: int | None, most: int) -> int:
    if train_size is None:
        return most
    if _checks.integer("train_size", train_size, at_least=10) > most:
        raise ValueError(f"train_size must be at most {most}, got {train_size}")
    return train_size
