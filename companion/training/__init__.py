"""One plain training loop, and a fair comparison: several models, several seeds, mean and spread.

Every task is trained with one torch thread and its own random numbers. Its result therefore depends on the
model, the pictures, the seed and the kind of processor, and not on how many tasks run beside it or where.
"""

from companion.training._compare import compare
from companion.training._comparison import Comparison, Run
from companion.training._loop import History, evaluate, fit
from companion.training._pair import Pair, verdicts

__all__ = ["Comparison", "History", "Pair", "Run", "compare", "evaluate", "fit", "verdicts"]
