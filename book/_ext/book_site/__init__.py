"""The book's own Sphinx extension: what makes the stock theme lean, accessible and self-contained.

``hosting``   one web address and one repository, both off unless given
``mathematics``  KaTeX at build time, and an error for a formula that KaTeX cannot read
``api``       the package's own page, without the libraries that the package builds on
``cells``     hidden cells and figures that a keyboard and a phone can use
``tables``    tables that do so, and whose numbers stay together
``cards``     the first page's chapters as cards
``finding``   the field's words, under which the search finds a chapter
``anchors``   an address for each code cell, and links to it
``pages``     the head of each page: description, deferred scripts
``verdicts``  what the ledger says, below each claim
``landing``   /index.html, /404.html and a sitemap
``assets``    one stylesheet, and it and the icon fonts cut down to what is in use; nothing that no page asks for
"""

import sys
from pathlib import Path
from zlib import crc32

from sphinx.application import Sphinx

sys.path.append(str(Path(__file__).resolve().parents[3]))  # where companion and tools lie

from book_site import anchors, api, assets, cards, cells, finding, hosting, landing, mathematics, pages, verdicts


def edition() -> int:
    """Return a number that changes with what all pages depend on, so that a second build renews them all."""
    here, book = Path(__file__).parent, Path(__file__).parents[2]
    files = sorted(
        path for name in ("_static", "_templates") for path in (book / name).rglob("*") if path.is_file()
    )
    reference = [book.parent / f"{page}.md" for page in api.PAGES]  # pages of source code lead back to them
    sources = [*sorted(here.glob("*.py")), *files, *reference, book / "claims.ipynb"]
    return crc32(b"".join(path.read_bytes() for path in sources))


def drop_old_sources(app: Sphinx) -> None:
    """Remove the pages of source code that another edition wrote: viewcode asks only when the code was changed."""
    for page in Path(app.outdir, "_modules").rglob("*.html"):
        if f"site.css?v={app.config.html_context['edition']}" not in page.read_text("utf8"):
            page.unlink()


def setup(app: Sphinx) -> dict:
    """Connect the parts, in the order in which Sphinx will meet them."""
    for part in (hosting, mathematics, api, cards, cells, finding, anchors, pages, verdicts, landing, assets):
        part.connect(app)
    number = edition()
    app.connect("config-inited", lambda app, config: config.html_context.update(edition=number))
    app.connect("builder-inited", drop_old_sources)
    return {"version": "1", "env_version": number, "parallel_read_safe": True, "parallel_write_safe": False}
