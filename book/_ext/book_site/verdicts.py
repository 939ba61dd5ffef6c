"""Below each claim that a chapter quotes: what the ledger says of it, as pills that lead there."""

import json
import re
from pathlib import Path

from sphinx.application import Sphinx

LEDGER = "claims"
ROW = re.compile(r'<div id="claim-([^"]+)" data-verdict="(\w+)"><dt>\S+ <span>([^<]+)</span>')
BOX = re.compile(r'(?P<box><blockquote class="claim">.*?)(?P<end>\s*</div>\s*</blockquote>)', re.DOTALL)
POINT = re.compile(r"\b[AB](?:-\d|\d+)\b")


def rows(notebook: dict) -> list[tuple[str, str, str]]:
    """Return name, kind and words of each verdict of the ledger, from its stored outputs."""
    found = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            found += ROW.findall("".join(output.get("data", {}).get("text/html", "")))
    return found


def with_pills(body: str, ledger: list[tuple[str, str, str]]) -> str:
    """Add the verdicts to each box; a point with several parts has several.

    >>> box = '<blockquote class="claim"><div><p>Claim B1.</p></div></blockquote>'
    >>> print(with_pills(box, [("B1a", "holds", "holds"), ("B10", "wrong", "wrong")]))
    <blockquote class="claim"><div><p>Claim B1.</p><p class="verdicts">In the ledger: \
<a class="verdict" data-verdict="holds" href="claims.html#claim-B1a">B1a holds</a></p></div></blockquote>
    """

    def add(match: re.Match) -> str:
        points = dict.fromkeys(POINT.findall(re.sub(r"<[^>]+>", "", match["box"])))
        pills = [
            f'<a class="verdict" data-verdict="{kind}" href="{LEDGER}.html#claim-{name}">{name} {words}</a>'
            for point in points
            for name, kind, words in ledger
            if re.fullmatch(rf"{point}[a-z]?", name)
        ]
        words = f'<p class="verdicts">In the ledger: {" ".join(pills)}</p>' if pills else ""
        return f"{match['box']}{words}{match['end']}"

    return BOX.sub(add, body)


def write_pills(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Add them to one page."""
    ledger = Path(app.srcdir, "book", f"{LEDGER}.ipynb")
    if "body" in context and 'class="claim"' in context["body"] and not pagename.endswith(LEDGER):
        context["body"] = with_pills(context["body"], rows(json.loads(ledger.read_text("utf8"))))


def connect(app: Sphinx) -> None:
    """Run when the boxes of claims have been marked."""
    app.connect("html-page-context", write_pills, priority=600)
