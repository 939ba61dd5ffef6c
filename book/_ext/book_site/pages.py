"""The head of each page: one viewport, a description, and scripts that do not hold up the first paint."""

import re

from docutils import nodes
from sphinx.application import Sphinx

LENGTH = 160  # search engines show about this many characters


def shorten(text: str, length: int = LENGTH) -> str:
    """Cut a text at the end of a word.

    >>> shorten("One  number for each channel.", 16)
    'One number for…'
    """
    words = " ".join(text.split())
    return words if len(words) <= length else words[: length - 1].rsplit(" ", 1)[0].rstrip(",;:.") + "…"


def description(doctree: nodes.document | None) -> str:
    """Return the first paragraph that stands directly in a section, without its formulas."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        if isinstance(paragraph.parent, nodes.section):
            copy = paragraph.deepcopy()
            for formula in list(copy.findall(nodes.math)):
                formula.parent.replace(formula, nodes.Text("…"))
            return shorten(copy.astext())
    return ""


def write_head(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Set what the templates print into ``<head>``."""
    context["description"] = description(doctree)
    # The base template has a viewport already, docutils adds a second one.
    context["metatags"] = re.sub(r'<meta[^>]*name="viewport"[^>]*>', "", context.get("metatags", ""))
    # What has no file name are settings of the version switcher and of search-as-you-type: neither is used here.
    scripts = [script for script in context["script_files"] if script.filename]
    for script in scripts:
        script.attributes["defer"] = "defer"
    context["script_files"] = scripts


def connect(app: Sphinx) -> None:
    """Run after the theme has added its scripts."""
    app.connect("html-page-context", write_head, priority=900)
