"""What a layer costs: weights, multiply-accumulates (MACs) and bytes, by formula and by counting.

The formulas of a convolution and of a linear layer are written out in `conv2d` and `linear`. `count` takes any
module and counts what it does, layer by layer. The two agree to the last unit.

Conventions, the same for both:

* One MAC is one multiplication and the addition that goes with it. FLOPs, where they are named, are 2 x MACs.
* MACs are those of convolutions and of products of matrices or vectors, attention included. Multiplications with
  padded zeros are counted, as in the papers. Biases, normalisations, activations, poolings, interpolations and
  products element by element (a gate) have no MACs. What may multiply and has no formula is named, not called 0.
* A layer reads its input and its parameters once and writes its output once. Nothing is assumed to wait in a
  cache from one layer to the next.
"""

from companion.cost._count import count
from companion.cost._formulas import conv2d, linear
from companion.cost._table import Cost, CostTable, LayerCost

__all__ = ["Cost", "CostTable", "LayerCost", "conv2d", "count", "linear"]
