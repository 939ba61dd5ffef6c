"""Run the book's notebooks in place, so that running them twice changes no byte.

    python -m tools.notebooks [--timings] [NOTEBOOK ...]

Each notebook is executed in ``book/`` under a fixed environment, then written without what changes from run
to run. Cells tagged ``nbval-ignore-output`` hold measured times: they run too, but keep the outputs they have,
as long as the source of all of them is the one that was measured; ``--timings`` measures them anew. Measured
numbers and figures that another processor gives again within their tolerance are left as they are stored, too, if
those of all cells are; ``--fresh`` writes all anew. Last, the numbers in the prose are filled in from the cells:
``3.6<!--=ratio:.1f-->`` is the value glued as ``ratio``, written with the format ``.1f``.
"""

import argparse
import ast
import os
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

from tests.nbval_tolerance import agree
from tools.environment import ENVIRONMENT
from tools.files import replace

BOOK = Path(__file__).resolve().parent.parent / "book"
DRAWN, DIGITS = re.compile(r"(?s)<svg.*?</svg>"), re.compile(r"-?\d+(?:\.\d+)?")
GLUED = "application/papermill.record/text/plain"
NUMBER = re.compile(r"[−+-]?(?:[\d.,]*\d)?%?")
MARK = re.compile(NUMBER.pattern + r"<!--=(?P<name>[\w.]+)(?::(?P<format>[^>]*?))?-->")


def glued(notebook: nbformat.NotebookNode) -> dict[str, object]:
    """Return the values that the cells of a notebook have glued, by name."""
    values = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if name is not None:
                if name in values:
                    raise ValueError(f"{name!r} is glued twice")
                values[name] = ast.literal_eval(output["data"][GLUED].partition(" ± ")[0])
    return values


def fill(text: str, values: dict[str, object]) -> str:
    """Write each glued number in front of its mark.

    >>> fill("Some 1<!--=weights:,--> weights, <!--=share:.0%-->.", {"weights": 16384, "share": 0.5})
    'Some 16,384<!--=weights:,--> weights, 50%<!--=share:.0%-->.'
    """

    def number(match: re.Match) -> str:
        if match["name"] not in values:
            raise KeyError(f"no cell glues {match['name']!r}")
        written = format(values[match["name"]], match["format"] or "").replace("-", "−")
        if not NUMBER.fullmatch(written):  # else a second run would not find it again
            raise ValueError(f"{match['name']!r} must be written as a plain number, got {written!r}")
        return written + match[0][match[0].index("<!--") :]

    return MARK.sub(number, text)


def unchanged(stored: list, new: list) -> bool:
    """Return whether a cell's outputs are those that are stored, within the tolerance of what is measured.

    Drawn figures count as the same if nothing in them has moved by more than two pixels.
    """

    def texts(outputs: list) -> list[tuple[str, str]]:
        found = []
        for output in outputs:
            data = output.get("data", {"text": output.get("text", "")} | {"error": output.get("evalue", "")})
            found += [(kind, str(text)) for kind, text in data.items() if kind != "image/png"]
        return found

    before, after = texts(stored), texts(new)
    return [kind for kind, _ in before] == [kind for kind, _ in after] and all(
        agree(a, b) and _drawn_alike(a, b) for (_, a), (_, b) in zip(before, after, strict=True)
    )


def _drawn_alike(stored: str, new: str) -> bool:
    figures = [re.sub(r"base64,[\w+/=]+", "", "".join(DRAWN.findall(text))) for text in (stored, new)]
    if DIGITS.sub("", figures[0]) != DIGITS.sub("", figures[1]):
        return False
    pairs = zip(*(map(float, DIGITS.findall(figure)) for figure in figures), strict=True)
    return all(abs(a - b) <= 2 for a, b in pairs)


def timed_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return the cells whose outputs are measured times."""
    return [cell for cell in notebook.cells if "nbval-ignore-output" in cell.metadata.get("tags", [])]


def digest_of(timed: list[nbformat.NotebookNode]) -> str:
    """Return what stands for the source of the timed cells, so that a change of it is noticed."""
    return sha256("\n".join(cell.source for cell in timed).encode()).hexdigest()[:12]


def execute(path: Path, timings: bool, fresh: bool = False) -> None:
    """Run one notebook and write it back."""
    notebook = nbformat.read(path, as_version=4)
    before = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    timed = timed_cells(notebook)
    digest = digest_of(timed)
    keep = not timings and all(cell.metadata.get("measured") == digest for cell in timed)
    kept = {cell.id: cell.outputs for cell in timed if keep}
    client = NotebookClient(
        notebook,
        timeout=600,
        resources={"metadata": {"path": str(BOOK)}},
        coalesce_streams=True,
        kernel_name="python3",
    )
    stopped = f"stopped: {path.name} is as it was"
    try:  # unencrypted, the kernel would warn
        client.execute(env={**os.environ, **ENVIRONMENT}, transport_encryption="auto")
    except DeadKernelError as error:  # also where nbclient, told to stop, learns of its kernel's end before its own
        sys.exit(f"{error}\n{stopped}")
    except (AssertionError, KeyboardInterrupt):  # the first is how nbclient ends when it is told to stop
        if client.km is not None:
            raise
        sys.exit(stopped)
    for cell in timed:  # all or none: a figure of times is drawn from the cell that measured them
        cell.outputs = kept.get(cell.id, cell.outputs)
        cell.metadata["measured"] = digest
    ran = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if not fresh and all(unchanged(before[cell.id], cell.outputs) for cell in ran):
        for cell in ran:  # all or none: a number in the prose and the table that it is from come from one run
            cell.outputs = before[cell.id]
    values = glued(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = fill(cell.source, values)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
    }
    strip = [sys.executable, "-m", "nbstripout", "--keep-output", "--keep-count", "--keep-id"]
    whole = nbformat.writes(notebook) + "\n"
    stripped = subprocess.run(strip, input=whole, stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
    replace(path, stripped)


def notebook(name: str) -> Path:
    """Return the notebook that is meant by a path, or by its name alone.

    >>> notebook("pointwise").name, notebook("book/pointwise.ipynb").name
    ('pointwise.ipynb', 'pointwise.ipynb')
    """
    for path in (Path(name), BOOK / name, BOOK / f"{name}.ipynb"):
        if path.suffix == ".ipynb" and path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in BOOK.glob("*.ipynb")))
    raise argparse.ArgumentTypeError(f"there is no notebook {name!r}; there are {known}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=notebook, default=sorted(BOOK.glob("*.ipynb")))
    parser.add_argument("--timings", action="store_true", help="measure the timed cells anew")
    parser.add_argument(
        "--fresh", action="store_true", help="keep no stored output, be it the same within tolerance"
    )
    arguments = parser.parse_args()
    for path in arguments.notebooks:
        print(f"running {path.name}", flush=True)
        execute(path, arguments.timings, arguments.fresh)


if __name__ == "__main__":
    main()
