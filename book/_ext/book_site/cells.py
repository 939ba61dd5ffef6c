"""Notebook cells that a keyboard, a phone and a screen reader can use."""

import math
import re
from html import escape

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from book_site.tables import TABLE, scrolling_table

ART = re.compile(r'<div class="fig-art"(?P<rest>[^>]*)>(?P<svg>\s*<svg\b.*?</svg>)', re.DOTALL)
SIZE = re.compile(r"font(?:-size)?: ?(?:(?:bold|italic|\d{3}) )*([\d.]+)px")
TITLE = re.compile(r'<h1>(?P<title>(?:(?!</h1>).)*?): (?P<subtitle>.*?)(?P<link><a class="headerlink")', re.DOTALL)
LEAST = 9  # pixels of the smallest words of a figure, on a phone too
DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
PREFIX = re.compile(r'\bid="([0-9a-f]{6})-')
UNSTYLED = re.compile(r'<span class="(?:pre|n|nn|o|p|w)">([^<]*)</span>')  # names, signs and spaces in code
CODE = re.compile(r"<pre>(?P<lines>.*?)</pre>", re.DOTALL)
CLAIM = re.compile(r"<blockquote>(\s*<div>\s*<p><strong>Claims?[ .])")


def open_hidden(translator, node: HideCodeCellNode) -> None:
    """Write a hidden cell's ``<details>``; its summary is named by its own words, unlike myst-nb's.

    On paper, where it is open, it is headed by what it holds.
    """
    classes = " ".join(["hide", *node["classes"]])
    show, hide = escape(node["prompt_show"]), escape(node["prompt_hide"])
    held = re.sub("^Show (the )?", "", show).capitalize()
    translator.body.append(
        f'<details class="{classes}"><summary data-holds="{held}"><span class="collapsed">{show}</span>'
        f'<span class="expanded">{hide}</span></summary>\n'
    )


def close_hidden(translator, node: HideCodeCellNode) -> None:
    """Write the end of a hidden cell."""
    translator.body.append("</details>\n")


class CodeBelow(SphinxPostTransform):
    """Put the folded code of a figure or a table below it: what a reader came for is first.

    The folded code of a cell that shows nothing is opened together with that of the cell it prepares, the next one.
    Where that one is not folded, the bar says that it holds a set-up.
    """

    default_priority = 200  # after myst-nb has folded it

    def run(self, **kwargs) -> None:
        for cell in list(self.document.findall(nodes.container)):
            folded = folded_code(cell)
            for part in folded:
                cell.remove(part)
                cell.append(part)
            if folded and len(folded) == len(cell.children):
                join_the_next(cell, folded[0])


def folded_code(cell: nodes.Node | None) -> list[HideCodeCellNode]:
    """Return the folded code of a cell, or nothing for another node."""
    if not isinstance(cell, nodes.container) or "tag_hide-input" not in cell["classes"]:
        return []
    return [part for part in cell.children if isinstance(part, HideCodeCellNode)]


def join_the_next(cell: nodes.container, code: HideCodeCellNode) -> None:
    """Move the code of a cell that shows nothing to where the next cell's is folded, with the cell's anchors."""
    if following := folded_code(cell.next_node(descend=False, siblings=True)):
        code.children[-1]["ids"] += cell["ids"]
        following[0][:0] = code.children
        cell.parent.remove(cell)
    else:
        cell["classes"].append("set-up")
        code["prompt_show"], code["prompt_hide"] = "Show the set-up", "Hide the set-up"


def scrolling_figure(match: re.Match) -> str:
    """Hand on how wide a figure was drawn, and how wide it must be for its smallest words to be read."""
    svg = match["svg"]
    width = re.search(r"max-width: (\d+)px", svg)
    units = re.search(r'viewBox="0 0 ([\d.]+)', svg)
    sizes = [float(size) for size in SIZE.findall(svg)]
    style = f"--fig-width: {width[1]}px" if width else ""
    if units and sizes:
        style += f"; --fig-least: {math.ceil(LEAST * float(units[1]) / min(sizes))}px"
    return f'<div class="fig-art"{match["rest"]} tabindex="0" style="{style}">{svg}'


