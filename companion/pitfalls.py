"""Three ways to get it wrong: an activation on a thin layer, a poor start, and gaps that a 1x1 cannot close.

The first follows figure 1 of MobileNetV2 (Sandler et al., arXiv 1801.04381, section 3.2), the second the analysis
of He et al. (arXiv 1502.01852, section 2.2), the third hybrid dilated convolution (Wang et al., arXiv 1702.08502,
section 3.2). Each has a file of its own below this one; this module is the door to all three.
"""

from companion._coverage import (
    coverage,
    first_gap,
    hdc_distances,
    path_counts,
    paths_through,
)
from companion._initialisation import INITIALISATIONS, carried, fan_in, initialise, moment_factor, pointwise_stack
from companion._thin_relu import expected_loss, relu_round_trip, spiral, survivors

__all__ = [
    "INITIALISATIONS",
    "carried",
    "coverage",
    "expected_loss",
    "fan_in",
    "first_gap",
    "hdc_distances",
    "initialise",
    "moment_factor",
    "path_counts",
    "paths_through",
    "pointwise_stack",
    "relu_round_trip",
    "spiral",
    "survivors",
]
