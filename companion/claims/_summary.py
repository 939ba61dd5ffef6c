"""Claim A15, the sentence at the end of note A."""

from companion.claims._claim import Finding, claim
from companion.claims._recorded import BOTTLENECK, GATE, SHORTCUTS, WITHOUT_POINTWISE, gains, measured, pairs

USES = (
    ("a bottleneck in ResNet's blocks", WITHOUT_POINTWISE, "ResNet, bottlenecks", "ResNet, no 1×1"),
    ("a bottleneck, at equal time", WITHOUT_POINTWISE, "ResNet, bottlenecks", "ResNet, no 1×1, wider"),
    ("Inception's reductions", WITHOUT_POINTWISE, "Inception", "Inception, no reductions"),
    ("a gate", GATE, "gate", "plain"),
    ("a bottleneck or fewer channels", BOTTLENECK, "through 8", "direct, 16 out"),
    ("a 1×1 shortcut", SHORTCUTS, "B: 1×1 where needed", "A: zero-pad"),
)
"""What 1x1 convolutions are used for, and networks with them and without: of about equal weights, MACs or time."""


@claim(
    "A15",
    "Used sensibly, 1×1 convolutions improve performance markedly without markedly more computation.",
    cell="claims#summary",
)
def markedly_better() -> Finding:
    """Hold trained networks with 1×1 convolutions against such without; "markedly": by more than a point."""
    cases, numbers = {}, []
    for words, names, first, second in USES:
        found = pairs(names, first, second)
        cases |= {f"{words}: {where}": gains(pair, 1) for where, pair in found.items()}
        numbers.append(measured(found))
    return Finding(cases, "; ".join(numbers))
