"""A line folded by each layer of a ReLU network, with the number of its pieces."""

from companion._checks import integer
from companion.widgets._widget import Widget

FOLDED_LIMITS = {"depth": 6, "folds": 4}  # 4 ** 6 pieces can still be drawn


def folded_line(*, depth: int, folds: int = 2) -> Widget:
    """Let the reader add layers to a network that folds a line, and compare its pieces with its weights.

    The line and the counts are those of ``companion.nonlinearity.folding``.

    Args:
        depth: number of hidden layers at first, 1 to 6.
        folds: units in each of them at first, 2 to 4.

    Raises:
        TypeError: if an argument is not an int.
        ValueError: if a slider can't be set to it.
    """
    given = {"depth": integer("depth", depth), "folds": integer("folds", folds, at_least=2)}
    for name, value in given.items():
        if value > FOLDED_LIMITS[name]:
            raise ValueError(f"{name} must be at most {FOLDED_LIMITS[name]}, got {value}")
    rows = "".join(
        f"<tr><td>{layers}</td><td>{2 * folds + (layers - 1) * folds**2}</td><td>{folds**layers}</td></tr>"
        for layers in range(1, FOLDED_LIMITS["depth"] + 1)
    )
    fallback = (
        f"<table><tr><th>layers of {folds} units</th><th>weights</th><th>linear pieces</th></tr>{rows}</table>"
    )
    settings = given | {f"most_{name}": most for name, most in FOLDED_LIMITS.items()}
    text = f"Folded line: {depth} layers of {folds} units, {folds**depth} pieces"
    return Widget("folded-line", settings, fallback, text)
