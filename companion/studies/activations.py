"""What stands between two 1x1 convolutions, judged on pixels, and how many linear pieces depth and width make."""

from functools import partial

import torch
from torch import nn

from companion.data import Split
from companion.nonlinearity import as_pixels, checkerboard, disc, stack, walk
from companion.studies._study import Question, Study

TASKS = {"checkerboard": checkerboard, "disc": disc}
DEEP, WIDE = "4 layers of 8", "1 layer of 32"


def classifier(*between: nn.Module) -> nn.Sequential:
    """Return two channels, eight, two scores, and what stands between: (N, 2, 1, 1) -> (N, 2)."""
    return nn.Sequential(nn.Conv2d(2, 8, 1), *between, nn.Conv2d(8, 2, 1), nn.Flatten())


def layered(depth: int, width: int) -> nn.Sequential:
    """Return ``depth`` hidden layers of ``width`` units with ReLU between two channels and two scores."""
    return nn.Sequential(stack([2, *[width] * depth, 2]), nn.Flatten())


def pixels(task: str, seed: int) -> Split:
    """Return three pictures of a task, apart in their noise, as pixels to train on, to choose by and to test on.

    Args:
        task: a name in ``TASKS``.
        seed: of the training picture's noise.
    """
    train, val, test = (as_pixels(*TASKS[task](seed=noise)) for noise in (1_000 + seed, 2, 1))
    return Split(*train, *test, *val)


def lines(count: int = 8) -> torch.Tensor:
    """Return the ends of lines through the middle of the plane, evenly turned: (count, 2), each of length 2."""
    angles = torch.arange(count) * torch.pi / count
    return 2 * torch.stack([angles.cos(), angles.sin()], dim=1)


def pieces(model: nn.Sequential, split: Split | None = None) -> float:
    """Return the mean number of linear pieces of a network of `layered` along the eight `lines`."""
    counts = [walk(model[0], -end, end).pieces for end in lines()]
    return sum(counts) / len(counts)


def _between(task: str) -> Study:
    return Study(
        name=f"activation-{task}",
        pictures=f"1,024 pixels of the {task}",
        variants={
            "nothing": classifier,
            "batch norm": lambda: classifier(nn.BatchNorm2d(8)),
            "ReLU": lambda: classifier(nn.ReLU()),
            "GELU": lambda: classifier(nn.GELU()),
        },
        split=partial(pixels, task),
        input_size=(1, 2, 1, 1),
        questions=(
            *(Question("ReLU", other, margin=2.0) for other in ("nothing", "batch norm")),
            Question("GELU", "ReLU", margin=2.0),
        ),
        epochs=10,
        batch_size=128,
        classes=2,
    )


def _pieces() -> Study:
    sizes = {f"{depth} layer{'s' * (depth > 1)} of 8": (depth, 8) for depth in (1, 2, 3, 4)}
    sizes |= {f"1 layer of {width}": (1, width) for width in (16, 24, 32)}
    return Study(
        name="pieces-disc",
        pictures="1,024 pixels of the disc",
        variants={name: partial(layered, *size) for name, size in sizes.items()},
        split=partial(pixels, "disc"),
        input_size=(1, 2, 1, 1),
        questions=(Question(DEEP, WIDE, margin=0.5),),
        epochs=10,
        batch_size=128,
        classes=2,
        also={"pieces": pieces},
    )


def studies() -> list[Study]:
    """Return the studies of the chapter on activations that are judged on pixels."""
    return [_between("checkerboard"), _between("disc"), _pieces()]
