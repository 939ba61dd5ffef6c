"""Xception: weights, the classifier's biases, and scale and shift of each normalisation."""

from companion.audit._formulas import xception


def computed():
    """Return the value of each figure of ``xception.toml``."""
    return {"Table 3": {"Xception": xception().total().parameters}}
