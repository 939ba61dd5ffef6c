"""Bound the speed of a 1x1 convolution: the roofline over its arithmetic intensity.

Williams, Waterman and Patterson, "Roofline: an insightful visual performance model for multicore architectures",
Communications of the ACM 52 (2009).
"""

import math
from dataclasses import dataclass

from companion.kernels._layers import NetworkLayer


@dataclass(frozen=True)
class Roofline:
    """Two ceilings of a machine: no layer moves bytes faster than one, or computes faster than the other.

    Attributes:
        name: of the machine and the kind of arithmetic.
        bandwidth: bytes per second, of its memory.
        flops: FLOP per second.

    Raises:
        ValueError: if a ceiling is not above 0 and finite.

    >>> roof = Roofline("a machine", bandwidth=2e12, flops=40e12)
    >>> roof.ridge, roof.limit(10), roof.attainable(10)
    (20.0, 'memory', 20000000000000.0)
    """

    name: str
    bandwidth: float
    flops: float

    def __post_init__(self):
        for name in ("bandwidth", "flops"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ValueError(f"{name} must be above 0 and finite, got {value}")

    @property
    def ridge(self) -> float:
        """The intensity, in FLOP per byte, from which on arithmetic is the limit."""
        return self.flops / self.bandwidth

    def attainable(self, intensity: float) -> float:
        """Return the FLOP per second that no program of this intensity can exceed."""
        return min(self.flops, self.bandwidth * intensity)

    def limit(self, intensity: float) -> str:
        """Return what limits a program of this intensity: "memory" or "arithmetic"."""
        return "memory" if intensity < self.ridge else "arithmetic"

    def seconds(self, layer: NetworkLayer, batch: int) -> float:
        """Return the least time in seconds that a layer can take in float32."""
        return max(layer.bytes(batch) / self.bandwidth, layer.flops(batch) / self.flops)
