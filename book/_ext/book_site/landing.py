"""Pages that belong to no chapter: / leads to the book's first page, 404.html from a wrong address to the book.

Both stand alone, since a page for a wrong address cannot know where its style sheet lies. Where the book's own
address is set, there is a sitemap too.
"""

from html import escape
from pathlib import Path

from sphinx.application import Sphinx

PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{head}
<style>:root {{ color-scheme: light dark; font: 1.1rem/1.6 system-ui, sans-serif }} main {{ padding: 2rem }}</style>
</head>
<body>
<main><h1>{title}</h1><p>{words}<a href="{target}">Open the book</a></p></main>
</body>
</html>
"""


def write_landing(app: Sphinx, exception: Exception | None) -> None:
    """Write /index.html unless the book has a page of that name, /404.html, and /sitemap.xml."""
    root = app.config.root_doc
    if exception or app.builder.format != "html" or root == "index":
        return
    target, base, folder = app.builder.get_target_uri(root), app.config.html_baseurl, Path(app.outdir)
    words = {"language": app.config.language, "title": escape(app.config.html_title)}
    head = (
        f'<meta http-equiv="refresh" content="0; url={target}">\n'
        f'<link rel="canonical" href="{escape(base + target)}">\n'
        '<link rel="icon" href="_static/favicon.svg">'
    )
    write = {"index.html": PAGE.format(**words, head=head, words="", target=escape(target))}
    lost = "There is no such page here. "
    head = '<meta name="robots" content="noindex">'
    write["404.html"] = PAGE.format(**words, head=head, words=lost, target=escape((base or "/") + target))
    if base:
        places = (
            f"<url><loc>{escape(base + app.builder.get_target_uri(name))}</loc></url>"
            for name in app.env.found_docs
        )
        write["sitemap.xml"] = (
            '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
            + "\n".join(sorted(places))
            + "\n</urlset>\n"
        )
    for name, text in write.items():
        (folder / name).write_text(text, "utf8")


def connect(app: Sphinx) -> None:
    """Write the pages when all others stand."""
    app.connect("build-finished", write_landing)
