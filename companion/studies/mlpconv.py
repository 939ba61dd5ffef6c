"""Kernels with and without 1x1 convolutions and ReLUs behind them: edges in patches, and whole pictures."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from companion.data import Split
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS, Pictures, head


def edge_patches(pictures: Tensor, count: int = 1000) -> tuple[Tensor, Tensor]:
    """Return equally many 3x3 patches with and without a vertical edge, whichever of its sides is bright.

    A patch is an edge if the means of its left and its right column differ by more than 0.4.

    Args:
        pictures: (N, 1, H, W), from 0 to 1.
        count: patches of either kind.

    Returns:
        Patches (2 * count, 1, 3, 3), and 1 for an edge: (2 * count,), int64.
    """
    patches = F.unfold(pictures, 3).transpose(1, 2).reshape(-1, 1, 3, 3)
    columns = patches.mean(dim=2)[:, 0]  # (M, 3)
    edge = (columns[:, 2] - columns[:, 0]).abs() > 0.4
    order = torch.randperm(len(edge), generator=torch.Generator().manual_seed(0))
    chosen = torch.cat([order[edge[order] == kind][:count] for kind in (True, False)])
    return patches[chosen], edge[chosen].long()


def edges(seed: int) -> Split:
    """Return 2,000 patches of digits for each part; the seed draws the digits of the training part."""
    digits = DIGITS.split(800, seed)
    parts = (digits.train_x, digits.test_x, digits.val_x)
    train, test, val = (edge_patches(pictures) for pictures in parts)
    return Split(*train, *test, *val)


def detector(*layers: nn.Module) -> nn.Sequential:
    """Return layers that give two scores to a patch: (N, 1, 3, 3) -> (N, 2)."""
    return nn.Sequential(*layers, nn.Flatten())


def network(pictures: Pictures, channels: int, *layers: type[nn.Module]) -> nn.Sequential:
    """Return 5x5 kernels, then 1x1 convolutions and activations, the mean over all positions, and ten scores.

    Args:
        pictures: what is classified.
        channels: number of kernels, and of channels behind each 1x1 convolution.
        layers: ``nn.Conv2d`` for a 1x1 convolution, or the type of an activation.
    """
    kernels = nn.Conv2d(1, channels, kernel_size=5, stride=pictures.stride, padding=2)
    behind = [nn.Conv2d(channels, channels, 1) if layer is nn.Conv2d else layer() for layer in layers]
    return nn.Sequential(kernels, *behind, *head(channels))


def _edges() -> Study:
    return Study(
        name="edges-patches",
        pictures="2,000 patches of 3 × 3 pixels from digits",
        variants={
            "2 kernels": lambda: detector(nn.Conv2d(1, 2, 3)),
            "2 kernels, ReLU": lambda: detector(nn.Conv2d(1, 2, 3), nn.ReLU()),
            "16 kernels, 1×1": lambda: detector(nn.Conv2d(1, 16, 3), nn.Conv2d(16, 2, 1)),
            "16, ReLU, 1×1": lambda: detector(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Conv2d(16, 2, 1)),
        },
        split=edges,
        input_size=(1, 1, 3, 3),
        questions=tuple(
            Question("16, ReLU, 1×1", other, margin=2.0)
            for other in ("2 kernels", "2 kernels, ReLU", "16 kernels, 1×1")
        ),
        epochs=10,
        batch_size=128,
        classes=2,
    )


def _networks(pictures: Pictures) -> Study:
    kinds = {
        "5×5, 1×1": (24, nn.Conv2d),
        "5×5, 1×1, ReLU": (24, nn.Conv2d, nn.ReLU),
        "mlpconv": (24, nn.ReLU, nn.Conv2d, nn.ReLU),
        "more kernels, ReLU": (41, nn.ReLU),
    }
    variants = {name: partial(network, pictures, *layers) for name, layers in kinds.items()}
    questions = [Question("mlpconv", other, margin=1.0) for other in variants if other != "mlpconv"]
    return pictures.study("mlpconv", 300, variants, questions, epochs=20, batch_size=64)


def studies() -> list[Study]:
    """Return the studies of the chapter on activations that are judged on patches and pictures."""
    return [_edges(), _networks(DIGITS)]
