"""The part of a sum of squares that is lost when only its largest terms are kept."""

import torch
from torch import Tensor


def lost_share(name: str, energy: Tensor) -> Tensor:
    """Return the share of the whole that all terms but the first r add up to, for r = 0 to n.

    Args:
        name: of what holds the energy, for the message.
        energy: (n,), at least 0, the largest first.

    Returns:
        (n + 1,), falling from 1 to 0.

    Raises:
        ValueError: if there is no energy.

    >>> lost_share("weight", torch.tensor([6.0, 3.0, 1.0], dtype=torch.float64)).round(decimals=4).tolist()
    [1.0, 0.4, 0.1, 0.0]
    """
    # Sums from the smallest up: 1 minus the share that is kept would drown the small shares in rounding.
    tail = torch.cat([energy, energy.new_zeros(1)]).flip(0).cumsum(0).flip(0)
    if tail[0] == 0:
        raise ValueError(f"{name} must not be zero everywhere: there is no energy to lose")
    return tail / tail[0]
