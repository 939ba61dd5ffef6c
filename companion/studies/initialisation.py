"""First weights of forty 1x1 convolutions in a row, with no normalisation between them."""

from functools import partial

from torch import nn

from companion.pitfalls import INITIALISATIONS, initialise, pointwise_stack
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS

LAYERS, CHANNELS = 40, 24


def network(initialisation: str) -> nn.Sequential:
    """Return forty 1x1 convolutions with ReLU between a 3x3 convolution and a classifier: (N, 1, 8, 8) -> (N, 10).

    Args:
        initialisation: of the forty, a name of `companion.pitfalls.INITIALISATIONS`; PyTorch's keeps its biases.
    """
    stem = nn.Conv2d(1, CHANNELS, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    stack = pointwise_stack(CHANNELS, LAYERS)
    if initialisation != "PyTorch":
        initialise(stack, initialisation)
    return nn.Sequential(*stem, stack, nn.Flatten(), nn.Linear(16 * CHANNELS, 10))


def studies() -> list[Study]:
    """Return the study of the chapter on pitfalls that asks which first weights learn."""
    variants = {name: partial(network, name) for name in INITIALISATIONS}
    questions = [Question("He", name, margin=1.0) for name in INITIALISATIONS if name != "He"]
    return [DIGITS.study("initialisation", 400, variants, questions, epochs=10, batch_size=100)]
