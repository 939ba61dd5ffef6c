"""What every interactive part is: an element, its settings, its scripts, and what stands there without scripts."""

import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files


class Widget:
    """A custom element with its settings and its fallback.

    Args:
        element: name of the element and of the script that defines it, for example "channel-mixer".
        settings: handed to the script as JSON.
        fallback: HTML for readers who run no script.
        summary: the plain text of the widget.
    """

    def __init__(self, element: str, settings: Mapping, fallback: str, summary: str):
        self.element = element
        self.settings = dict(settings)
        self.fallback = fallback
        self.summary = summary

    @property
    def script(self) -> str:
        """Source of what all elements share, and of this one's scripts, ``NAME_*.js`` before ``NAME.js``."""
        folder, own = files(__package__), self.element.replace("-", "_")
        parts = sorted(path.name for path in folder.iterdir() if path.name.startswith(f"{own}_"))
        names = ["base.js", *(name for name in parts if name.endswith(".js")), f"{own}.js"]
        return "".join(folder.joinpath(name).read_text("utf-8") for name in names)

    @property
    def html(self) -> str:
        """The element, its fallback and its script.

        Raises:
            ValueError: if a setting is infinite or NaN, which no browser reads.
        """
        settings = escape(json.dumps(self.settings, allow_nan=False), quote=True)
        element = f'<{self.element} data-settings="{settings}">{self.fallback}</{self.element}>'
        return f"{element}<script>{self.script}</script>"

    def __repr__(self) -> str:
        return self.summary

    def _repr_mimebundle_(self, **kwargs) -> dict:
        return {"text/plain": repr(self), "text/html": self.html}
