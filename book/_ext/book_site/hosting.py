"""Where the book is published: off by default, so that a build names no host.

``BOOK_URL`` (such as ``https://example.org/book``) adds canonical links, and a picture that goes with
shared links, since its address has to be a whole one. ``BOOK_REPOSITORY`` (such as
``https://example.org/owner/name``) adds a link to the source at the foot of each page.
"""

import os
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

CARD = "card.png"  # 1200 x 630 pixels, made by tools/screenshots.py


def read_environment(app: Sphinx, config: Config) -> None:
    """Turn the two environment variables into settings."""
    if url := os.environ.get("BOOK_URL"):
        config.html_baseurl = url.rstrip("/") + "/"
    config.html_context["repository"] = os.environ.get("BOOK_REPOSITORY", "").rstrip("/")


def add_card(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Tell the template the whole addresses of a page and of the card's picture, where there are such."""
    if base := app.config.html_baseurl:
        context["card"] = f"{base}_static/{CARD}"
        context["address"] = base + app.builder.get_target_uri(pagename)


def drop_card(app: Sphinx, exception: Exception | None) -> None:
    """Ship no picture that no page names."""
    if not app.config.html_baseurl:
        Path(app.outdir, "_static", CARD).unlink(missing_ok=True)


def connect(app: Sphinx) -> None:
    """Read the environment once the configuration file has been read."""
    app.connect("config-inited", read_environment, priority=100)
    app.connect("html-page-context", add_card)
    app.connect("build-finished", drop_card)
