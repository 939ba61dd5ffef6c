"""Larger experiments whose results are recorded: each variant tuned alike, ten seeds, two kinds of pictures.

``make studies`` runs what is missing. The chapters read the results with `recorded`, and repeat a part live.
"""

from collections.abc import Mapping
from types import MappingProxyType

from companion.studies import (
    activations,
    bottleneck,
    controlnet,
    gate_kinds,
    groups,
    heads,
    inception,
    initialisation,
    lamps,
    linear_bottleneck,
    mixer,
    mlpconv,
    pooling,
    precision,
    separable,
    separable_layer,
    shortcuts,
    squeeze_excitation,
    without_pointwise,
)
from companion.studies._plan import FINAL_SEEDS, GRID, LONG_SEEDS, SWEEP_SEEDS, Trial, wanted
from companion.studies._record import Record, path_of, read
from companion.studies._report import Recorded
from companion.studies._run import run
from companion.studies._study import Question, Study, fingerprint, is_stale

_ROOMS = (
    *(heads, separable, shortcuts, bottleneck),
    *(squeeze_excitation, linear_bottleneck, inception, without_pointwise),
    *(mixer, controlnet, precision, pooling),
    *(separable_layer, lamps, gate_kinds),
    *(activations, mlpconv, groups, initialisation),
)
STUDIES: Mapping[str, Study] = MappingProxyType({study.name: study for room in _ROOMS for study in room.studies()})
"""Every study by its name, in the order in which ``make studies`` runs them."""


def recorded(name: str) -> Recorded:
    """Return a study of `STUDIES` with its recorded results.

    Raises:
        KeyError: if there is no such study.
        FileNotFoundError: if it has no results here: they come with the book's repository, not with the package.
    """
    return Recorded(STUDIES[name], read(name))


__all__ = [
    "FINAL_SEEDS",
    "GRID",
    "LONG_SEEDS",
    "STUDIES",
    "SWEEP_SEEDS",
    "Question",
    "Record",
    "Recorded",
    "Study",
    "Trial",
    "fingerprint",
    "is_stale",
    "path_of",
    "read",
    "recorded",
    "run",
    "wanted",
]
