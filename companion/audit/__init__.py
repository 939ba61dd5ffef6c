"""Printed costs, recomputed: what papers say that networks cost, and what their layers say.

A source is two files of one name in ``companion/audit/sources``: ``NAME.toml`` holds the figures as they are
printed and where they stand, ``NAME.py`` the code that computes them. Nothing else knows about it, so that adding a
paper is adding its two files.

What the book builds (GoogLeNet, ResNet-50, SE-ResNet-50, MobileNetV1) is counted layer by layer from the network
itself; other networks are added up from the formulas of `companion.cost`. All arithmetic is that of fractions: no
verdict hangs on a rounding of ours.

>>> audit("vgg")
where               printed  computed  verdict
------------------  -------  --------  -------
Table 2 | A, A-LRN    133 M  132.86 M  agrees
Table 2 | B           133 M  133.05 M  agrees
Table 2 | C           134 M  133.64 M  agrees
Table 2 | D           138 M  138.36 M  agrees
Table 2 | E           144 M  143.67 M  agrees
"""

from companion.audit._audit import Audit, audit
from companion.audit._papers import Paper, paper, papers
from companion.audit._printed_value import VERDICTS, PrintedValue, verdict
from companion.audit._shares import KINDS, Shares, by_kind, shares

__all__ = [
    "KINDS",
    "VERDICTS",
    "Audit",
    "Paper",
    "PrintedValue",
    "Shares",
    "audit",
    "by_kind",
    "paper",
    "papers",
    "shares",
    "verdict",
]
