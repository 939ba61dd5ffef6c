"""Space first, then channels: a convolution taken apart into a depthwise and a pointwise one.

``DepthwiseSeparable`` is the block of MobileNetV1 (Howard et al., arXiv 1704.04861, section 3.1 and figure 3),
``InvertedResidual`` that of MobileNetV2 (Sandler et al., arXiv 1801.04381, section 3.3 and table 1). The functions
say what the pair saves, which full kernels it can be, and how close it comes to the others.
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
