"""Glued numbers: stored with the cell as Jupyter Book stores them, and read back to the last digit."""

import math

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

from companion.prose import glue
from tests.refusals import refusals
from tools.notebooks import glued

NUMBERS = (3.6, 16384, -0.0, 1e-12, 0.1 + 0.2, np.float64(0.1))
CODE = """
import myst_nb, numpy as np
from companion.prose import glue
NUMBERS = ({numbers})
for number in NUMBERS:
    {call}
"""


@pytest.fixture(scope="module")
def outputs():
    """What a notebook stores of our numbers, and of those that MyST-NB's own function glues."""
    calls = ("glue(repr(number), number)", "myst_nb.glue(repr(number), number, display=False)")
    numbers = ", ".join(map(repr, NUMBERS))
    cells = [nbformat.v4.new_code_cell(CODE.format(numbers=numbers, call=call)) for call in calls]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", timeout=300).execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_number_is_stored_as_jupyter_book_stores_it(outputs):
    ours, theirs = outputs
    assert len(ours) == len(NUMBERS)
    plain = [i for i, number in enumerate(NUMBERS) if not isinstance(number, np.floating)]
    assert [ours[i] for i in plain] == [theirs[i] for i in plain]


def test_a_number_is_read_back_to_the_last_digit(outputs):
    cell = nbformat.v4.new_code_cell(outputs=outputs[0])
    assert glued(nbformat.v4.new_notebook(cells=[cell])) == {repr(number): number for number in NUMBERS}


NOT_NUMBERS = ("3", True, None, torch.tensor(3.0), np.int64(3), 1j)
test_what_cannot_stand_in_a_sentence_is_refused = refusals(
    *((lambda n=n: glue("n", n), f"an int or a float, got {type(n).__name__}", TypeError) for n in NOT_NUMBERS),
    *((lambda n=n: glue("n", n), f"number must be finite, got {n}") for n in (math.nan, math.inf)),
    (lambda: glue("gain", 7.125, math.nan), "spread must be finite, got nan"),
    (lambda: glue(3, 3), "name must be a str, got int", TypeError),
)


def test_a_measured_number_is_stored_with_its_spread(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: shown.append((data, options)))
    glue("gain", 7.125, 0.4)
    ((data, options),) = shown
    assert list(data.values()) == ["7.125000 ± 0.400000"]
    output = nbformat.v4.new_output("display_data", data=data, metadata=options["metadata"])
    cell = nbformat.v4.new_code_cell(outputs=[output])
    assert glued(nbformat.v4.new_notebook(cells=[cell])) == {"gain": 7.125}
