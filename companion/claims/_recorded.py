"""What the recorded studies say of a claim: pairs of variants, in words with their numbers."""

from collections.abc import Iterable

from companion import studies
from companion.training import Pair

# Each claim reads the studies that are named here; one that is recorded later is added to its line.
HEADS = ("heads-digits-100", "heads-digits-1000", "heads-fashion-100", "heads-fashion-1000", "heads-fashion-10000")
SEPARABLE = ("separable-digits-200", "separable-digits-1000", "separable-fashion-2500")
BOTTLENECK = ("bottleneck-digits-1000", "bottleneck-fashion-2500")
SHORTCUTS = ("shortcuts-digits-4", "shortcuts-digits-20", "shortcuts-fashion-3", "shortcuts-fashion-12")
LINEAR_BOTTLENECK = ("linear-bottleneck-digits-1000", "linear-bottleneck-fashion-2500")
GATE_KINDS = "gate-kinds-digits-300"
GATE = ("gate-digits-300", "gate-fashion-2500")
INCEPTION = ("inception-digits-300", "inception-fashion-2500")
WITHOUT_POINTWISE = ("without-pointwise-digits-1000", "without-pointwise-fashion-2500")
INITIALISATION = "initialisation-digits-400"


def better(pair: Pair) -> bool | None:
    """Return whether the first is ahead, by however little; None if the runs cannot tell."""
    return None if pair.verdict == "cannot tell" else pair.verdict.startswith("ahead")


def not_worse(pair: Pair) -> bool | None:
    """Return whether the first is ahead or level; None if the runs cannot tell."""
    return None if pair.verdict == "cannot tell" else not pair.verdict.startswith("behind")


def gains(pair: Pair, points: float) -> bool | None:
    """Return whether the first is ahead by more than so many points; None if the runs cannot tell."""
    low, high = pair.interval
    return True if low > points else False if high <= points else None


def loses(pair: Pair, points: float) -> bool | None:
    """Return whether the first is behind by more than so many points; None if the runs cannot tell."""
    low, high = pair.interval
    return True if high < -points else False if low >= -points else None


def where(found: studies.Recorded) -> str:
    """Return in a few words what a study trains on.

    >>> where(studies.recorded("heads-digits-100"))
    '100 digits'
    """
    number, kind, *_ = found.study.pictures.split()
    epochs = f" in {found.study.epochs} epochs" if found.study.name.startswith("shortcuts") else ""
    return f"{number} {'digits' if kind == 'handwritten' else kind}{epochs}"


def pairs(names: Iterable[str], first: str, second: str) -> dict[str, Pair]:
    """Return first minus second on the test pictures, ten seeds, for each study by its words."""
    return {where(found): found.pair(first, second) for found in map(studies.recorded, names)}


def own_minus_mean_gates(variant: str) -> Pair:
    """Return what the runs of a kind of gate lose when each picture gets the mean gates of all, ten seeds."""
    found = studies.recorded(GATE_KINDS)
    both = found.finals()[variant], found.finals("mean gates")[variant]
    return Pair("own gates", "mean gates", tuple(a - b for a, b in zip(*both, strict=True)), margin=0.5)


def reached(names: Iterable[str], *variants: str) -> str:
    """Return what variants reached in each study: "on 100 digits mean 90.0 ± 3.0, one layer 88.9 ± 2.0 %"."""
    parts = []
    for found in map(studies.recorded, names):
        rows = {row[0]: row[-1] for row in found.results().rows}
        parts.append(f"on {where(found)} {', '.join(f'{name} {rows[name]}' for name in variants)} %")
    return "; ".join(parts)


def dead_runs(name: str, *variants: str) -> dict[str, int]:
    """Return how many final runs of each variant of a study never learned."""
    found = studies.recorded(name)
    return {variant: found.dead(variant) for variant in variants}


def measured(pairs: dict[str, Pair]) -> str:
    """Return the pairs with their intervals: "mean minus one layer: 1.1 ± 1.4 (−2.2 to 4.3) on 100 digits"."""
    parts = ", ".join(f"{pair.measured} on {where}" for where, pair in pairs.items())
    pair = next(iter(pairs.values()))
    return f"{pair.first} minus {pair.second}: {parts}"
