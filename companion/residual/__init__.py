"""The basic residual block and its shortcuts: identity, zero padding, and 1x1 projections.

He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385: the basic block is that of section
3.2 and figure 2; options A, B and C for the shortcuts are compared in section 4.1 and table 3. The shortcut
with an average pooling is that of ResNet-D (He et al., "Bag of Tricks for Image Classification with Convolutional
Neural Networks", arXiv 1812.01187, section 4.2).

Every kind of shortcut is built from ``(in_channels, out_channels, stride, norm_layer=...)`` and maps
(N, in_channels, H, W) to (N, out_channels, ceil(H / stride), ceil(W / stride)).
"""

from companion.residual._block import BasicBlock
from companion.residual._shortcuts import (
    OPTIONS,
    AveragePoolProjection,
    Identity,
    Projection,
    ZeroPad,
    where_needed,
)

__all__ = [
    "OPTIONS",
    "AveragePoolProjection",
    "BasicBlock",
    "Identity",
    "Projection",
    "ZeroPad",
    "where_needed",
]
