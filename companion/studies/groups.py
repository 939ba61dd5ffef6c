"""Depthwise convolutions with nothing, grouped, shuffled or full 1x1 convolutions between them."""

from functools import partial

import torch
from torch import Tensor, nn

from companion.channel_mixing import ChannelShuffle
from companion.data import Split
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS

CHANNELS = 16


def mixing(groups: int, shuffle: bool = False) -> list[nn.Module]:
    """Return the layers that mix 16 channels; none for no groups at all."""
    if not groups:
        return []
    layer = nn.Conv2d(CHANNELS, CHANNELS, kernel_size=1, groups=groups)
    return [layer, ChannelShuffle(groups)] if shuffle else [layer]


def network(pictures: int, classes: int, groups: int, shuffle: bool = False) -> nn.Sequential:
    """Return a stem for each picture alone, then twice depthwise 3x3 and mixing, and a linear end.

    Args:
        pictures: number of pictures that go in side by side, one a channel.
        classes: number of scores.
        groups: of the 1x1 convolutions; 0 for none of them.
        shuffle: whether a channel shuffle follows each.
    """
    stem = nn.Conv2d(pictures, CHANNELS, 3, padding=1, groups=pictures), nn.ReLU(), nn.MaxPool2d(2)
    blocks = []
    for _ in range(2):
        depthwise = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, groups=CHANNELS)
        blocks += [depthwise, *mixing(groups, shuffle), nn.ReLU()]
    return nn.Sequential(*stem, *blocks, nn.Flatten(), nn.Linear(CHANNELS * 16, classes))


def pairs(x: Tensor, y: Tensor, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return pairs of zeros and ones, and whether the two digits are the same.

    Each of the four combinations has a quarter of the pairs, so that a constant answer is right in half of them.

    Args:
        x: digits (N, 1, 8, 8).
        y: their classes (N,).
        count: number of pairs, a multiple of 4.
        seed: of the choice of the digits.

    Returns:
        Pairs (count, 2, 8, 8), and 1 where both are the same digit, 0 where not: (count,), int64.
    """
    rng = torch.Generator().manual_seed(seed)
    sides = torch.tensor([[0, 0, 1, 1], [0, 1, 0, 1]]).repeat(1, count // 4)  # (2, count)
    pictures = torch.empty(count, 2, *x.shape[2:])
    for channel, side in enumerate(sides):
        for digit in (0, 1):
            wanted, found = side == digit, x[y == digit, 0]
            picks = torch.randint(len(found), (int(wanted.sum()),), generator=rng)
            pictures[wanted, channel] = found[picks]
    return pictures, (sides[0] == sides[1]).long()


def paired(seed: int) -> Split:
    """Return 800 pairs to train on, drawn by the seed, 400 to choose by and 500 to test on."""
    digits = DIGITS.split(990, 0)
    train = pairs(digits.train_x, digits.train_y, 800, seed=1_000 + seed)
    val, test = pairs(digits.val_x, digits.val_y, 400, seed=1), pairs(digits.test_x, digits.test_y, 500, seed=2)
    return Split(*train, *test, *val)


def _pairs() -> Study:
    kinds = {"2 groups": (2,), "2 groups, shuffle": (2, True), "4 groups, shuffle": (4, True), "full": (1,)}
    return Study(
        name="groups-pairs-800",
        pictures="800 pairs of digits of 8 × 8",
        variants={name: partial(network, 2, 2, *kind) for name, kind in kinds.items()},
        split=paired,
        input_size=(1, 2, 8, 8),
        questions=(
            *(Question(name, "2 groups", margin=2.0) for name in list(kinds)[1:]),
            *(Question(name, "full", margin=2.0) for name in ("2 groups, shuffle", "4 groups, shuffle")),
        ),
        epochs=12,
        batch_size=80,
        classes=2,
    )


def _single() -> Study:
    kinds = {"no mixing": (0,), "4 groups": (4,), "4 groups, shuffle": (4, True), "full": (1,)}
    variants = {name: partial(network, 1, 10, *kind) for name, kind in kinds.items()}
    questions = [Question("full", name, margin=0.5) for name in kinds if name != "full"]
    return DIGITS.study("groups", 400, variants, questions, epochs=12, batch_size=64)


def studies() -> list[Study]:
    """Return the studies of the chapter on mixing: two pictures at once, and one alone."""
    return [_pairs(), _single()]
