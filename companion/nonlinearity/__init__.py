"""What an activation between two 1x1 convolutions changes: without one, any number of them is a single matrix.

``collapse`` multiplies the matrices out, and refuses what cannot be part of one. ``checkerboard`` and ``disc`` are
tasks that one matrix cannot solve and two with an activation between them can; ``walk`` counts how often a network
bends. That a convolution's kernel is a linear model of its patch, and a small network in its place is not, is the
argument of Lin et al., "Network In Network", arXiv 1312.4400, sections 1 and 3.
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
