"""One printed figure, and whether a computed value is what it says."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

AGREES, CUT_OFF, DIFFERS = VERDICTS = ("agrees", "cut off", "differs")
RELATIONS = ("equal", "at least", "at most")

Value = int | Fraction | str | tuple[int | Fraction, int | Fraction]
"""A number in base units (weights, MACs, bytes, 1), a shape such as "7×7×832", or a least and a largest number."""


def verdict(
    printed: str,
    value: Value,
    *,
    scale: int | Fraction = 1,
    step: int | Fraction | None = None,
    relation: str = "equal",
) -> str:
    """Say whether a computed value agrees with printed digits.

    Args:
        printed: the digits as they are printed. "8 to 9" for a range, "7×7×832" for a shape.
        value: an exact number, its shape, or a pair (least, largest) for a range.
        scale: what one of the printed unit is worth: 10**6 for millions.
        step: of which multiple the figure is; by default one of its last digit, which may be a zero.
        relation: "equal", or "at least" and "at most" for a figure that is printed as a bound of the value.

    Returns:
        "agrees" if the value rounds to the printed digits (a half may go either way), "cut off" if it does not, but
        dropping its further digits leaves the printed ones, and "differs" otherwise.

    Raises:
        TypeError: if ``value`` is a float: it may have been rounded already.
        ValueError: if ``printed`` is not a figure, ``value`` of another kind than what is printed, or ``relation``
            unknown.

    >>> from companion.cost import conv2d
    >>> first = conv2d(3, 64, 7, size=224, stride=2, padding=3, bias=False).macs  # of GoogLeNet
    >>> verdict("34", first, scale=10**6), verdict("118", first, scale=10**6)
    ('differs', 'agrees')
    >>> verdict("4.2", 4_299_999, scale=10**6)
    'cut off'
    """
    if relation not in RELATIONS:
        raise ValueError(f"relation must be one of {', '.join(RELATIONS)}, got {relation!r}")
    if isinstance(value, str) or "×" in printed:
        if not (isinstance(value, str) and "×" in printed):
            raise ValueError(
                f"value must be a shape where one is printed, and only there, got {value!r}, {printed!r}"
            )
        return AGREES if value == printed else DIFFERS
    if isinstance(value, tuple) or " to " in printed:
        ends = printed.split(" to ")
        if not isinstance(value, tuple) or not len(value) == len(ends) == 2:
            raise ValueError(f"value must be a pair where a range is printed, and only there, got {value!r}")
        both = [verdict(end, v, scale=scale, step=step) for end, v in zip(ends, value, strict=True)]
        return max(both, key=VERDICTS.index)  # the worse of the two
    exact, wanted = scaled(value, scale), _number(printed)
    if relation != "equal":
        return AGREES if (exact >= wanted if relation == "at least" else exact <= wanted) else DIFFERS
    step = Fraction(10) ** -decimals(printed) if step is None else Fraction(step)
    if abs(exact - wanted) <= step / 2:
        return AGREES
    return CUT_OFF if floor(exact / step) * step == wanted else DIFFERS


@dataclass(frozen=True, kw_only=True)
class PrintedValue:
    """A printed figure beside its computed value.

    Attributes:
        paper: name of the source, one of `companion.audit.papers()`.
        place: where it is printed, such as "Table 2".
        row: its row there, or what the text says it is.
        column: its column; "" where there is but one.
        printed: its digits.
        unit: "M", "%", … or "shape"; "" for a plain number.
        computed: the value, in base units.
        scale: what one of the unit is worth in base units.
        relation: as in `verdict`.
        reason: why the two differ, as far as it can be shown; "" where they agree.
        other: what another way of counting gives, if a reason names one.
    """

    paper: str
    place: str
    row: str
    printed: str
    computed: Value
    column: str = ""
    unit: str = ""
    scale: int | Fraction = 1
    relation: str = "equal"
    reason: str = ""
    other: Value | None = None

    @property
    def where(self) -> str:
        """Place, row and column, by which the figure is known within its paper."""
        return " | ".join(part for part in (self.place, self.row, self.column) if part)

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`, for the computed value."""
        return self._verdict(self.computed)

    @property
    def fits_otherwise(self) -> bool:
        """Whether the other way of counting gives the printed digits, rounded. It need not be the authors' way."""
        return self.other is not None and self._verdict(self.other) == AGREES

    @property
    def fits_round(self) -> bool:
        """Whether the figure does not agree, but would if the zeros that a whole number ends in were no digits.

        "600" is then any value that rounds to six hundreds. What was meant the digits do not say, and no verdict
        rests on it.
        """
        if not self.printed.isdecimal() or self.verdict == AGREES:
            return False
        zeros = len(self.printed) - len(self.printed.rstrip("0"))
        return self._verdict(self.computed, step=10**zeros) == AGREES

    def written(self, value: Value) -> str:
        """Write a value in the unit of the figure, with two digits more than are printed, or as many as it has.

        A value that would look as if it lay half-way between two printed ones gets one more: 149.497, not 149.50.
        """
        if isinstance(value, str):
            return value
        if isinstance(value, tuple):
            return " to ".join(map(self.written, value))
        exact, digits = scaled(value, self.scale), decimals(self.printed.split(" to ")[-1]) + 2
        if exact.denominator == 1:
            digits = 0
        elif (half := round(exact * 10**digits)) % 100 == 50 and half != exact * 10**digits:
            digits += 1
        return " ".join(f"{Decimal(round(exact * 10**digits)).scaleb(-digits):,f} {self.unit}".split())

    def _verdict(self, value: Value, step: int | None = None) -> str:
        return verdict(self.printed, value, scale=self.scale, step=step, relation=self.relation)


def scaled(value: int | Fraction, scale: int | Fraction) -> Fraction:
    """Return a number in units of ``scale``."""
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise TypeError(f"value must be exact, an int or a Fraction, got {type(value).__name__}")
    return Fraction(value) / Fraction(scale)


def decimals(printed: str) -> int:
    """Return how many digits stand behind the decimal point."""
    return len(printed.partition(".")[2])


def _number(printed: str) -> Fraction:
    if not printed.replace(".", "", 1).isdecimal():
        raise ValueError(f"printed must be digits with at most one point, got {printed!r}")
    return Fraction(printed)
