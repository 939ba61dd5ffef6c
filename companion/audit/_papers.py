"""Sources: find them, read what they print, and put beside each figure what its code computes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from importlib.resources import files
from tomllib import loads

from companion.audit._printed_value import PrintedValue, Value

UNITS = {"": 1, "shape": 1, "times": 1, "%": Fraction(1, 100), "K": 10**3, "kB": 10**3, "M": 10**6, "G": 10**9}

Values = Mapping[str, Mapping[str, Value | list[Value | None]]]
"""Place -> row -> one value, or a list of one value per column; None where nothing is to be given."""


@dataclass(frozen=True)
class Paper:
    """A source and its figures.

    Attributes:
        name: of its two files.
        title: in full.
        authors: in short.
        year: of its first version.
        source: "arXiv" and a number, or an address.
        words: what the source calls what is counted here.
        figures: each printed figure with its computed value.
        left_out: (figures, why they are not audited).
    """

    name: str
    title: str
    authors: str
    year: int
    source: str
    words: str
    figures: tuple[PrintedValue, ...]
    left_out: tuple[tuple[str, str], ...]


def papers() -> tuple[str, ...]:
    """Return the names of all sources, in alphabetical order."""
    return tuple(sorted(file.name[:-5] for file in _folder().iterdir() if file.name.endswith(".toml")))


def paper(name: str) -> Paper:
    """Read a source and compute its figures.

    Raises:
        ValueError: if there is no source of this name, a figure has no computation or a computation no figure, or
            the file contradicts itself.
    """
    if name not in papers():
        raise ValueError(f"name must be one of {', '.join(papers())}, got {name!r}")
    code = import_module(f"companion.audit.sources.{name}")
    return assemble(name, _data(name), code.computed(), getattr(code, "otherwise", dict)())


def printed(name: str, place: str, column: str) -> list[Fraction]:
    """Return a printed column, in its own unit."""
    return [
        Fraction(figure["printed"])
        for _, figure in _printed(name, _data(name))
        if (figure["place"], figure["column"]) == (place, column)
    ]


def rows(name: str, place: str) -> list[str]:
    """Return the names of the rows that are printed in one place."""
    return [row[0] for table in _data(name)["table"] if table["place"] == place for row in table["rows"]]


def assemble(name: str, data: Mapping, computed: Values, otherwise: Values) -> Paper:
    """Join printed figures and computed values by place, row and column.

    Args:
        name: of the source.
        data: its file, read.
        computed: a value for each figure.
        otherwise: for figures that don't agree, what another way of counting gives; each needs a reason.

    Raises:
        ValueError: as in `paper`.
    """
    values, others, reasons = _flat(computed, data), _flat(otherwise, data), _reasons(name, data)
    figures = {}
    for where, fields in _printed(name, data):
        if where in figures:
            raise ValueError(f"{name}.toml has two figures at {where!r}")
        if where not in values:
            raise ValueError(f"{name}.py computes nothing for {where!r}")
        value, other = values.pop(where), others.pop(where, None)
        plain = PrintedValue(paper=name, computed=value, other=other, **fields)
        reason = reasons.pop(where, "")
        if other is not None and not reason:
            raise ValueError(f"{name}.toml must give a reason for {where!r}, which {name}.py counts otherwise")
        written = {key: plain.written(v) for key, v in (("computed", value), ("other", other)) if v is not None}
        figures[where] = PrintedValue(
            paper=name, computed=value, other=other, reason=reason.format(**written), **fields
        )
    for what, left in (("computes", values), ("counts otherwise", others), ("gives a reason for", reasons)):
        if left:
            raise ValueError(f"{name} {what} what is not printed: {next(iter(left))!r}")
    return Paper(
        name=name,
        title=data["title"],
        authors=data["authors"],
        year=data["year"],
        source=f"arXiv {data['arxiv']}" if "arxiv" in data else data["url"],
        words=data["words"],
        figures=tuple(figures.values()),
        left_out=tuple((left["figures"], _line(left["why"])) for left in data.get("left_out", [])),
    )


def _data(name: str) -> dict:
    return loads(_folder().joinpath(f"{name}.toml").read_text("utf-8"))


def _folder():
    return files("companion.audit.sources")


def _line(text: str) -> str:
    return " ".join(text.split())


def _where(*parts: str) -> str:
    return " | ".join(part for part in parts if part)


def _printed(name: str, data: Mapping) -> Iterator[tuple[str, dict]]:
    """Yield each printed figure as the fields of a `PrintedValue`, under its place, row and column."""
    units = UNITS | data.get("units", {})
    for table in data["table"]:
        place, columns = table["place"], table["columns"]
        for row, *cells in table["rows"]:
            if not len(cells) == len(columns) == len(table["units"]):
                raise ValueError(f"{name}.toml must have a cell and a unit per column, got {len(cells)} in {row!r}")
            for column, unit, cell in zip(columns, table["units"], cells, strict=True):
                if cell == "":
                    continue  # not audited
                cell = cell if isinstance(cell, dict) else {"printed": cell}
                if unit not in units:
                    raise ValueError(f"{name}.toml must use the units {', '.join(units)}, got {unit!r}")
                yield (
                    _where(place, row, column),
                    {
                        "place": place,
                        "row": row,
                        "column": column,
                        "unit": "" if unit == "shape" else unit,
                        "scale": units[unit],
                        "printed": cell["printed"],
                        "relation": cell.get("is", "equal"),
                    },
                )


def _flat(values: Values, data: Mapping) -> dict[str, Value]:
    """Return values by place, row and column, where the columns are those of the row's own table."""
    columns = {(table["place"], row[0]): table["columns"] for table in data["table"] for row in table["rows"]}
    flat = {}
    for place, lines in values.items():
        for row, cells in lines.items():
            cells = cells if isinstance(cells, list) else [cells]
            names = columns.get((place, row), [""] * len(cells))
            if len(cells) != len(names):
                raise ValueError(f"{place!r}, {row!r} must have {len(names)} values, got {len(cells)}")
            pairs = zip(names, cells, strict=True)
            flat |= {_where(place, row, column): value for column, value in pairs if value is not None}
    return flat


def _reasons(name: str, data: Mapping) -> dict[str, str]:
    reasons = {}
    for reason in data.get("reason", []):
        for where in reason["figures"]:
            if where in reasons:
                raise ValueError(f"{name}.toml gives two reasons for {where!r}")
            reasons[where] = _line(reason["text"])
    return reasons
