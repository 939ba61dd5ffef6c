"""A plugin for nbval: measured numbers are compared within what is printed with them, all else exactly.

In an output, two forms mark a number as measured:

* ``a ± b``, or ``a ± b (l to h)`` with an interval. Another run may move a, l and h by twice the larger b, each by
  two units of its last digit in any case. The smaller b has to be at least half of the larger one. Where the output
  says over how many seeds or runs, b may differ as the spreads of so few runs do (in 1 of 100 cases more: 14 times
  for three, 4.8 for five, 2.6 for ten), and l and h move with it.
* ``≈ a``. Another run may move a by a twentieth of it, or by one unit of its last digit.

Words, integers and every other number have to be the same, in the same order. Columns may be wider or narrower
where a measured number has a digit more. Drawn figures, encoded pictures and packed arrays are not compared: they
hold the same numbers with more digits than another processor gives again. Of a float that is written in full, nine
digits count: from Python 3.12 on a sum has other last digits.
"""

import re
from decimal import Decimal
from functools import cache

_NUMBER = r"[−+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
MEASURED = re.compile(
    rf"(?P<a>{_NUMBER}) ± (?P<b>{_NUMBER})(?: \((?P<low>{_NUMBER}) to (?P<high>{_NUMBER})\))?"
    rf"|≈ (?P<about>{_NUMBER})"
)
RUNS = re.compile(r"(?i)\b(\d+|three|five|ten) (?:seeds|runs)\b")
_WORDS = {"three": 3, "five": 5, "ten": 10}
_NOT_COMPARED = (
    (re.compile(r"(?s)<svg.*?</svg>"), "<svg/>"),
    (re.compile(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+"), "data:image"),
    (re.compile(r"data:application/octet-stream;base64,[A-Za-z0-9+/=]+"), "data:numbers"),
    (re.compile(r"0x[0-9a-f]{6,}"), "0xADDRESS"),
    (re.compile(r"\d+\.\d{10,}(?:e[+-]\d+)?"), lambda found: f"{float(found[0]):.9g}"),
)


def agree(stored: str, new: str) -> bool:
    """Return whether two texts say the same, measured numbers within their tolerance.

    >>> agree("gate 95.8 ± 0.5 ahead", "gate 95.1 ± 0.6 ahead"), agree("gate 95.8 ± 0.5", "gate 93.1 ± 0.5")
    (True, False)
    >>> agree("≈ 100 of 7", "≈ 104 of 7"), agree("≈ 100 of 7", "≈ 104 of 8")
    (True, False)
    """
    for pattern, same in _NOT_COMPARED:
        stored, new = pattern.sub(same, stored), pattern.sub(same, new)
    if stored == new:
        return True
    if _words(stored) != _words(new):
        return False
    said = RUNS.search(stored)
    runs = int(_WORDS.get(said[1].lower(), said[1])) if said else 0
    pairs = zip(MEASURED.finditer(stored), MEASURED.finditer(new), strict=True)
    return all(_close(old, now, runs) for old, now in pairs)


def _words(text: str) -> str:
    """Return a text with marks in place of its measured numbers, and with columns of no certain width."""
    text, count = MEASURED.subn(lambda found: "".join(f"<{k}>" for k, n in found.groupdict().items() if n), text)
    return re.sub(r"-{3,}", "---", re.sub(r"[^\S\n]+", " ", text)) if count else text


@cache
def _few(runs: int) -> tuple[Decimal, Decimal]:
    """Return how many times one spread of so many runs may be another, and Student's t of their 95 % interval."""
    if runs < 3:
        return Decimal(2), Decimal(0)
    from scipy import stats

    return Decimal(stats.f.ppf(0.995, runs - 1, runs - 1) ** 0.5), Decimal(stats.t.ppf(0.975, runs - 1))


def _close(stored: re.Match, new: re.Match, runs: int) -> bool:
    old, now = ({name: _number(n) for name, n in found.groupdict().items() if n} for found in (stored, new))
    if "about" in old:
        (a, unit), (b, _) = old["about"], now["about"]
        return abs(a - b) <= max(abs(a) / 20, abs(b) / 20, unit)
    times, t = _few(runs)
    spread = max(old["b"][0], now["b"][0])
    ends = (2 + t) * spread
    allowed = {"a": 2 * spread, "b": spread * (1 - 1 / times), "low": ends, "high": ends}
    return all(abs(value - now[name][0]) <= allowed[name] + 2 * unit for name, (value, unit) in old.items())


def _number(written: str) -> tuple[Decimal, Decimal]:
    """Return a number and one unit of its last digit."""
    value = Decimal(written.replace("−", "-").replace(",", ""))
    return value, Decimal(1).scaleb(value.as_tuple().exponent)


class Output(str):
    """A text that equals another if the two agree."""

    __hash__ = str.__hash__

    def __eq__(self, other):
        return agree(str(self), str(other)) if isinstance(other, str) else NotImplemented

    def __ne__(self, other):
        return not self == other


def pytest_collection_modifyitems(items):
    """Give nbval's cells outputs that are compared as above."""
    for item in items:
        if hasattr(item, "sanitize") and hasattr(item, "compare_outputs"):  # a cell of nbval
            item.sanitize = _compared(item.sanitize)


def _compared(sanitize):
    def sanitized(output):
        text = sanitize(output)
        return Output(text) if isinstance(text, str) else text

    return sanitized
