"""The first page's table of chapters: each row a card, with the time that its chapter takes to read."""

import re

from docutils import nodes
from sphinx.application import Sphinx

WORDS, LINES = 220, 20  # of prose and of code that are read in a minute
ROW = re.compile(
    r'<tr class="row-[a-z]+"><td>\s*<p><img.*?href="(?P<page>\w+)\.html".*?(?=</td>\s*</tr>)', re.DOTALL
)


def minutes(doctree: nodes.document) -> int:
    """Return how long a page takes to read: its prose, and the code that is not folded."""
    words = sum(len(part.astext().split()) for part in doctree.findall(nodes.paragraph))
    lines = 0
    for shown in doctree.findall(nodes.container):
        folded = any("tag_hide" in name for name in shown.parent.get("classes", []))
        if shown.get("nb_element") == "cell_code_source" and not folded:
            lines += shown.astext().count("\n") + 1
    return round(words / WORDS + lines / LINES)


def write_cards(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Mark the table of the first page, and add each chapter's minutes."""
    if pagename != app.config.root_doc or "body" not in context:
        return
    folder = pagename.rpartition("/")[0]

    def timed(match: re.Match) -> str:
        chapter = app.env.get_doctree(f"{folder}/{match['page']}")
        return f'{match[0]}<p class="minutes">{minutes(chapter)} minutes</p>'

    before, table, after = context["body"].partition('<section id="the-chapters">')
    after = ROW.sub(timed, after).replace("<table", "<table data-cards", 1)
    context["body"] = before + table + after


def connect(app: Sphinx) -> None:
    """Run before the tables get their boxes."""
    app.connect("html-page-context", write_cards, priority=400)
