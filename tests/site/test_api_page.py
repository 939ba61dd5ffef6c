"""The package's pages are made without PyTorch and the others, and say what Python says of it with them."""

import inspect
import re
import sys
from enum import EnumType
from types import FunctionType, ModuleType
from typing import NamedTuple

import pytest
from book_pages import REFERENCE
from bs4 import BeautifulSoup, Tag

import companion


class Entry(NamedTuple):
    """A class, function or method of the package."""

    name: str  # as the page has it
    thing: object
    defined_in: ModuleType

    @property
    def parameters(self) -> list[inspect.Parameter]:
        parameters = list(inspect.signature(self.thing).parameters.values())
        return parameters[1:] if parameters and parameters[0].name in {"self", "cls"} else parameters


def offered(module: ModuleType) -> list[str]:
    own = [name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__]
    return getattr(module, "__all__", [name for name in own if not name.startswith("_")])


def entries() -> list[Entry]:
    """Every class and function that a module of the package offers, and the methods that the class defines."""
    found = []
    for module in (getattr(companion, name) for name in companion.__all__):
        for name in offered(module):
            thing = getattr(module, name)
            if not isinstance(thing, type | FunctionType):
                continue
            home = sys.modules[thing.__module__]
            found.append(Entry(f"{module.__name__}.{name}", thing, home))
            if isinstance(thing, type):
                for member, method in vars(thing).items():
                    written = getattr(method, "__func__", method)
                    if isinstance(written, FunctionType) and not member.startswith("_"):
                        found.append(Entry(f"{module.__name__}.{name}.{member}", written, home))
    return found


ENTRIES = entries()


@pytest.fixture(scope="module")
def page(site) -> BeautifulSoup:
    return BeautifulSoup("".join((site / path).read_text("utf8") for path in REFERENCE), "html.parser")


def written(parameter: Tag) -> tuple[str, str | None]:
    """Split a parameter on the page into its name and its default value."""
    name, equals, default = parameter.get_text().partition("=")
    return name, default if equals else None


def test_the_package_was_looked_through():
    assert len(ENTRIES) > 200
    assert sum(isinstance(entry.thing, type) for entry in ENTRIES) > 50


def test_no_value_is_a_wall_of_text(page):
    values = [sign.get_text() for sign in page.select("dl.data > dt, dl.attribute > dt")]
    assert len(values) > 10
    assert max(map(len, values)) < 300


def compare(entry: Entry, shown: list[tuple[str, str | None]]) -> None:
    names, defaults = [], []
    for parameter in entry.parameters:
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        names.append(stars + parameter.name)
        defaults.append(parameter.default)
    assert [name for name, _ in shown] == names
    for (name, text), default in zip(shown, defaults, strict=True):
        if default is inspect.Parameter.empty:
            assert text is None, name
        elif text != repr(default):  # <factory> is shown as Python has it, and is no expression
            value = eval(text, vars(entry.defined_in))  # written as in the source
            assert value == default or (value != value and default != default), name


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name.removeprefix("companion."))
def test_the_signature_is_whole(entry, page):
    signature = page.find("dt", id=entry.name)
    assert signature is not None
    if not isinstance(entry.thing, EnumType):  # how one is called is Python's own, and changes with its version
        compare(entry, [written(tag) for tag in signature.select(".sig-param") if tag.get_text() not in {"*", "/"}])
    if entry.name.rpartition(".")[2] == entry.thing.__name__:  # else Sphinx has none
        assert signature.select_one(".viewcode-link"), "no link to the source"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name.removeprefix("companion."))
def test_the_types_of_described_parameters_are_there(entry, page):
    """A type of another library is written by its last name: ``Tensor``, not ``torch.Tensor``."""
    body = page.find("dt", id=entry.name).find_next_sibling("dd")
    fields = {
        match[1]: match[2]
        for item in body.select(":scope > dl.field-list > dd li, :scope > dl.field-list > dd > p")
        if (match := re.match(r"\*{0,2}(\w+) \((.*?)\) –", " ".join(item.get_text().split())))
    }
    section = (entry.thing.__doc__ or "").partition("Args:\n")[2].partition("\n\n")[0]
    described = re.findall(r"^ +\*{0,2}(\w+): ", section, re.MULTILINE)
    for parameter in entry.parameters:
        if parameter.name in described and parameter.annotation is not inspect.Parameter.empty:
            assert parameter.name in fields, parameter.name
            hint = inspect.formatannotation(parameter.annotation)
            assert last_names(fields[parameter.name]) == last_names(hint), parameter.name


def last_names(hint: str) -> str:
    short = re.sub(r"(?:\w+\.)+(\w+)", r"\1", hint).replace("[[...]", "[...")  # Sphinx: Callable[[...], int]
    return re.sub(r"\s|'", "", short)
