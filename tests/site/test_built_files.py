"""What can be read off the built files: links, alternative texts, the landing page, and what must not be there."""

import json
import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from book_pages import PAGES, REFERENCE, ROOT
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from PIL import Image

import companion


@pytest.fixture(scope="module")
def soups(site) -> dict[Path, BeautifulSoup]:
    """Every HTML page of the site, parsed once."""
    files = [path for path in site.rglob("*.html") if not {"_static", "_sources"} & set(path.parts)]
    return {path: BeautifulSoup(path.read_text("utf8"), "html.parser") for path in files}


def test_internal_links_and_anchors_resolve(soups, site):
    anchors = {path: {tag["id"] for tag in soup.find_all(id=True)} for path, soup in soups.items()}
    broken = []
    for path, soup in soups.items():
        for tag in soup.select("[href], [src]"):
            address = tag.get("href", tag.get("src"))
            link = urlsplit(address)
            if link.scheme in {"http", "https", "data", "mailto"}:
                continue
            folder = (
                site if link.path.startswith("/") else path.parent
            )  # 404.html knows nothing but the host's root
            target = folder.joinpath(unquote(link.path).lstrip("/")).resolve() if link.path else path
            fragment = unquote(link.fragment)
            if not target.is_file() or (fragment and fragment not in anchors.get(target, {fragment})):
                broken.append(f"{path.relative_to(site)}: {address}")
    assert sum(len(found) for found in anchors.values()) > 100
    assert not broken


def test_ids_are_unique(soups, site):
    for path, soup in soups.items():
        ids = [tag["id"] for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), (
            f"{path.relative_to(site)}: {sorted({i for i in ids if ids.count(i) > 1})}"
        )


def test_pictures_and_figures_have_alternative_texts(soups):
    pictures = [tag for soup in soups.values() for tag in soup.select("article img, article .fig-art")]
    assert pictures
    for tag in pictures:
        text = tag.get("alt" if tag.name == "img" else "aria-label", "")
        assert len(text.split()) >= 2, f"no alternative text: {str(tag)[:200]}"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_one_title_one_viewport_and_a_description(path, soups, site):
    soup = soups[site / path]
    assert len(soup.select("h1")) == 1
    assert len(soup.select("head title")) == 1
    assert len(soup.select('head meta[name="viewport"]')) == 1
    assert soup.html["lang"] == "en"
    description = soup.select_one('head meta[name="description"]')["content"]
    assert 30 <= len(description) <= 160
    assert "\\" not in description


def test_the_landing_page_leads_to_the_book(soups, site):
    landing = soups[site / "index.html"]
    assert landing.html["lang"] == "en"
    assert landing.title.text
    assert landing.select_one("meta[http-equiv=refresh]")["content"] == f"0; url={PAGES[0]}"
    assert landing.select_one("a")["href"] == PAGES[0]
    assert landing.select_one("link[rel=canonical]")["href"].endswith(PAGES[0])


def test_a_wrong_address_leads_to_the_book_and_names_no_host(soups, site):
    lost = soups[site / "404.html"]
    assert "There is no such page here." in lost.text
    assert lost.select_one("a")["href"] == f"/{PAGES[0]}"
    assert not lost.select("link, script"), "where it will stand nobody knows"
    assert not (site / "sitemap.xml").exists(), "no address is set"


def test_nothing_is_shipped_that_no_page_asks_for_and_few_icons_but_those_in_use(site):
    names = {path.name for path in site.rglob("*")}
    assert not {name for name in names if name.endswith((".map", ".ttf", ".woff"))}
    assert not names & {"fontawesome.js", "katex.min.js"}
    fonts = list((site / "_static/vendor/fontawesome/webfonts").glob("*.woff2"))
    assert 500 < sum(font.stat().st_size for font in fonts) < 40_000
    [sheet] = [path.read_text("utf8") for path in site.rglob("*.css")]
    assert 80_000 < len(sheet) < 160_000, "rules that no page uses"
    assert ".bd-sidebar-primary" in sheet
    assert ".accordion-" not in sheet
    addresses = set(re.findall(r'url\("?(?!data:)([^)"]+)', sheet))
    assert len(addresses) > 20
    assert [name for name in addresses if not (site / "_static" / name).is_file()] == []


def test_the_words_of_a_link_say_where_it_leads(soups):
    said = {
        " ".join(link.text.split()).lower() for soup in soups.values() for link in soup.select("article a[href]")
    }
    assert len(said) > 500
    assert not said & {"here", "this", "start", "more", "learn more", "read more", "click here", "link", "go"}


