"""The page at the site's root: it leads to the book's first page, with or without a script."""

from html import escape
from pathlib import Path

from sphinx.application import Sphinx

PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<meta http-equiv="refresh" content="0; url={target}">
<link rel="canonical" href="{canonical}">
<link rel="icon" href="_static/favicon.svg">
<style>:root {{ color-scheme: light dark; font: 1.1rem/1.6 system-ui, sans-serif }} main {{ padding: 2rem }}</style>
</head>
<body>
<main><h1>{title}</h1><p><a href="{target}">Open the book</a></p></main>
</body>
</html>
"""


def write_landing(app: Sphinx, exception: Exception | None) -> None:
    """Write /index.html unless the book has a page of that name."""
    root = app.config.root_doc
    if exception or app.builder.format != "html" or root == "index":
        return
    target = app.builder.get_target_uri(root)
    page = PAGE.format(
        language=app.config.language,
        title=escape(app.config.html_title),
        target=escape(target),
        canonical=escape(app.config.html_baseurl + target),
    )
    Path(app.outdir, "index.html").write_text(page, "utf8")


def connect(app: Sphinx) -> None:
    """Write the page when all others stand."""
    app.connect("build-finished", write_landing)
