"""Depthwise separable convolutions: a depthwise convolution over space, then a pointwise one over channels.

``DepthwiseSeparable`` is the block of MobileNetV1 (Howard et al., arXiv 1704.04861, section 3.1 and figure 3),
``InvertedResidual`` that of MobileNetV2 (Sandler et al., arXiv 1801.04381, section 3.3 and table 1). The functions
give the cost of the pair, the full kernel that it equals, and the pair closest to a given kernel.
"""

from companion.separable._fit import best_separable, compose, lost_kernel_energy
from companion.separable._layers import DepthwiseSeparable, InvertedResidual, cost_ratio

__all__ = [
    "DepthwiseSeparable",
    "InvertedResidual",
    "best_separable",
    "compose",
    "cost_ratio",
    "lost_kernel_energy",
]
