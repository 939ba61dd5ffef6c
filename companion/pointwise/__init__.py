"""The 1x1 (pointwise) convolution, computed in ten ways that give the same numbers.

A 1x1 convolution multiplies the vector of channels of each pixel by one matrix, the same for all pixels::

    y[n, o, i, j] = bias[o] + sum over c of weight[o, c] * x[n, c, i, j]

All functions of ``FORMS`` take x (N, C_in, H, W), weight (C_out, C_in) and bias (C_out,) or None, and return
(N, C_out, H, W). The layer comes from Lin et al., "Network In Network", arXiv 1312.4400, section 3.1, which
also calls it "cascaded cross channel parametric pooling".
"""

from companion.pointwise._compare import Agreement, compare
from companion.pointwise._forms import (
    FORMS,
    add_bias,
    conv1d,
    conv2d,
    conv_transpose2d,
    definition,
    einsum,
    linear,
    matmul,
    tensordot,
    unfold,
    weighted_maps,
)
from companion.pointwise._matrix import as_conv2d, block_diagonal

__all__ = [
    "FORMS",
    "Agreement",
    "add_bias",
    "as_conv2d",
    "block_diagonal",
    "compare",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "definition",
    "einsum",
    "linear",
    "matmul",
    "tensordot",
    "unfold",
    "weighted_maps",
]
