"""Three pitfalls: a ReLU on few channels, a poor initialisation, and gaps between dilated convolutions.

The first follows figure 1 of MobileNetV2 (Sandler et al., arXiv 1801.04381, section 3.2), the second the analysis
of He et al. (arXiv 1502.01852, section 2.2), the third hybrid dilated convolution (Wang et al., arXiv 1702.08502,
section 3.2).
"""

from companion.pitfalls._gridding import coverage, first_gap, hdc_distances, path_counts, paths_through
from companion.pitfalls._initialisation import (
    INITIALISATIONS,
    fan_in,
    initialise,
    layer_moments,
    moment_factor,
    pointwise_stack,
)
from companion.pitfalls._thin_relu import expected_loss, relu_round_trip, spiral, survivors

__all__ = [
    "INITIALISATIONS",
    "coverage",
    "expected_loss",
    "fan_in",
    "first_gap",
    "hdc_distances",
    "initialise",
    "layer_moments",
    "moment_factor",
    "path_counts",
    "paths_through",
    "pointwise_stack",
    "relu_round_trip",
    "spiral",
    "survivors",
]
