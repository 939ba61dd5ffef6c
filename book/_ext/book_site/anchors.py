"""Every code cell has an address: ``chapter.html#cell-`` and the cell's id in the notebook.

Markdown and raw HTML may link to it as ``chapter.ipynb#cell-id``, which Jupyter opens as the notebook. Sphinx knows
links in Markdown by itself, once it knows the anchors; those in the HTML of an output are rewritten.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

LINK = re.compile(r'href="([\w-]+)\.ipynb(#cell-[\w-]+)"')


def name_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Give each code cell of a notebook its anchor, and tell MyST of it."""
    source = Path(app.env.doc2path(app.env.docname))
    if source.suffix != ".ipynb":
        return
    cells = json.loads(source.read_text("utf8"))["cells"]
    known = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for node in doctree.findall(nodes.container):
        if node.get("nb_element") == "cell_code":
            anchor = f"cell-{cells[node['cell_index']]['id']}"
            node["ids"].append(anchor)
            known[anchor] = (node.line, anchor, "")


def lead_to_pages(body: str) -> str:
    """Let links to cells lead to the pages of the site.

    >>> lead_to_pages('<a href="separable.ipynb#cell-verdicts">')
    '<a href="separable.html#cell-verdicts">'
    """
    return LINK.sub(r'href="\1.html\2"', body)


def rewrite_links(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Rewrite the links of one page."""
    if "body" in context:
        context["body"] = lead_to_pages(context["body"])


def connect(app: Sphinx) -> None:
    """Name the cells when a notebook has been read, and rewrite links when its page is written."""
    app.connect("doctree-read", name_cells)
    app.connect("html-page-context", rewrite_links)
