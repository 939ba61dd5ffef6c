"""The ledger of claims: each point of the two study notes, the check that tests it, and its verdict.

A check runs code (it counts built layers, compares outputs, trains small networks) in one case or several, and says
in which of them the claim holds. The verdict follows: it holds in all, in some (it holds with a condition), or in
none (it is wrong). No check states a verdict of its own.

>>> entry = ledger(claim for claim in CLAIMS if claim.id == "A8b")["A8b"]
>>> print(entry.verdict)
holds with a condition
>>> entry.finding.cases
{'1 × 1 outputs': True, '28 × 28 outputs': False}
>>> entry.claim.cell.href
'channel_reduction.ipynb#cell-count'
"""

from companion.claims._claim import Cell, Claim, Finding, Verdict, claim
from companion.claims._ledger import CLAIMS, Entry, Ledger, ledger

__all__ = ["CLAIMS", "Cell", "Claim", "Entry", "Finding", "Ledger", "Verdict", "claim", "ledger"]
