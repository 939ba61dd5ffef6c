"""Readers find a chapter by the field's words: those of ``search_words.toml`` are index entries of their sections.

Sphinx's search puts a page whose index entry is what was asked for before pages that only hold the words somewhere.
"""

import tomllib
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
WORDS = tomllib.loads(Path(__file__).with_name("search_words.toml").read_text("utf8"))


def section_of(doctree: nodes.document, heading: str) -> nodes.section | None:
    """Return the first section whose title holds some words; the chapter itself for none."""
    for section in doctree.findall(nodes.section):
        if heading.lower() in section.next_node(nodes.title).astext().lower():
            return section
    return None


def add_entries(app: Sphinx, doctree: nodes.document) -> None:
    """Give the sections of a page the words under which they are looked for."""
    for heading, words in WORDS.get(Path(app.env.docname).name, {}).items():
        section = section_of(doctree, heading)
        if section is None:
            logger.warning("search_words.toml: %s has no heading with %r", app.env.docname, heading)
            continue
        anchor = section["ids"][0] if heading else ""
        entries = [("single", word, anchor, "main", None) for word in words]
        section.append(addnodes.index(entries=entries))


def connect(app: Sphinx) -> None:
    """Add the entries when a page has been read."""
    app.connect("doctree-read", add_entries)
