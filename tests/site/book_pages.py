"""The pages of the book, as its table of contents has them."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tools.browser import ROOT as ROOT
from tools.browser import pages

PAGES = pages()
REFERENCE = [path for path in PAGES if path.startswith("book/api")]  # of the package
PATIENCE = 120_000  # ms that a page may take: a machine may be busy with other things
# After a change of width the page's script lets a keyboard reach what scrolls.
SCROLLING = "pre, .output, .fig-art, div.math, .pst-scrollable-table-container"
SCROLLING_IS_SETTLED = f"""() => [...document.querySelectorAll("{SCROLLING}")]
  .filter((box) => getComputedStyle(box).overflowX !== "visible")
  .every((box) => box.scrollWidth <= box.clientWidth || box.tabIndex === 0)"""


def new_context(browser: Browser, **options) -> BrowserContext:
    """Open a context that waits patiently."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    return context


def first_page_with(selector: str, page: Page) -> None:
    """Open the first page of the book that holds such an element."""
    for path in PAGES:
        page.goto(path)
        if page.locator(selector).count():
            return
    pytest.fail(f"no page of the book holds {selector}")
