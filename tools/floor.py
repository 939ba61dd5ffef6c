"""Print requirements that pin the oldest versions pyproject.toml allows: what ``make floor`` installs.

The tools of the tests come in whatever versions fit them; CuPy, whose wheels want a newer NumPy, stays out.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What the tests need beside the package; the floors decide which version of each is found.
TOOLS = (
    "beautifulsoup4",
    "dask",
    "distributed",
    "hypothesis",
    "ml_dtypes",
    "nbclient",
    "nbformat",
    "nbstripout",
    "nbval",
    "packaging",
)
TOOLS += ("pytest", "pytest-xdist", "PyYAML", "ipykernel", "setuptools>=77", "wheel", "jupyter-book==1.0.4.post1")


def floors(text: str) -> list[str]:
    """Return the lowest versions that a pyproject.toml allows, as pins.

    >>> floors('[project]' + chr(10) + 'dependencies = ["numpy>=1.26.4", "torch>=2.6.0,<3"]')
    ['numpy==1.26.4', 'torch==2.6.0']
    """
    wanted = tomllib.loads(text)["project"]["dependencies"]
    pins = [re.match(r"([\w-]+)>=([\w.]+)", line) for line in wanted]
    return [f"{found[1]}=={found[2]}" for found in pins]


if __name__ == "__main__":
    print("\n".join([*floors((ROOT / "pyproject.toml").read_text("utf-8")), *TOOLS]))
