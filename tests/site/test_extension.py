"""The parts of our Sphinx extension that can be tried without building a book."""

import doctest
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from book_pages import ROOT
from docutils import nodes
from jinja2 import DictLoader, Environment
from PIL import Image

sys.path.insert(0, str(ROOT / "book" / "_ext"))
KATEX = ROOT / "vendor" / "katex" / "katex.min.js"


@pytest.fixture
def mathematics():
    module = import_module("book_site.mathematics")
    yield module
    if module.typesetter.cache_info().currsize:
        module.typesetter(KATEX).communicate()
        module.typesetter.cache_clear()


PARTS = [
    "anchors",
    "api",
    "assets",
    "cards",
    "cells",
    "finding",
    "hosting",
    "landing",
    "mathematics",
    "pages",
    "tables",
    "verdicts",
]


@pytest.mark.parametrize("name", PARTS)
def test_examples_in_docstrings_hold(name):
    assert doctest.testmod(import_module(f"book_site.{name}")).failed == 0


def test_a_second_build_renews_the_pages_when_style_script_template_or_ledger_have_changed(monkeypatch):
    seen, read = [], Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (seen.append(path), read(path))[1])
    edition = import_module("book_site").edition
    assert edition() == edition()
    names = {path.relative_to(ROOT / "book").as_posix() for path in seen}
    assert {"_static/book.css", "_static/book.js", "_static/favicon.svg", "claims.ipynb", "api.md"} <= names
    assert {"_templates/book-footer.html", "_ext/book_site/assets.py"} <= names
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b" " * (path.name == "book.css"))
    other = edition()
    monkeypatch.undo()
    assert other != edition()


def test_a_page_of_source_code_that_another_edition_wrote_is_written_anew(tmp_path):
    folder = tmp_path / "_modules" / "companion"
    folder.mkdir(parents=True)
    for name, number in (("old", 6), ("new", 7)):
        (folder / f"{name}.html").write_text(f'<link rel="stylesheet" href="../../_static/site.css?v={number}" />')
    app = SimpleNamespace(outdir=tmp_path, config=SimpleNamespace(html_context={"edition": 7}))
    import_module("book_site").drop_old_sources(app)
    assert [path.name for path in folder.iterdir()] == ["new.html"]


def test_a_formula_becomes_html_and_mathml_without_its_source(mathematics):
    html = mathematics.typeset(nodes.math(text=r"C_{out} \times C_{in}"), KATEX, display=False)
    assert "<math" in html
    assert 'class="katex-html"' in html
    assert "annotation" not in html


def test_a_formula_that_katex_cannot_read_is_reported_and_shown_as_it_is(mathematics, caplog):
    html = mathematics.typeset(nodes.math(text=r"\frac{a<b"), KATEX, display=True)
    assert "KaTeX parse error" in caplog.text
    assert html == r"\frac{a&lt;b"
    assert "<math" in mathematics.typeset(nodes.math(text="x"), KATEX, display=False)  # and the next one is fine


def test_no_host_is_named_unless_one_is_given(monkeypatch):
    hosting = import_module("book_site.hosting")
    config = SimpleNamespace(html_baseurl="", html_context={})
    monkeypatch.delenv("BOOK_URL", raising=False)
    monkeypatch.delenv("BOOK_REPOSITORY", raising=False)
    hosting.read_environment(None, config)
    assert (config.html_baseurl, config.html_context) == ("", {"repository": ""})
    monkeypatch.setenv("BOOK_URL", "https://example.org/book")
    monkeypatch.setenv("BOOK_REPOSITORY", "https://example.org/owner/name/")
    hosting.read_environment(None, config)
    assert config.html_baseurl == "https://example.org/book/"
    assert config.html_context["repository"] == "https://example.org/owner/name"


def test_with_an_address_there_is_a_sitemap_of_all_pages(tmp_path):
    landing = import_module("book_site.landing")
    builder = SimpleNamespace(format="html", get_target_uri=lambda name: f"{name}.html")
    config = SimpleNamespace(
        root_doc="book/a", html_baseurl="https://example.org/b/", language="en", html_title="A & B"
    )
    env = SimpleNamespace(found_docs={"book/a", "book/c"})
    landing.write_landing(SimpleNamespace(builder=builder, config=config, env=env, outdir=tmp_path), None)
    assert (tmp_path / "sitemap.xml").read_text().count("<loc>https://example.org/b/book/") == 2
    assert 'href="https://example.org/b/book/a.html"' in (tmp_path / "404.html").read_text()
    assert "<title>A &amp; B</title>" in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize("address", ["", "https://example.org/b/"])
def test_a_shared_link_has_a_card_only_where_its_whole_address_is_known(address, tmp_path):
    hosting = import_module("book_site.hosting")
    (tmp_path / "_static").mkdir()
    shipped = tmp_path / "_static" / hosting.CARD
    shipped.write_bytes((ROOT / "book" / "_static" / hosting.CARD).read_bytes())
    builder = SimpleNamespace(get_target_uri=lambda name: f"{name}.html")
    app = SimpleNamespace(builder=builder, config=SimpleNamespace(html_baseurl=address), outdir=tmp_path)
    context = {"title": "A page"}
    hosting.add_card(app, "book/a", "page.html", context, None)
    hosting.drop_card(app, None)
    parent = "{% block extrahead %}{% endblock %}"
    layout = (ROOT / "book" / "_templates" / "layout.html").read_text("utf8")
    head = Environment(loader=DictLoader({"!layout.html": parent, "layout.html": layout})).get_template(
        "layout.html"
    )
    written = head.render(context)
    if address:
        assert 'property="og:image" content="https://example.org/b/_static/card.png"' in written
        assert 'property="og:url" content="https://example.org/b/book/a.html"' in written
        assert 'name="twitter:card"' in written
        with Image.open(shipped) as picture:
            assert picture.size == (1200, 630)
    else:
        assert "og:title" in written
        assert not any(word in written for word in ("og:image", "og:url", "twitter"))
        assert not shipped.exists()
