"""The parts of our Sphinx extension that can be tried without building a book."""

import doctest
import sys
from importlib import import_module
from types import SimpleNamespace

import pytest
from book_pages import ROOT
from docutils import nodes

sys.path.insert(0, str(ROOT / "book" / "_ext"))
KATEX = ROOT / "vendor" / "katex" / "katex.min.js"


@pytest.fixture
def mathematics():
    module = import_module("book_site.mathematics")
    yield module
    if module.typesetter.cache_info().currsize:
        module.typesetter(KATEX).communicate()
        module.typesetter.cache_clear()


PARTS = ["anchors", "api", "assets", "cells", "hosting", "landing", "mathematics", "pages"]


@pytest.mark.parametrize("name", PARTS)
def test_examples_in_docstrings_hold(name):
    assert doctest.testmod(import_module(f"book_site.{name}")).failed == 0


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
