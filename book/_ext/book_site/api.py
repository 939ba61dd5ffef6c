"""The package is imported for its pages without the libraries that it builds on, so that none has to be installed.

autodoc reads signatures, types and docstrings off the imported package. While it is imported, each name of PyTorch,
NumPy and the others is an empty class: the package can inherit from it, call it, decorate with it and name it as a
type, and all that the page shows stays as it is. (Sphinx's own ``autodoc_mock_imports`` refuses ``Tensor | None``.)
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

PAGES = ("book/api", "book/api_helpers")
LIBRARIES = {"PIL", "cupy", "joblib", "matplotlib", "numpy", "sklearn", "torch", "tqdm"}


class Name(type):
    """The type of the empty classes: an attribute of one is another, and so is ``name[...]``."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__") or Empty not in cls.__bases__:  # a class of the package is what it is
            raise AttributeError(name)
        setattr(cls, name, empty_class(f"{cls.__module__}.{cls.__qualname__}", name))
        return vars(cls)[name]

    def __getitem__(cls, item: object) -> type:
        return cls

    def __iter__(cls) -> Iterator:
        return iter(())


class Empty:
    """What all of them have in common: they can be called, and the result can be used."""

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        # A decorator hands back what it decorates; custom_op makes an operator of it.
        return self if type(self).__name__ == "custom_op" else args[0]

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __iter__(self) -> Iterator:
        return iter(())


def empty_class(module: str, name: str) -> type:
    """Return the class that stands for a name of a library.

    >>> nn = empty_class("torch", "nn")
    >>> nn.Module, nn.Module is nn.Module, nn.Module | None
    (<class 'torch.nn.Module'>, True, torch.nn.Module | None)
    >>> nn.decorator("option")(len)
    <built-in function len>
    """
    return Name(name, (Empty,), {"__module__": module})


class Finder:
    """Finds every module of the libraries, as one of empty classes."""

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        """Claim the modules of the libraries."""
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in LIBRARIES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a module in which every name is an empty class."""
        module = ModuleType(spec.name)
        module.__getattr__ = lambda name: vars(module).setdefault(name, empty_class(spec.name, name))
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing more."""


def import_package(app: Sphinx, env: BuildEnvironment, pages: list[str]) -> None:
    """Import the package before autodoc asks for it, and let no other code meet the empty classes."""
    if not set(PAGES) & set(pages):
        return
    finder = Finder()
    installed = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in LIBRARIES}
    sys.meta_path.insert(0, finder)
    try:
        package = import_module("companion")
        for name in package.__all__:
            import_module(f"companion.{name}")
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] in LIBRARIES]:
            del sys.modules[name]
        sys.modules |= installed


def show_overrides(app: Sphinx, what: str, name: str, member: object, skip: bool, options: object) -> bool | None:
    """Show what a module of torch overrides: its class describes it, and it has no docstring of its own."""
    return False if name in {"extra_repr", "forward"} else None


def connect(app: Sphinx) -> None:
    """Import the package when a page of it is about to be read."""
    app.connect("env-before-read-docs", import_package)
    app.connect("autodoc-skip-member", show_overrides)
