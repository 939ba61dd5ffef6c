"""VGG: weights and biases."""

from companion.audit._formulas import vgg


def computed():
    """Return the value of each figure of ``vgg.toml``."""
    rows = {"A, A-LRN": "A", "B": "B", "C": "C", "D": "D", "E": "E"}
    return {"Table 2": {row: vgg(letter).total().parameters for row, letter in rows.items()}}
