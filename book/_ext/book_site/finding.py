"""Readers find a chapter by the field's words: those of ``search_words.toml`` are index entries of their sections.

Sphinx's search puts a page whose index entry is what was asked for before pages that only hold the words somewhere.
"""

import tomllib
from pathlib import Path

from docutils import nodes
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


def find_sections(app: Sphinx, doctree: nodes.document) -> None:
    """Note the words of a page's sections."""
    entries = []
    for heading, words in WORDS.get(Path(app.env.docname).name, {}).items():
        section = section_of(doctree, heading)
        if section is None:
            logger.warning("search_words.toml: %s has no heading with %r", app.env.docname, heading)
            continue
        anchor = section["ids"][0] if heading else ""
        entries += [(word, anchor, "main") for word in words]
    app.env.metadata[app.env.docname]["search_entries"] = entries


def add_entries(app: Sphinx) -> list:
    """Hand the words of all pages to the search index, which forgets those of pages that were not read again."""
    indexer = getattr(app.builder, "indexer", None)
    if indexer is not None:
        for docname, metadata in app.env.metadata.items():
            indexer._index_entries[docname] = metadata.get("search_entries", [])
    return []


def connect(app: Sphinx) -> None:
    """Note the words when a page has been read, and hand them on before the index is written."""
    app.connect("doctree-read", find_sections)
    app.connect("html-collect-pages", add_entries)
