"""Glue: numbers that a notebook's cells compute for its sentences."""

import math

MIME = "application/papermill.record/text/plain"


def glue(name: str, number: int | float) -> None:
    """Store a number under a name in the cell's output, unseen, for ``make notebooks`` to write into the prose.

    The output is the one that ``myst_nb.glue(name, number, display=False)`` makes, so MyST-NB can paste it too.
    It is made here because a reader of the notebooks needs no Sphinx.

    Args:
        name: a name of its own in the notebook.
        number: an int or a float; take ``.item()`` of a tensor.

    Raises:
        TypeError: if ``name`` is not a text or ``number`` not a number.
        ValueError: if ``number`` is not finite.
    """
    from IPython.display import display  # a notebook has it; the package does without

    if not isinstance(name, str):
        raise TypeError(f"name must be a str, got {type(name).__name__}")
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"number must be an int or a float, got {type(number).__name__}")
    if not math.isfinite(number):
        raise ValueError(f"number must be finite, got {number}")
    plain = float(number) if isinstance(number, float) else number  # NumPy's floats write their type with them
    record = {"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}}
    display({MIME: repr(plain)}, metadata=record, raw=True)
