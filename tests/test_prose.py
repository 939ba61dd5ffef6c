"""Glued numbers: stored with the cell as Jupyter Book stores them, and read back to the last digit."""

import math

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

from companion.prose import glue
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


@pytest.mark.parametrize("number", ["3", True, None, torch.tensor(3.0), np.int64(3), 1j])
def test_other_things_are_refused(number):
    with pytest.raises(TypeError, match=f"number must be an int or a float, got {type(number).__name__}"):
        glue("n", number)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_sentence_needs_a_finite_number(number):
    with pytest.raises(ValueError, match=f"number must be finite, got {number}"):
        glue("n", number)


def test_a_name_is_a_text():
    with pytest.raises(TypeError, match="name must be a str, got int"):
        glue(3, 3)


def test_a_measured_number_is_stored_with_its_spread(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: shown.append((data, options)))
    glue("gain", 7.125, 0.4)
    ((data, options),) = shown
    assert list(data.values()) == ["7.125000 ± 0.400000"]
    output = nbformat.v4.new_output("display_data", data=data, metadata=options["metadata"])
    cell = nbformat.v4.new_code_cell(outputs=[output])
    assert glued(nbformat.v4.new_notebook(cells=[cell])) == {"gain": 7.125}
    with pytest.raises(ValueError, match="spread must be finite, got nan"):
        glue("gain", 7.125, math.nan)
