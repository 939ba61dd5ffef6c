"""Claim A14: what causes the gaps in dilated convolutions."""

from torch import nn

from companion import pitfalls
from companion.claims._claim import Finding, claim


@claim(
    "A14a",
    "Gridding, the gaps in dilated convolutions, comes of 1×1 convolutions: so we read the warning's heading.",
    cell="pitfalls#one-by-one-code",
)
def gaps() -> Finding:
    """Count by autograd the positions that a stack reads, with 1×1 layers between and without."""
    cases, parts = {}, []
    for rates in ((2, 2, 2), (1, 2, 5), (1, 2, 9)):
        size = 2 * sum(rates) + 1
        alone, between = _read(size, *rates), _read(size, *(layer for rate in rates for layer in (rate, 0)))
        cases[f"rates {rates}"] = between < alone
        parts.append(f"{rates} reads {alone} of {size}, with them {between}")
    return Finding(cases, "; ".join(parts))


@claim(
    "A14b",
    "Leaning on them too much in dilated convolutions may lose local information.",
    cell="pitfalls#swap-verdict",
)
def local_information() -> Finding:
    """Put 1×1 layers between those of rates 1, 2, 2, and one in the place of the first."""
    size = 2 * (1 + 2 + 2) + 1
    alone, between, instead = _read(size, 1, 2, 2), _read(size, 1, 0, 2, 0, 2, 0), _read(size, 0, 2, 2)
    cases = {"in the place of a 3×3": instead < alone, "between the layers": between < alone}
    return Finding(
        cases, f"rates 1, 2, 2 read {alone} positions, with 1×1 between {between}; 1×1, 2, 2 read {instead}"
    )


def _read(size: int, *rates: int) -> int:
    """Return how many positions of a line a stack of dilated 3×3 convolutions reads; rate 0 stands for a 1×1."""
    layers, channels = [], 1
    for rate in rates:
        layers.append(nn.Conv2d(channels, 2, 3 if rate else 1, padding=rate, dilation=max(rate, 1)))
        layers.append(nn.ReLU())
        channels = 2
    paths = pitfalls.paths_through(nn.Sequential(*layers), size)  # (size, size)
    return int(paths.any(dim=0).sum())
