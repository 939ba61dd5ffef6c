"""Write a file of results after each part, so that what was measured stays if the rest fails."""

import json
import math
import platform
import statistics
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tools.files import replace

RESULTS = Path(__file__).resolve().parent / "results"


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python and of those packages that are installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


class Record:
    """Results under their names, saved to a JSON file whenever one is added.

    Args:
        path: of the file. What stood there is replaced at the first save.
        **head: what the results are worth nothing without: device, driver, versions.
    """

    def __init__(self, path: Path, **head):
        self.path = path
        self.data = {"date": date.today().isoformat(), **head}

    def add(self, name: str, value: object) -> None:
        """Store a result and save the file."""
        self.data[name] = value
        self.save()

    def save(self) -> None:
        """Write the file in one step: a reader sees all of it or the one before.

        Raises:
            ValueError: for NaN and infinity, which are no results.
        """
        text = json.dumps(self.data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace(self.path, text)


def summary(seconds: list[float]) -> dict[str, float | int]:
    """Return the median and the quartiles of measured times, in microseconds, and their number.

    Raises:
        ValueError: if there are fewer than four, or one is not above 0 and finite.

    >>> summary([4e-6, 1e-6, 3e-6, 2e-6, 5e-6])
    {'median_us': 3.0, 'lower_us': 2.0, 'upper_us': 4.0, 'repeats': 5}
    """
    if len(seconds) < 4 or not all(0 < second < math.inf for second in seconds):
        raise ValueError(f"seconds must be at least four finite times above 0, got {seconds}")
    lower, median, upper = statistics.quantiles(seconds, n=4, method="inclusive")
    rounded = {"median_us": median, "lower_us": lower, "upper_us": upper}
    return {**{name: round(1e6 * value, 3) for name, value in rounded.items()}, "repeats": len(seconds)}
