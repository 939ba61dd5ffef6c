"""Where the book is published: off by default, so that a build names no host.

``BOOK_URL`` (such as ``https://example.org/book``) adds canonical links. ``BOOK_REPOSITORY`` (such as
``https://example.org/owner/name``) adds a link to the source at the foot of each page.
"""

import os

from sphinx.application import Sphinx
from sphinx.config import Config


def read_environment(app: Sphinx, config: Config) -> None:
    """Turn the two environment variables into settings."""
    if url := os.environ.get("BOOK_URL"):
        config.html_baseurl = url.rstrip("/") + "/"
    config.html_context["repository"] = os.environ.get("BOOK_REPOSITORY", "").rstrip("/")


def connect(app: Sphinx) -> None:
    """Read the environment once the configuration file has been read."""
    app.connect("config-inited", read_environment, priority=100)