def titled(match: re.Match) -> str:
    """Set what follows the colon of a page's title as its subtitle."""
    colon = '<span class="colon">: </span>'
    return f'<h1>{match["title"]}{colon}<span class="subtitle">{match["subtitle"]}</span>{match["link"]}'


def counted(match: re.Match) -> str:
    """Write how many lines a box of code has: what is not laid out yet is to be as high as it will be."""
    lines = match["lines"].rstrip("\n").count("\n") + 1
    return f'<pre style="--lines: {lines}">{match["lines"]}</pre>'


def unique_ids(body: str) -> str:
    """Give drawings of one text, whose ids begin alike, ids of their own.

    >>> unique_ids('<svg><g id="0123ab-m1"/></svg><svg><g id="0123ab-m1"/></svg>')
    '<svg><g id="0123ab-m1"/></svg><svg><g id="0123ab2-m1"/></svg>'
    """
    seen: dict[str, int] = {}

    def renamed(match: re.Match) -> str:
        found = PREFIX.search(match[0])
        if found is None:
            return match[0]
        prefix = found[1]
        seen[prefix] = seen.get(prefix, 0) + 1
        return match[0] if seen[prefix] == 1 else match[0].replace(f"{prefix}-", f"{prefix}{seen[prefix]}-")

    return DRAWING.sub(renamed, body)


def adapt(body: str) -> str:
    r"""Adapt the body of a page: tables, figures, and quotations that state a claim of the sources.

    Parts of code that look like what stands around them need no element of their own: half of a long page's are
    such, and a browser has to lay out each.

    >>> adapt('<div class="fig-art" role="img"><svg style="max-width: 300px"></svg>')
    '<div class="fig-art" role="img" tabindex="0" style="--fig-width: 300px"><svg style="max-width: 300px"></svg>'
    >>> adapt('<h1>SE: a gate<a class="headerlink"')
    '<h1>SE<span class="colon">: </span><span class="subtitle">a gate</span><a class="headerlink"'
    >>> adapt("<blockquote><div><p><strong>Claim A1.</strong>")
    '<blockquote class="claim"><div><p><strong>Claim A1.</strong>'
    >>> adapt("<blockquote><div><p><strong>Claim.</strong>")
    '<blockquote class="claim"><div><p><strong>Claim.</strong>'
    >>> adapt('<em><span class="n"><span class="pre">x</span></span></em><span class="k">if</span>')
    '<em>x</em><span class="k">if</span>'
    >>> adapt("<pre>a\nb\n</pre>")
    '<pre style="--lines: 2">a\nb\n</pre>'
    >>> print(adapt('<table class="dataframe"><caption>Cost</caption></table>'))  # doctest: +ELLIPSIS
    <div class="pst-scrollable-table-container" tabindex="0" role="group" aria-label="Table: Cost"><table ...
    """
    body = UNSTYLED.sub(r"\1", UNSTYLED.sub(r"\1", body))  # one within another
    body = CODE.sub(counted, body)
    body = TITLE.sub(titled, body, count=1)
    body = CLAIM.sub(r'<blockquote class="claim">\1', body)
    return ART.sub(scrolling_figure, TABLE.sub(scrolling_table, unique_ids(body)))


def adapt_page(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Adapt the body of one page."""
    if "body" in context:
        context["body"] = adapt(context["body"])


def connect(app: Sphinx) -> None:
    """Take hidden cells over from myst-nb, and adapt each page's outputs."""
    app.add_node(HideCodeCellNode, override=True, html=(open_hidden, close_hidden))
    app.add_post_transform(CodeBelow)
    app.connect("html-page-context", adapt_page)
