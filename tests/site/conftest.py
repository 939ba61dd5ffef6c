"""The built site, a server that compresses like a real one, and a real browser.

``SITE_DIR`` names a site that is built already; otherwise ``_build/html`` is built here when its sources are newer.
``CHROMIUM`` names a browser (tools/browser.py).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from book_pages import PATIENCE, ROOT, new_context
from playwright.sync_api import Browser, Locator, expect, sync_playwright

from tools.browser import QUIET, find_chromium, served

expect.set_options(timeout=PATIENCE)
# What a widget needs of a page: the colours of both themes.
BARE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A widget</title><style>
:root {{ color-scheme: light dark; font: 16px/1.5 sans-serif }}
body {{ margin: 8px; color: light-dark(#222, #ddd); background: light-dark(#fff, #121212) }}
</style><main><h1>A widget</h1>{}</main></html>"""


def is_stale(site: Path) -> bool:
    landing = site / "index.html"
    if not landing.is_file():
        return True
    patterns = ("_config.yml", "_toc.yml", "book/**/*", "companion/**/*.py", "companion/**/*.js", "vendor/**/*")
    sources = [path for pattern in patterns for path in ROOT.glob(pattern) if "__pycache__" not in path.parts]
    return max(path.stat().st_mtime for path in sources if path.is_file()) > landing.stat().st_mtime


@pytest.fixture(scope="session")
def site() -> Path:
    """Folder of the built site."""
    if given := os.environ.get("SITE_DIR"):
        return Path(given)
    built = ROOT / "_build" / "html"
    if is_stale(built):
        command = [Path(sys.executable).with_name("jupyter-book"), "build", ROOT, "-W", "-n", "--keep-going"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, f"the book does not build:\n{run.stdout[-3000:]}\n{run.stderr[-3000:]}"
    return built


@pytest.fixture(scope="session")
def address(site: Path):
    """Address of the served site."""
    with served(site) as address:
        yield address


@pytest.fixture(scope="module")  # not longer: while it lives, Playwright keeps an event loop running
def browser():
    path = find_chromium()
    if path is None:
        stop = pytest.fail if os.environ.get("CI") else pytest.skip  # unseen is not tested
        stop("no Chromium found: apt-get install chromium, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str):
    """A page of its own, light, 1280 pixels wide, that moves nothing."""
    context = new_context(
        browser,
        base_url=address,
        viewport={"width": 1280, "height": 900},
        color_scheme="light",
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def open_widget(browser: Browser):
    """Show one widget alone on a page that no server has: open_widget(widget, width=390, theme="dark").

    Browsers trust the host 127.0.0.1 as they trust https, and there alone have WebGPU.
    """
    contexts = []

    def show(widget, width: int = 1280, theme: str = "light", host: str = "widget.invalid") -> Locator:
        viewport = {"width": width, "height": 900}
        contexts.append(new_context(browser, viewport=viewport, color_scheme=theme, reduced_motion="reduce"))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: pytest.fail(f"{widget.element}: {error}"))
        page.route("**/*", lambda route: route.fulfill(body=BARE.format(widget.html), content_type="text/html"))
        page.goto(f"http://{host}/")
        return page.locator(widget.element)

    yield show
    for context in contexts:
        context.close()
