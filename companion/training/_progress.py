"""A progress bar that fits its place: in a notebook one that goes away, elsewhere tqdm's."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from tqdm import tqdm


def progress(results: Iterable[Any], total: int, *, shown: bool = True) -> Iterator[Any]:
    """Hand results on and show how many have come; ``TQDM_DISABLE`` in the environment switches the bar off.

    Args:
        results: what comes, one after the other.
        total: how many will come.
        shown: False for no bar.
    """
    if not shown or os.environ.get("TQDM_DISABLE"):
        yield from results
    elif "ipykernel" in sys.modules:
        yield from _in_notebook(results, total)
    else:
        yield from tqdm(results, total=total, unit="run", leave=False)


def _in_notebook(results: Iterable[Any], total: int) -> Iterator[Any]:
    """Show a bar of the browser's own below the cell; tqdm's would stand in the box for errors, and stay."""
    from IPython.display import HTML, display

    def bar(done: int) -> HTML:
        return HTML(f'<progress aria-label="runs" max="{total}" value="{done}"></progress> {done} of {total} runs')

    handle = display(bar(0), display_id=True)
    for done, result in enumerate(results, start=1):
        handle.update(bar(done) if done < total else HTML(""))
        yield result
