"""The source of what a chapter teaches, shown in the chapter: the package's own lines, fit to be pasted."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable

_CHECKED = re.compile(r'_checks\.\w+\("\w+", (\w+)\)')


class Listing:
    """Python code that a notebook shows highlighted and a terminal as it is."""

    def __init__(self, code: str):
        self.code = code

    def __repr__(self) -> str:
        return self.code

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.code}\n```"


def source(*objects: type | Callable) -> Listing:
    """Return the code of classes and functions, one after the other, without docstrings and checks of arguments.

    Left out are private decorators, and the statements that do nothing but refuse a bad argument; what is computed
    stays line by line.

    Args:
        objects: what is shown; a class with all its methods.

    Raises:
        TypeError: if something has no source, as a number has none, or was not written in Python.
        ValueError: if nothing is given.

    >>> from companion.squeeze_excitation import SqueezeExcitation
    >>> source(SqueezeExcitation.gates)
    def gates(self, x: Tensor) -> Tensor:
        return self.gate(self.expand(self.activation(self.reduce(self.squeeze(x)))))
    """
    if not objects:
        raise ValueError("objects must be at least one class or function, got none")
    return Listing("\n\n\n".join(_tidy(inspect.getsource(each)) for each in objects))


def _tidy(code: str) -> str:
    lines = [_CHECKED.sub(r"\1", line) for line in textwrap.dedent(code).splitlines()]
    tree, dropped = ast.parse("\n".join(lines)), set()
    for node in ast.walk(tree):
        if _is_left_out(node):
            dropped |= set(range(node.lineno - 1, node.end_lineno))
        dropped |= {mark.lineno - 1 for mark in getattr(node, "decorator_list", []) if _is_private(mark)}
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            blank = docstring.end_lineno < len(lines) and not lines[docstring.end_lineno].strip()
            dropped |= set(range(docstring.lineno - 1, docstring.end_lineno + blank))
    return "\n".join(line for number, line in enumerate(lines) if number not in dropped)


def _is_private(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Name) and decorator.id.startswith("_")


def _is_left_out(node: ast.AST) -> bool:
    """Return whether a statement only checks: ``_check…(…)``, ``if …: raise …``, or ``x = x``."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="_checks")))):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))) if name.startswith("_check"):
            return True
        case ast.Expr(value=ast.Name()):  # what is left of a check that returns its argument
            return True
        case ast.If(body=[ast.Raise()], orelse=[]):
            return True
        case ast.Assign(targets=[ast.Name(id=left)], value=ast.Name(id=right)):
            return left == right
    return False