def test_every_formula_was_typeset_at_build_time(soups):
    formulas = [tag for soup in soups.values() for tag in soup.select("article .math")]
    assert formulas
    assert all(tag.select_one("math") for tag in formulas)
    assert not any(soup.select(".katex-error") for soup in soups.values())


def test_every_letter_of_a_formula_is_left_in_the_fonts_and_pages_with_formulas_ask_for_these_at_once(soups, site):
    fonts = {path.name: path for path in (site / "_static/katex/fonts").glob("*.woff2")}
    kept = {letter for path in fonts.values() for letter in TTFont(path).getBestCmap()}
    drawn = {ord(letter) for soup in soups.values() for tag in soup.select(".katex-html") for letter in tag.text}
    assert len(drawn) > 50
    assert drawn - kept <= {ord(" "), 0x200B}, "a space has no shape, and one of no width neither"
    asked = {
        path: {Path(tag["href"]).name for tag in soup.select("link[rel=preload]")} & fonts.keys()
        for path, soup in soups.items()
    }
    assert all(bool(names) == bool(soups[path].select(".katex")) for path, names in asked.items())
    first = set().union(*asked.values())
    assert 5_000 < sum(fonts[name].stat().st_size for name in first) < 30_000


def test_the_package_pages_document_every_module(soups, site):
    anchors = {tag["id"] for path in REFERENCE for tag in soups[site / path].select("[id]")}
    assert {f"module-companion.{name}" for name in companion.__all__} <= anchors


def test_every_paper_that_is_named_stands_in_the_bibliography():
    sources = [*ROOT.glob("companion/**/*.py"), *ROOT.glob("book/*.ipynb"), *ROOT.glob("book/*.md")]
    number = re.compile(r"(?:arXiv[: ]+|arxiv\.org/abs/)(\d{4}\.\d{4,5})", re.IGNORECASE)
    bibliography = (ROOT / "book" / "bibliography.md").read_text("utf8")
    known = set(number.findall(bibliography))
    missing = {
        f"{path.name}: {found}"
        for path in sources
        for found in number.findall(path.read_text("utf8"))
        if found not in known
    }
    assert len(known) > 10
    assert not missing


def test_no_page_names_the_machine_that_built_it(site):
    for path in site.rglob("*.html"):
        assert str(ROOT) not in path.read_text("utf8"), path.relative_to(site)


def test_the_folded_code_of_a_figure_stands_below_it(soups):
    cells = [cell for soup in soups.values() for cell in soup.select("div.cell.tag_hide-input")]
    shown = [[part.name for part in cell.find_all(["div", "details"], recursive=False)] for cell in cells]
    shown = [parts for parts in shown if len(parts) > 1]
    assert len(shown) > 50
    assert all(parts[-1] == "details" for parts in shown)


def test_a_bar_above_no_output_says_that_it_holds_a_set_up_and_all_code_is_there(soups, site):
    assert any(soup.select("div.cell.set-up") for soup in soups.values())
    for path, soup in soups.items():
        for cell in soup.select("div.cell.tag_hide-input"):
            shows = cell.find("div", class_="cell_output", recursive=False) is not None
            words = cell.select_one("details.hide > summary").get_text(" ")
            assert words == ("Show the code Hide the code" if shows else "Show the set-up Hide the set-up")
        source = site / "_sources" / path.relative_to(site).with_suffix(".ipynb")
        for cell in json.loads(source.read_text("utf8"))["cells"] if source.is_file() else ():
            if "hide-input" in cell["metadata"].get("tags", ()):
                assert "".join(cell["source"]).strip() in soup.find(id=f"cell-{cell['id']}").get_text()


def test_no_picture_inside_a_figure_is_a_white_field_on_a_dark_page(soups):
    seen = 0
    for path, soup in soups.items():
        for tag in soup.select(".fig-art image"):
            data = b64decode(tag["href"].partition("base64,")[2])
            pixels = np.asarray(Image.open(BytesIO(data)).convert("RGBA"))
            seen += 1
            white = (pixels[..., :3].min(axis=-1) > 225) & (pixels[..., 3] > 60)
            assert white.mean() < 1 / 3, f"{path.name}: {tag.find_parent(attrs={'aria-label': True})['aria-label']}"
    assert seen > 30
