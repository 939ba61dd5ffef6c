"""Glue: numbers that a notebook's cells compute for its sentences."""

import math

MIME = "application/papermill.record/text/plain"


def glue(name: str, number: int | float, spread: float | None = None) -> None:
    """Store a number under a name in the cell's output, unseen, for ``make notebooks`` to write into the prose.

    The output is the one that ``myst_nb.glue(name, number, display=False)`` makes, so MyST-NB can paste it too.
    It is made here because a reader of the notebooks needs no Sphinx.

    Args:
        name: a name of its own in the notebook.
        number: an int or a float; take ``.item()`` of a tensor.
        spread: of a measured number, in its own unit: its standard deviation, or its standard error. nbval then
            compares the number within it.

    Raises:
        TypeError: if ``name`` is not a text or ``number`` not a number.
        ValueError: if ``number`` or ``spread`` is not finite.
    """
    from IPython.display import display  # a notebook has it; the package does without

    if not isinstance(name, str):
        raise TypeError(f"name must be a str, got {type(name).__name__}")
    for what, value in (("number", number), *([("spread", spread)] if spread is not None else [])):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{what} must be an int or a float, got {type(value).__name__}")
        if not math.isfinite(value):
            raise ValueError(f"{what} must be finite, got {value}")
    plain = float(number) if isinstance(number, float) else number  # NumPy's floats write their type with them
    written = repr(plain) if spread is None else f"{plain:.6f} ± {spread:.6f}"
    record = {"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}}
    display({MIME: written}, metadata=record, raw=True)
