"""Stacks of 1x1 convolutions with and without activations: without, any number of them is a single matrix.

``collapse`` multiplies the matrices. ``checkerboard`` and ``disc`` are tasks that one matrix cannot solve and two
with an activation between them can; ``best_cut`` is the best that one can do. ``walk`` finds the linear pieces of a
ReLU network along a line. That the kernel of a convolution is a linear model of its patch, and a small network in
its place is not, is the argument of Lin et al., "Network In Network", arXiv 1312.4400, sections 1 and 3.
"""

from companion.nonlinearity._cut import Cut, best_cut
from companion.nonlinearity._pieces import Walk, folding, walk
from companion.nonlinearity._stack import collapse, stack
from companion.nonlinearity._tasks import as_pixels, checkerboard, disc

__all__ = [
    "Cut",
    "Walk",
    "as_pixels",
    "best_cut",
    "checkerboard",
    "collapse",
    "disc",
    "folding",
    "stack",
    "walk",
]
