"""Addresses of cells: every code cell has one, and the ledger's links lead to cells that a reader sees."""

import json
from pathlib import Path

import pytest
from book_pages import PAGES, ROOT
from bs4 import BeautifulSoup

from companion import claims

NOTEBOOKS = [path for path in PAGES if (ROOT / path).with_suffix(".ipynb").is_file()]
REMOVED = {"remove-cell", "remove-input"}


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text("utf8"), "html.parser")


@pytest.fixture(scope="module")
def pages(site) -> dict[str, BeautifulSoup]:
    """The page of each notebook, by the notebook's name."""
    return {Path(path).stem: soup(site / path) for path in NOTEBOOKS}


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_every_code_cell_on_a_page_has_its_own_address(path, pages):
    cells = json.loads((ROOT / path).with_suffix(".ipynb").read_text("utf8"))["cells"]
    page = pages[Path(path).stem]
    for cell in cells:
        if cell["cell_type"] != "code" or REMOVED & set(cell["metadata"].get("tags", [])):
            continue
        box = page.find(id=f"cell-{cell['id']}")
        assert box is not None, cell["id"]
        code = [box, *box.select(".cell_input")][-1]  # its own stands last, below that of cells which prepare it
        assert squeezed(code.get_text()) == squeezed("".join(cell["source"])), cell["id"]


def test_no_page_links_to_a_cell_of_a_notebook_that_the_site_does_not_serve(pages):
    for name, page in pages.items():
        assert not page.select('article a[href*=".ipynb#"]'), name


def test_the_ledger_on_the_page_has_every_claim_and_its_link(pages):
    rows = pages["claims"].select("dl.ledger > div")
    assert [row["id"] for row in rows] == [f"claim-{claim.id}" for claim in claims.CLAIMS]
    for row, claim in zip(rows, claims.CLAIMS, strict=True):
        assert [link["href"] for link in row.select("a")] == [claim.cell.href.replace(".ipynb", ".html")]


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.id)
def test_a_link_of_the_ledger_leads_to_an_output_that_is_shown(claim, pages):
    box = pages[claim.cell.chapter].find(id=f"cell-{claim.cell.id}")
    assert box is not None
    assert box.select_one(".cell_output") is not None
    assert not box.find_parent("details")
    assert not box.select_one("details .cell_output"), "the output is folded away"


def test_a_reader_who_follows_a_link_sees_the_cell(page):
    page.goto("book/claims.html", wait_until="load")
    page.locator("#claim-B8e a").click()
    page.wait_for_url("**/separable.html#cell-verdicts")
    page.wait_for_function("""() => {
      const box = document.getElementById("cell-verdicts").getBoundingClientRect();
      return box.top >= 0 && box.top < innerHeight / 2;
    }""")
